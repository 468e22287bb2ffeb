from __future__ import annotations

from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.judging.comparison import Analysis, compare
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_schema.verdicts import Category, Severity

LANGUAGE = Language.C


def analysis(text: str, *issues: RawIssue) -> Analysis:
    return Analysis(document=Document(path="a.c", language=LANGUAGE, text=text), issues=issues)


def issue(line: int, **changes: object) -> RawIssue:
    fields: dict[str, object] = {
        "line": line,
        "column": 1,
        "rule": "R1",
        "category": Category.BUGS,
        "severity": Severity.WARNING,
        "message": "something",
        "engine": "engine",
    }
    return RawIssue(**(fields | changes))  # type: ignore[arg-type]


def syntax_error(line: int, **changes: object) -> RawIssue:
    return issue(line, rule="E", category=Category.SYNTAX, severity=Severity.ERROR, **changes)


def lines_of(issues: tuple[RawIssue, ...]) -> list[int]:
    return [each.line for each in issues]


def test_every_issue_of_a_new_file_is_new() -> None:
    result = compare(None, analysis("bad\n", issue(1)))

    assert lines_of(result.new) == [1]


def test_issue_that_moved_with_its_line_is_not_new() -> None:
    before = analysis("bad\nfine\n", issue(1))
    after = analysis("fine\n    bad\n", issue(2))

    result = compare(before, after)

    assert (result.new, result.fixed) == ((), ())


def test_second_copy_of_a_line_makes_one_new_issue_at_the_copy() -> None:
    before = analysis("one\nbad\n", issue(2))
    after = analysis("bad\none\nbad\n", issue(1), issue(3))

    result = compare(before, after)

    assert lines_of(result.new) == [1]


def test_issue_on_an_unchanged_line_is_new_when_the_edit_caused_it() -> None:
    before = analysis("import os\nos.getcwd()\n")
    after = analysis("\nos.getcwd()\n", issue(2))

    result = compare(before, after)

    assert lines_of(result.new) == [2]


def test_line_that_was_rewritten_and_keeps_its_issue_did_not_gain_one() -> None:
    before = analysis("digest = md5(old_name)\n", issue(1))
    after = analysis("digest = md5(new_name)\n", issue(1))

    result = compare(before, after)

    assert (result.new, result.fixed) == ((), ())


def test_unlike_line_with_the_same_rule_is_new_and_the_old_one_fixed() -> None:
    before = analysis("digest = md5(name)\n", issue(1))
    after = analysis("for key in table: send(password(key))\n", issue(1))

    result = compare(before, after)

    assert (lines_of(result.new), lines_of(result.fixed)) == ([1], [1])


def test_change_far_away_in_a_minified_line_leaves_its_issues_old() -> None:
    line = "a==b;" + "f();" * 200
    before = analysis(line, issue(1, column=1))
    after = analysis(line + "g();", issue(1, column=1))

    result = compare(before, after)

    assert result.new == ()


def test_linter_that_could_not_read_before_does_not_blame_old_lines_on_the_edit() -> None:
    before = analysis("f(\nbad\n", syntax_error(1))
    after = analysis("f()\nbad\nnew\n", issue(2), issue(3))

    result = compare(before, after)

    assert lines_of(result.new) == [3]


def test_nothing_counts_as_fixed_by_a_text_that_no_longer_parses() -> None:
    before = analysis("bad\nf()\n", issue(1))
    after = analysis("bad\nf(\n", syntax_error(2))

    result = compare(before, after)

    assert result.fixed == ()


def test_doubtful_grammar_is_not_believed_while_brackets_agree() -> None:
    before = analysis("MACRO\nint a;\n", syntax_error(1, approximate=True))
    after = analysis("MACRO\nOTHER\n", syntax_error(1, approximate=True), syntax_error(2, approximate=True))

    result = compare(before, after)

    assert result.new == ()


def test_doubtful_grammar_is_believed_when_brackets_got_worse() -> None:
    before = analysis("MACRO\nf();\n", syntax_error(1, approximate=True))
    after = analysis("MACRO\nf(;\n", syntax_error(1, approximate=True), syntax_error(2, approximate=True))

    result = compare(before, after)

    assert [(each.line, each.approximate) for each in result.new] == [(2, False)]


def test_doubtful_grammar_is_believed_where_it_read_the_text_before() -> None:
    before = analysis("int a = 1;\n")
    after = analysis("int a = ;\n", syntax_error(1, approximate=True))

    result = compare(before, after)

    assert lines_of(result.new) == [1]


def test_doubtful_grammar_alone_does_not_break_a_new_file() -> None:
    result = compare(None, analysis("MACRO(x) {}\n", syntax_error(1, approximate=True)))

    assert result.new == ()


def test_stub_under_a_line_that_stood_there_weighs_and_under_a_new_one_does_not() -> None:
    before = analysis("def kept():\n    return 1\n")
    after = analysis(
        "def kept():\n    pass\ndef added():\n    pass\n",
        issue(2, replaces="def kept():"),
        issue(4, replaces="def added():"),
    )

    result = compare(before, after)

    assert [each.severity for each in result.new] == [Severity.WARNING, Severity.NOTE]


def test_stub_that_was_added_beside_its_namesake_is_a_note() -> None:
    before = analysis("def cli():\n    return 1\n")
    after = analysis("def cli():\n    return 1\ndef cli():\n    pass\n", issue(4, replaces="def cli():"))

    result = compare(before, after)

    assert [each.severity for each in result.new] == [Severity.NOTE]


def test_issue_that_names_the_same_thing_under_a_rewritten_line_is_not_new() -> None:
    before = analysis("def f(a):\n", issue(1, message="`f` is too complex (16 > 15)"))
    after = analysis(
        "def f(\n    *, first: int, second: str\n):\n", issue(3, message="`f` is too complex (17 > 15)")
    )

    result = compare(before, after)

    assert (result.new, result.fixed) == ((), ())


def test_issue_that_names_another_thing_under_an_unlike_line_is_new() -> None:
    before = analysis("def f(a):\n", issue(1, message="`f` is too complex (16 > 15)"))
    after = analysis("lambda x: 1 + 2 + 3\n", issue(1, message="`g` is too complex (16 > 15)"))

    result = compare(before, after)

    assert lines_of(result.new) == [1]


def test_function_that_gained_one_branch_is_a_note_and_one_that_gained_many_is_not() -> None:
    branch = "    if a:\n        b()\n"
    small, long, longest = (f"def f(a):\n{branch * count}" for count in (15, 16, 20))
    found = issue(1, rule="C901", message="`f` is too complex (17 > 15)")

    little = compare(analysis(small), analysis(long, found))
    much = compare(analysis(small), analysis(longest, found))

    assert [each.severity for each in (*little.new, *much.new)] == [Severity.NOTE, Severity.WARNING]


def test_new_function_that_is_too_complex_is_told() -> None:
    found = issue(1, rule="C901", message="`f` is too complex (17 > 15)")

    result = compare(
        analysis("def g(a):\n    return a\n"), analysis("def f(a):\n    if a:\n        b()\n", found)
    )

    assert [each.severity for each in result.new] == [Severity.WARNING]


def test_doubtful_grammar_is_not_believed_where_the_edit_added_conditional_compilation() -> None:
    half = '#ifdef __cplusplus\nextern "C" {\n#endif\n'
    before = analysis("int f(void);\n")
    other_half = half.replace('extern "C" {', "}")
    after = analysis(f"{half}int f(void);\n{other_half}", syntax_error(2, approximate=True))

    result = compare(before, after)

    assert result.new == ()
