from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.quality.edit import Edit, readable_text
from reasoningbank_daemon.quality.judge_messages import (
    Judged,
    Method,
    Question,
    judged_decoder,
    judged_frame,
    question_decoder,
    question_frame,
)
from reasoningbank_daemon.quality.processes import rpc
from reasoningbank_daemon.quality.projects.linter_settings import LinterSettings
from reasoningbank_daemon.quality.projects.policy import Policy
from reasoningbank_schema.verdicts import EditVerdict, Label, Severity

ANY_TEXT = st.text(st.characters())
"""Lone surrogates among them."""


def received(frame: bytes) -> rpc.Message:
    [payload] = rpc.FrameReader().feed(frame)
    return rpc.decode(payload)


def is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


@given(before=st.none() | ANY_TEXT, after=ANY_TEXT, path=ANY_TEXT, folder=ANY_TEXT)
def test_question_arrives_with_texts_as_engines_read_them(
    before: str | None, after: str, path: str, folder: str
) -> None:
    policy = Policy(
        severities={"S101": None, "sql-*": Severity.ERROR},
        linters=LinterSettings(folder=folder, oxlint_off=frozenset({"no-undef"})),
        engines_off=frozenset({"ty"}),
    )
    question = Question(
        edit=Edit(path=path, before=before, after=after), deadline=1.5, policy=policy, oxlint="/x"
    )

    message = received(question_frame(7, Method.EXAMINE, question))
    arrived = question_decoder.decode(message.params)

    assert (message.id, message.method) == (7, "examine")
    assert arrived.edit.after == readable_text(after)
    assert arrived.edit.before == (None if before is None else readable_text(before))
    if is_encodable(path + folder):
        assert (arrived.edit.path, arrived.policy) == (path, policy)


@given(path=ANY_TEXT)
def test_answer_arrives_whatever_its_texts_hold(path: str) -> None:
    verdict = EditVerdict(path=path, language="go", label=Label.SAME, score_after=100.0, content_sha256="a")

    message = received(judged_frame(7, Judged(verdict=verdict, issues=(), may_quote_secrets=True)))
    arrived = judged_decoder.decode(message.result)

    shown = path if is_encodable(path) else arrived.verdict.path
    assert arrived.verdict == msgspec.structs.replace(verdict, path=shown)
    assert is_encodable(arrived.verdict.path)
    assert arrived.may_quote_secrets
