from __future__ import annotations

import math

import pytest

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import ALL_PATTERNS
from reasoningbank_daemon.quality.syntax_tree import find_issues

JS, TS, TSX = Language.JAVASCRIPT, Language.TYPESCRIPT, Language.TSX
PY, RUBY, PHP, BASH, GO = Language.PYTHON, Language.RUBY, Language.PHP, Language.BASH, Language.GO
C, CPP, CSHARP, JAVA, RUST, KOTLIN = (
    Language.C,
    Language.CPP,
    Language.CSHARP,
    Language.JAVA,
    Language.RUST,
    Language.KOTLIN,
)

FIRES: list[tuple[str, Language, str]] = [
    ("dynamic-code", JS, "eval(request.body);"),
    ("dynamic-code", TS, "const f: any = new Function(source);"),
    ("dynamic-code", TSX, "const a = <b>{eval(x)}</b>;"),
    ("dynamic-code", PHP, "<?php eval($_GET['c']);"),
    ("dynamic-code", RUBY, "eval(params[:code])"),
    ("dynamic-code", BASH, 'eval "$1"'),
    ("shell-from-strings", JS, "require('child_process').exec('ls ' + path);"),
    ("shell-from-strings", TS, "execSync(`ls ${path}`);"),
    ("shell-from-strings", TSX, "exec('ls '.concat(path));"),
    ("shell-from-strings", PHP, '<?php shell_exec("ls $path");'),
    ("shell-from-strings", RUBY, 'system("ls #{path}")'),
    ("shell-from-strings", RUBY, "`ls #{path}`"),
    ("shell-from-strings", GO, 'package a\nfunc f() { exec.Command("sh", "-c", "ls "+path) }'),
    ("shell-from-strings", JAVA, 'class A { void f() { Runtime.getRuntime().exec("ls " + path); } }'),
    ("shell-from-strings", C, "void f(char *s) { system(s); }"),
    ("shell-from-strings", CPP, "void f(char *s) { popen(s, mode); }"),
    ("sql-from-strings", JS, "db.query('SELECT a FROM b WHERE c = ' + c);"),
    ("sql-from-strings", TS, "db.query(`DELETE FROM b WHERE c = ${c}`);"),
    ("sql-from-strings", TSX, "db.query('INSERT INTO b VALUES (' + c + ')');"),
    ("sql-from-strings", PHP, '<?php mysqli_query($db, "SELECT a FROM b WHERE c=" . $c);'),
    ("sql-from-strings", PHP, '<?php mysqli_query($db, "SELECT a FROM b WHERE c=$c");'),
    ("sql-from-strings", RUBY, 'db.execute("UPDATE b SET c = #{c}")'),
    ("sql-from-strings", JAVA, 'class A { void f() { s.execute("SELECT a FROM b WHERE c=" + c); } }'),
    ("sql-from-strings", CSHARP, 'class A { void F() { var s = "SELECT a FROM b WHERE c=" + c; } }'),
    ("sql-from-strings", GO, 'package a\nvar q = fmt.Sprintf("SELECT a FROM b WHERE c=%s", c)'),
    ("unbounded-copy", C, "void f(char *s) { char b[8]; strcpy(b, s); }"),
    ("unbounded-copy", CPP, "void f() { gets(b); }"),
    ("certificate-check-off", JS, "request({rejectUnauthorized: false});"),
    ("certificate-check-off", TS, "const o = {rejectUnauthorized: false};"),
    ("certificate-check-off", TSX, "const o = {rejectUnauthorized: false};"),
    ("certificate-check-off", GO, "package a\nvar t = tls.Config{InsecureSkipVerify: true}"),
    ("certificate-check-off", RUBY, "http.verify_mode = OpenSSL::SSL::VERIFY_NONE"),
    ("loose-equality", JS, "if (a == 'x') { f(); }"),
    ("loose-equality", TS, "if (a != b) { f(); }"),
    ("loose-equality", TSX, "const e = a == 1;"),
    ("unreachable-code", PY, "def f():\n    return 1\n    # why\n    g()\n"),
    ("unreachable-code", JS, "function f() { return 1; g(); }"),
    ("unreachable-code", TS, "function f() { throw e; return 1; }"),
    ("unreachable-code", TSX, "function f() { return 1; g(); }"),
    ("stray-end", RUBY, "def f\n  1\nend\nend\n"),
    ("default-against-annotation", PY, "def f(a: str | None = {}): return a\n"),
    ("elided-code", PY, "# ... rest of the implementation unchanged ...\n"),
    ("elided-code", PY, "def f():\n    pass  # rest of code here\n"),
    ("elided-code", PY, "# TODO: implement the rest\n"),
    ("elided-code", PY, "# existing methods remain the same\n"),
    ("elided-code", JS, "// ... existing code ...\n"),
    ("elided-code", TS, "/* your code here */\n"),
    ("elided-code", TSX, "// (other methods omitted for brevity)\n"),
    ("elided-code", RUBY, "# ... other methods ...\n"),
    ("elided-code", BASH, "# ... rest of script\n"),
    ("elided-code", PHP, "<?php // the rest of the class stays as before\n"),
    ("elided-code", GO, "package a\n// ... existing code ...\n"),
    ("elided-code", C, "/* ... remaining code ... */\n"),
    ("elided-code", CPP, "// rest of the file is unchanged\n"),
    ("elided-code", CSHARP, "// implementation goes here\n"),
    ("elided-code", RUST, "// ... previous implementation ...\n"),
    ("elided-code", JAVA, "// ... the remaining methods\n"),
    ("elided-code", KOTLIN, "// ... existing code ...\n"),
    ("stubbed-body", PY, "def f(x):\n    pass\n"),
    ("stubbed-body", PY, 'def f(x):\n    """Say what."""\n    # later\n    ...\n'),
    ("stubbed-body", PY, "def f(x):\n    raise NotImplementedError('later')\n"),
    ("stubbed-body", PY, "def f(x):\n    return None  # TODO\n"),
    ("stubbed-body", RUST, "fn f() -> u8 { todo!() }"),
    ("stubbed-body", KOTLIN, 'fun f() { TODO("later") }'),
    ("stubbed-body", JS, "function f() { throw new Error('not implemented'); }"),
    ("stubbed-body", TS, "class A { f() { throw new Error('Not yet implemented'); } }"),
    ("stubbed-body", TSX, "function f() { throw new Error('Not implemented'); }"),
    ("assertion-always-true", PY, "def test_a():\n    assert True\n"),
    ("assertion-always-true", PY, "self.assertTrue(True)\n"),
    ("assertion-always-true", JS, "expect(true).toBe(true);"),
    ("assertion-always-true", TS, "expect(true).toBeTruthy();"),
    ("assertion-always-true", TSX, "expect(true).toEqual(true);"),
    ("assertion-always-true", JAVA, "class A { void f() { assertTrue(true); } }"),
    ("assertion-always-true", RUST, "fn f() { assert!(true); }"),
    ("skipped-test", PY, "@pytest.mark.skip\ndef test_a():\n    f()\n"),
    ("skipped-test", PY, "@unittest.skip('later')\nclass TestA:\n    x = 1\n"),
    ("skipped-test", JAVA, "class A { @Test @Disabled void f() { g(); } }"),
    ("skipped-test", RUST, "#[test]\n#[ignore]\nfn f() { g(); }"),
    ("skipped-test", JS, "it.skip('works', f);"),
    ("skipped-test", TS, "describe.only('all', f);"),
    ("skipped-test", TSX, "xit('works', f);"),
    ("breakpoint-left", JS, "function f() { debugger; }"),
    ("breakpoint-left", TS, "debugger;"),
    ("breakpoint-left", TSX, "debugger;"),
    ("breakpoint-left", RUBY, "binding.pry"),
    ("breakpoint-left", RUBY, "byebug"),
    ("breakpoint-left", PHP, "<?php var_dump($x);"),
    ("swallowed-error", JS, "try { f(); } catch (e) {}"),
    ("swallowed-error", TS, "try { f(); } catch {}"),
    ("swallowed-error", TSX, "try { f(); } catch {}"),
    ("swallowed-error", JAVA, "class A { void f() { try { g(); } catch (E e) {} } }"),
    ("swallowed-error", CSHARP, "class A { void F() { try { G(); } catch (E e) {} } }"),
    ("swallowed-error", KOTLIN, "fun f() { try { g() } catch (e: E) {} }"),
    ("swallowed-error", PHP, "<?php try { f(); } catch (E $e) {}"),
    ("swallowed-error", CPP, "void f() { try { g(); } catch (...) {} }"),
    ("swallowed-error", GO, "package a\nfunc f() { if err != nil {} }"),
]

STAYS_QUIET: list[tuple[str, Language, str]] = [
    ("dynamic-code", JS, "evaluate(x); this.eval;"),
    ("dynamic-code", RUBY, "instance_eval(&block)\neval('1 + 1')"),
    ("dynamic-code", BASH, 'eval "x=1"'),
    ("shell-from-strings", JS, "exec('ls'); regex.exec(text);"),
    ("shell-from-strings", PHP, "<?php system('ls');"),
    ("shell-from-strings", RUBY, 'system("ls", path)'),
    ("shell-from-strings", C, 'void f() { system("ls"); }'),
    (
        "sql-from-strings",
        JS,
        "say('Select a color from ' + list.length); db.query('SELECT a FROM b WHERE c = ?', [c]);",
    ),
    ("sql-from-strings", JAVA, 'class A { void f() { log("selected " + c); } }'),
    ("unbounded-copy", C, "void f(char *s) { strlcpy(b, s, sizeof b); snprintf(b, 8, s); }"),
    ("certificate-check-off", JS, "request({rejectUnauthorized: true});"),
    ("loose-equality", JS, "if (a === b || a == null || a != undefined || typeof a == 'string') { f(); }"),
    ("unreachable-code", PY, "def f():\n    raise NotImplementedError\n    yield\n"),
    ("unreachable-code", PY, "def f(x):\n    if x:\n        return 1\n    return 2\n"),
    ("unreachable-code", JS, "function f() { return g(); function g() { return 1; } }"),
    ("stray-end", RUBY, "def f\n  range.end\nend\n"),
    ("default-against-annotation", PY, "def f(a: str | None = None, b: list[str] = []): return a\n"),
    (
        "elided-code",
        PY,
        "# skip the rest of the loop\n# leaves all other responses unchanged\n# TODO: implement caching\n",
    ),
    ("elided-code", PY, "x = '... existing code ...'\n"),
    ("elided-code", RUST, "/// This could break existing code.\nfn f() {}"),
    ("stubbed-body", PY, "def f(x):\n    return 1\ndef g(x):\n    log()\n    pass\n"),
    ("assertion-always-true", PY, "assert x is True\nself.assertTrue(x)\n"),
    ("skipped-test", PY, "@pytest.mark.skipif(os.name == 'nt', reason='posix')\ndef test_a():\n    f()\n"),
    ("skipped-test", JS, "list.skip(1); it('works', f);"),
    ("breakpoint-left", RUBY, "object.debugger_port"),
    ("swallowed-error", JS, "try { f(); } catch (e) { /* best effort */ }"),
    ("swallowed-error", JAVA, "class A { void f() { try { g(); } catch (E expected) {} } }"),
    ("swallowed-error", GO, "package a\nfunc f() { if x != nil {} }"),
]


def rules_in(language: Language, text: str) -> set[str]:
    return {issue.rule for issue in find_issues(language, text, math.inf)}


@pytest.mark.parametrize(("rule", "language", "text"), FIRES)
def test_rule_fires(rule: str, language: Language, text: str) -> None:
    assert rule in rules_in(language, text)


@pytest.mark.parametrize(("rule", "language", "text"), STAYS_QUIET)
def test_rule_stays_quiet(rule: str, language: Language, text: str) -> None:
    assert rule not in rules_in(language, text)


def test_every_query_of_every_rule_is_shown_to_fire() -> None:
    shown = {(rule, language) for rule, language, _ in FIRES}

    assert {(each.rule, language) for each in ALL_PATTERNS for language in each.queries} == shown


def test_every_rule_is_shown_to_stay_quiet() -> None:
    assert {each.rule for each in ALL_PATTERNS} == {rule for rule, _, _ in STAYS_QUIET}
