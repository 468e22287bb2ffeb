from __future__ import annotations

from reasoningbank_daemon.services.verdict_redaction import without_secrets
from reasoningbank_schema.verdicts import Category, EditVerdict, Issue, Label, Severity

SECRET = "zK4" + "vQ9pL2xW8nR7tB3m"
TEXT = f"import os\npassword = '{SECRET}'\nprint(os.nothing_there, {SECRET})\n"


def verdict(message: str, suggestion: str = "") -> EditVerdict:
    issue = Issue(
        line=3,
        column=1,
        rule="F821",
        category=Category.NAMES,
        severity=Severity.ERROR,
        message=message,
        engine="ruff",
        suggestion=suggestion,
    )
    return EditVerdict(
        path="a.py",
        language="python",
        label=Label.WORSE,
        score_after=90.0,
        content_sha256="",
        issues=(issue,),
    )


def test_what_a_message_quotes_of_a_secret_is_hidden_and_the_rest_stays() -> None:
    told = verdict(f"Undefined name `{SECRET}` in password", f"define {SECRET}")

    kept = without_secrets(told, TEXT)

    assert kept.issues[0].message == "Undefined name `[redacted]` in password"
    assert kept.issues[0].suggestion == "define [redacted]"


def test_a_message_that_quotes_no_secret_stays_as_it_is() -> None:
    told = verdict("Module `os` has no attribute `nothing_there`")

    assert without_secrets(told, TEXT) == told


def test_a_text_without_secrets_costs_its_messages_nothing() -> None:
    told = verdict("Undefined name `unknown_name`")

    assert without_secrets(told, "print(unknown_name)\n") is told
