"""What the daemon and the judge's process say to each other, as JSON.

JSON has no lone surrogates, which stand for bytes that are not UTF-8; each becomes a replacement character, as in the texts
that engines get.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from reasoningbank_daemon.quality.edit import Edit, readable_text, without_lone_surrogates
from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.processes import rpc
from reasoningbank_daemon.quality.projects.policy import Policy
from reasoningbank_schema.verdicts import EditVerdict


class Method(enum.StrEnum):
    """What the judge is asked for."""

    READY = "ready"
    WARM = "warm"
    EXAMINE = "examine"
    LOOK_AGAIN = "look-again"
    """What takes longer: callers in other files, and the engines of the second look."""


class Role(enum.StrEnum):
    """Which engines a judge has."""

    FIRST = "first"
    """Those that answer within milliseconds."""
    AGAIN = "again"
    """Those of the second look, and the look at callers in other files."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """An edit to judge. `deadline` is a point of the machine's monotonic clock, which processes share, in seconds."""

    edit: Edit
    deadline: float
    policy: Policy
    history: tuple[RawIssue, ...] = ()
    oxlint: str = ""
    """The user's word on which oxlint is to be run; it may change while the judge runs."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a `Review` holds, without the text."""

    verdict: EditVerdict
    issues: tuple[RawIssue, ...]
    may_quote_secrets: bool


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the judge's process has to say to whoever reads the daemon's log."""

    level: str
    event: str
    fields: dict[str, str]


LOG = "log"
"""The method of the notification that carries a `LogLine`."""

question_decoder = msgspec.json.Decoder(Question)
judged_decoder = msgspec.json.Decoder(Judged)
log_line_decoder = msgspec.json.Decoder(LogLine)


def question_frame(identity: int, method: Method, question: Question) -> bytes:
    """Return the frame of a question; its texts are sent as engines read them."""
    edit = question.edit
    before = None if edit.before is None else readable_text(edit.before)
    readable = msgspec.structs.replace(edit, before=before, after=readable_text(edit.after))
    question = msgspec.structs.replace(question, edit=readable)
    try:
        return rpc.request(identity, method, question)
    except UnicodeEncodeError:
        return rpc.request(identity, method, _encodable(msgspec.to_builtins(question)))


def judged_frame(identity: int | str, judged: Judged) -> bytes:
    """Return the frame of an answer."""
    try:
        return rpc.answer(identity, judged)
    except UnicodeEncodeError:
        return rpc.answer(identity, _encodable(msgspec.to_builtins(judged)))


def _encodable(value: Any) -> Any:  # of the types that JSON has
    """Return a value of JSON's types with a replacement character for each lone surrogate."""
    match value:
        case str():
            return without_lone_surrogates(value)
        case dict():
            return {_encodable(key): _encodable(each) for key, each in value.items()}
        case list() | tuple():
            return [_encodable(each) for each in value]
        case _:
            return value
