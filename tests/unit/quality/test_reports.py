from __future__ import annotations

import re

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from reasoningbank_daemon.quality.reports.for_people import people_report
from reasoningbank_daemon.quality.reports.github import github_report
from reasoningbank_daemon.quality.reports.judged_file import JudgedFile
from reasoningbank_schema.verdicts import Category, EditVerdict, Issue, Label, MissingEngine, Severity


def judged(
    *, message: str = "unsafe", path: str = "a b,c.py", text: str = "x = 1\ny = eval(x)\n"
) -> JudgedFile:
    issues = (
        Issue(
            line=2,
            column=5,
            rule="S307",
            category=Category.SECURITY,
            severity=Severity.WARNING,
            message=message,
            engine="ruff",
            suggestion="parse it",
        ),
        Issue(
            line=1,
            column=1,
            rule="F401",
            category=Category.NAMES,
            severity=Severity.NOTE,
            message="unused",
            engine="ruff",
        ),
    )
    verdict = EditVerdict(
        path=path,
        language="python",
        label=Label.WORSE,
        score_before=100.0,
        score_after=90.9,
        content_sha256="0",
        issues=issues,
        new_issues=2,
        fixed=1,
    )
    return JudgedFile(verdict=verdict, path=path, text=text)


def test_report_for_people_shows_the_line_and_a_mark_under_the_column() -> None:
    lines = list(people_report([judged()], coloured=False, notes=False))

    assert lines == [
        "a b,c.py  worse  score 100 → 90.9",
        "  a b,c.py:2:5  warning  S307 (security)  unsafe",
        "    1 | x = 1",
        "    2 | y = eval(x)",
        "      |     ^",
        "    help: parse it",
        "",
        "1 file: 1 worse. 2 new, 1 gone (notes included).",
    ]


def test_files_without_an_issue_are_named_together_where_an_engine_is_missing() -> None:
    missing = (MissingEngine(engine="ruff", reason="it died"),)
    files = [
        msgspec.structs.replace(
            file,
            verdict=msgspec.structs.replace(
                file.verdict, issues=(), new_issues=0, fixed=0, label=Label.SAME, engines_missing=missing
            ),
        )
        for file in (judged(path=f"{number}.py") for number in range(7))
    ]

    lines = list(people_report(files, coloured=False, notes=False))

    assert lines == [
        "Without ruff (it died): 0.py, 1.py, 2.py, 3.py, 4.py and 2 more",
        "7 files: 7 same. 0 new, 0 gone (notes included).",
    ]


def test_last_words_of_an_engine_take_one_line() -> None:
    missing = (
        MissingEngine(engine="ty", reason="it ended by itself (panicked\n" + "  at place\n" * 100 + ")"),
    )
    file = judged()
    told = msgspec.structs.replace(
        file, verdict=msgspec.structs.replace(file.verdict, engines_missing=missing)
    )

    lines = [
        line for line in people_report([told], coloured=False, notes=False) if line.startswith("  without")
    ]

    assert len(lines) == 1
    assert lines[0].startswith("  without ty: it ended by itself (panicked at place at place")
    assert len(lines[0]) < 250


def test_colours_are_put_around_the_same_words() -> None:
    plain = "\n".join(people_report([judged()], coloured=False, notes=True))
    coloured = "\n".join(people_report([judged()], coloured=True, notes=True))

    assert "\x1b[" not in plain
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_report_for_people_lets_no_text_steer_the_terminal() -> None:
    hostile = judged(message="\x1b[2Junsafe", path="\x1b]0;a.py", text="\x1b[31m\n\x9b2Jeval(x)\n")

    report = "\n".join(people_report([hostile], coloured=False, notes=True))

    assert not {"\x1b", "\x9b"} & set(report)


def test_far_column_of_a_long_line_is_in_the_frame() -> None:
    verdict = judged(text="x\n" + "a" * 500 + "eval(b)\n")
    moved = Issue(
        line=2,
        column=501,
        rule="S307",
        category=Category.SECURITY,
        severity=Severity.WARNING,
        message="unsafe",
        engine="ruff",
    )
    file = JudgedFile(
        verdict=EditVerdict(
            path="a.js", language="javascript", label=Label.WORSE, score_after=1.0, content_sha256="0",
            issues=(moved,), new_issues=1,
        ),
        path="a.js",
        text=verdict.text,
    )  # fmt: skip

    lines = list(people_report([file], coloured=False, notes=False))

    assert lines[3].index("eval") == lines[4].index("^")


def test_github_commands_escape_what_would_end_them() -> None:
    lines = list(github_report([judged(message="100% unsafe\n::error::no")], notes=False))

    assert lines == [
        "::warning file=a b%2Cc.py,line=2,col=5,title=S307 (security)::100%25 unsafe%0A::error::no — parse it"
    ]


def test_github_hears_once_why_an_engine_is_missing() -> None:
    file = judged()
    missing = (MissingEngine(engine="ruff", reason="it died,\n100 %"),)
    without = msgspec.structs.replace(
        file, verdict=msgspec.structs.replace(file.verdict, issues=(), engines_missing=missing)
    )

    lines = list(github_report([without, without], notes=False))

    assert lines == ["::warning title=without ruff::it died,%0A100 %25"]


def as_github_reads_it(line: str) -> tuple[str, dict[str, str], str]:
    """Take a workflow command apart as the runner does: at the first `::` behind the command's own, then at commas."""
    head, _, data = line.removeprefix("::").partition("::")
    command, _, listed = head.partition(" ")
    values = dict(each.split("=", 1) for each in listed.split(","))
    for code, character in (("%3A", ":"), ("%2C", ",")):
        values = {name: value.replace(code, character) for name, value in values.items()}
    return command, {name: _unescaped(value) for name, value in values.items()}, _unescaped(data)


def _unescaped(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


@given(path=st.text(st.characters(codec="utf-8"), min_size=1), message=st.text(st.characters(codec="utf-8")))
@example(path="100%3A,=::\r\n.py", message="::error file=a.py::%0A%25\r\n")
def test_github_reads_any_path_and_message_as_they_are(path: str, message: str) -> None:
    [line] = github_report([judged(path=path, message=message)], notes=False)

    command, values, text = as_github_reads_it(line)

    assert not {"\r", "\n"} & set(line)
    assert (command, text) == ("warning", f"{message} — parse it")
    assert values == {"file": path, "line": "2", "col": "5", "title": "S307 (security)"}
