"""SARIF output against the format's own schema, and against what its readers make of places and texts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reasoningbank_daemon.quality.patterns.catalogue import all_rules
from reasoningbank_daemon.quality.reports.judged_file import JudgedFile
from reasoningbank_daemon.quality.reports.sarif import sarif_report
from reasoningbank_schema.verdicts import Category, EditVerdict, Issue, Label, MissingEngine, Severity

SCHEMA = Path(__file__).parents[2] / "fixtures" / "sarif" / "sarif-2.1.0.json"
VALIDATOR = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
URI_REFERENCE = re.compile(r"(?:file://)?(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+")
"""What of RFC 3986 a path needs."""


def issue(
    *,
    line: int = 2,
    column: int = 5,
    rule: str = "S307",
    engine: str = "ruff",
    message: str = "unsafe",
    suggestion: str = "",
    severity: Severity = Severity.WARNING,
    category: Category = Category.SECURITY,
) -> Issue:
    return Issue(
        line=line, column=column, rule=rule, category=category, severity=severity, message=message,
        engine=engine, suggestion=suggestion,
    )  # fmt: skip


def judged(
    *issues: Issue,
    path: str = "a.py",
    text: str = "x = 1\ny = eval(x)\n",
    missing: tuple[MissingEngine, ...] = (),
) -> JudgedFile:
    verdict = EditVerdict(
        path=path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), language="python",
        label=Label.WORSE, score_after=90.0, content_sha256="0", issues=issues, new_issues=len(issues),
        engines_missing=missing,
    )  # fmt: skip
    return JudgedFile(verdict=verdict, path=path, text=text)


def run_of(*files: JudgedFile, notes: bool = True) -> dict[str, Any]:
    """Return the only run of a report, as a reader gets it, once the schema has nothing against it."""
    report = json.loads(json.dumps(sarif_report(files, version="1.2.3", notes=notes)))
    assert [error.message for error in VALIDATOR.iter_errors(report)] == []
    [run] = report["runs"]
    assert isinstance(run, dict)
    return run


def place_of(file: JudgedFile) -> dict[str, Any]:
    place = run_of(file)["results"][0]["locations"][0]["physicalLocation"]
    assert isinstance(place, dict)
    return place


def test_schema_refuses_what_is_not_sarif() -> None:
    report = json.loads(json.dumps(sarif_report([judged(issue())], version="1", notes=True)))
    report["runs"][0]["results"][0]["level"] = "fatal"

    assert not VALIDATOR.is_valid(report)


def test_report_without_a_result_fits_the_schema() -> None:
    assert run_of()["results"] == []
    assert run_of(judged())["tool"]["driver"]["rules"] == []


def test_each_issue_is_a_new_result_that_points_to_its_rule() -> None:
    run = run_of(judged(issue(), issue(rule="F401", line=1, column=1, severity=Severity.NOTE)))

    rules = run["tool"]["driver"]["rules"]
    assert [result["ruleId"] for result in run["results"]] == ["S307", "F401"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["S307", "F401"]
    assert [result["level"] for result in run["results"]] == ["warning", "note"]
    assert [result["baselineState"] for result in run["results"]] == ["new", "new"]


def test_notes_are_left_out_where_nobody_wants_them() -> None:
    assert run_of(judged(issue(severity=Severity.NOTE)), notes=False)["results"] == []


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a.py", "a.py"),
        ("a b,c.py", "a%20b%2Cc.py"),
        ("über/☃.py", "%C3%BCber/%E2%98%83.py"),
        ("c:d.py", "c%3Ad.py"),
        ("new\nline.py", "new%0Aline.py"),
        ("100%25?#.py", "100%2525%3F%23.py"),
        ("latin\udcff.py", "latin%FF.py"),
        ("/elsewhere/a b.py", "file:///elsewhere/a%20b.py"),
    ],
)
def test_path_becomes_the_address_of_the_same_file(path: str, uri: str) -> None:
    artifact = place_of(judged(issue(), path=path))["artifactLocation"]

    assert artifact["uri"] == uri
    assert URI_REFERENCE.fullmatch(uri)
    assert artifact.get("uriBaseId") == (None if path.startswith("/") else "%SRCROOT%")


@pytest.mark.parametrize(
    ("line", "column", "startColumn"),
    [("y = eval(x)", 5, 5), ('"ä"; eval(x)', 6, 6), ('"😀"; eval(x)', 6, 7), ("ab", 9, 9), ("", 1, 1)],
)
def test_column_counts_the_units_that_the_report_says_it_counts(
    line: str,
    column: int,
    startColumn: int,  # noqa: N803  as SARIF spells it
) -> None:
    file = judged(issue(line=1, column=column), text=line)

    assert place_of(file)["region"] == {"startLine": 1, "startColumn": startColumn}
    assert run_of(file)["columnKind"] == "utf16CodeUnits"


def test_rule_of_a_linter_names_the_page_that_explains_it() -> None:
    found = [
        issue(rule="S307", engine="ruff"),
        issue(rule="SC2045", engine="shellcheck"),
        issue(rule="missing-argument", engine="ty"),
        issue(rule="no-const-assign", engine="oxlint"),
    ]

    rules = {rule["id"]: rule for rule in run_of(judged(*found))["tool"]["driver"]["rules"]}

    assert {rule: each.get("helpUri") for rule, each in rules.items()} == {
        "S307": "https://docs.astral.sh/ruff/rules/S307/",
        "SC2045": "https://www.shellcheck.net/wiki/SC2045",
        "missing-argument": "https://docs.astral.sh/ty/reference/rules/#missing-argument",
        "no-const-assign": None,
    }


def test_each_rule_of_our_own_brings_its_page_along() -> None:
    own = all_rules()
    found = [issue(rule=each.rule, engine="text", severity=Severity.NOTE) for each in own]

    rules = {rule["id"]: rule for rule in run_of(judged(*found))["tool"]["driver"]["rules"]}

    for each in own:
        described = rules[each.rule]
        assert described["help"]["markdown"].startswith(f"# {each.rule}\n")
        assert described["defaultConfiguration"] == {"level": each.severity.value}
        assert "\n" not in described["shortDescription"]["text"]
        assert described["help"]["text"]


def test_fingerprint_stays_when_the_line_moves_and_tells_equal_lines_apart() -> None:
    first = run_of(judged(issue()))["results"][0]
    moved = run_of(judged(issue(line=3, column=8), text="\nx = 1\n   y = eval(x)  \n"))["results"][0]
    twice = run_of(judged(issue(), issue(line=3), text="x = 1\ny = eval(x)\ny = eval(x)\n"))["results"]

    assert first["partialFingerprints"] == moved["partialFingerprints"] == twice[0]["partialFingerprints"]
    assert twice[0]["partialFingerprints"] != twice[1]["partialFingerprints"]


def test_engine_that_is_missing_is_a_notification_once() -> None:
    missing = (MissingEngine(engine="ruff", reason="it {0} died"),)

    run = run_of(judged(missing=missing), judged(path="b.py", missing=missing))

    assert run["invocations"][0]["toolExecutionNotifications"] == [
        {"level": "warning", "message": {"text": "without ruff: it {{0}} died"}}
    ]


@given(
    path=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    text=st.text(st.characters(codec="utf-8")),
    message=st.text(st.characters(codec="utf-8")),
    line=st.integers(1, 4),
    column=st.integers(1, 9),
)
def test_any_path_text_and_message_fit_the_schema(
    path: str, text: str, message: str, line: int, column: int
) -> None:
    place = place_of(judged(issue(message=message, line=line, column=column), path=path, text=text))

    assert URI_REFERENCE.fullmatch(place["artifactLocation"]["uri"])
    assert place["region"]["startColumn"] >= column
