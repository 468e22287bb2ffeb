"""An error is caught and forgotten: the handler is empty.

A comment in the handler that says why it does not matter is enough, as is a name that says so (`expected`, `ignored`, `_`).
Most of Python's are ruff's S110, S112 and E722; here it is `...` in place of `pass`.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_daemon.quality.patterns.python_signs import PythonLines, is_balanced, line_above
from reasoningbank_schema.verdicts import Category, Severity

_EXPECTED = "^(expected|ignored?|_.*)$"
"""By custom, so named where a test wants the exception, or its author knew that it does not matter."""

_NOTHING_INLINE = re.compile(r".*:[ \t\\]*\.\.\.")


def _may_match(code: PythonLines) -> bool:
    if "..." not in code.text or "except" not in code.text:
        return False
    return any(
        _is_a_handler(line_above(code, index) if line.startswith("...") else line)
        for index, line in enumerate(code.stripped)
        if line.startswith("...") or ("..." in line and _NOTHING_INLINE.match(line))
    )


def _is_a_handler(line: str | None) -> bool:
    """Tell whether a line may be the head of a handler, or the end of one that begins above."""
    return line is not None and (line.startswith("except") or not is_balanced(line))


RULE = Pattern(
    rule="swallowed-error",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="an error is caught here and forgotten",
    suggestion="handle or log it, or say in a comment why it does not matter",
    queries={
        Language.PYTHON: """
            (except_clause "except" . ":" (block . (expression_statement (ellipsis)) .)) @issue
            ((except_clause (identifier) @e (block . (expression_statement (ellipsis)) .)) @issue
              (#any-of? @e "Exception" "BaseException"))
            """,
        **in_each(JS_FAMILY, '(catch_clause body: (statement_block . "{" . "}" .)) @issue'),
        Language.JAVA: f"""
            (catch_clause (catch_formal_parameter name: (identifier) @v) body: (block . "{{" . "}}" .)
              (#not-match? @v "{_EXPECTED}")) @issue
            """,
        Language.CSHARP: '(catch_clause body: (block . "{" . "}" .)) @issue',
        Language.KOTLIN: f"""
            (catch_block (identifier) @v (block . "{{" . "}}" .) (#not-match? @v "{_EXPECTED}")) @issue
            """,
        Language.PHP: '(catch_clause body: (compound_statement . "{" . "}" .)) @issue',
        Language.CPP: '(catch_clause body: (compound_statement . "{" . "}" .)) @issue',
        Language.GO: """
            (if_statement condition: (binary_expression left: (identifier) @e right: (nil))
              consequence: (block . "{" . "}" .) (#eq? @e "err")) @issue
            """,
    },
    python_sign=_may_match,
    fires=(
        (Language.PYTHON, "try:\n    f()\nexcept BaseException:\n    ...\n"),
        (Language.PYTHON, "try:\n    f()\nexcept:\n    ...\n"),
        (Language.JAVASCRIPT, "try { f(); } catch (e) {}"),
        (Language.TYPESCRIPT, "try { f(); } catch {}"),
        (Language.TSX, "try { f(); } catch {}"),
        (Language.JAVA, "class A { void f() { try { g(); } catch (E e) {} } }"),
        (Language.CSHARP, "class A { void F() { try { G(); } catch (E e) {} } }"),
        (Language.KOTLIN, "fun f() { try { g() } catch (e: E) {} }"),
        (Language.PHP, "<?php try { f(); } catch (E $e) {}"),
        (Language.CPP, "void f() { try { g(); } catch (...) {} }"),
        (Language.GO, "package a\nfunc f() { if err != nil {} }"),
    ),
    quiet=(
        (Language.PYTHON, "try:\n    f()\nexcept KeyError:\n    ...\n"),
        (Language.JAVASCRIPT, "try { f(); } catch (e) { /* best effort */ }"),
        (Language.JAVA, "class A { void f() { try { g(); } catch (E expected) {} } }"),
        (Language.GO, "package a\nfunc f() { if x != nil {} }"),
    ),
)
