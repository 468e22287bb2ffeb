"""What a caller gets: both halves of the daemon's answer in one value."""

from __future__ import annotations

import enum
from typing import Generic, TypeVar

import msgspec

from reasoningbank_schema.envelope import Code, Stored
from reasoningbank_schema.messages import Receipt

Advice = TypeVar("Advice")


class Wait(enum.Enum):
    """Say which half of an answer a call waits for."""

    ADVICE = "advice"
    STORED = "stored"
    BOTH = "both"


class Answer(msgspec.Struct, Generic[Advice], frozen=True, kw_only=True):
    """Hold both halves of what became of an event.

    Attributes
    ----------
    advice
        The typed reply; None when there is none to give, or none came: ``code`` tells.
    stored
        `Stored.STORED` once it is on disk.
    receipt
        The ids that the event became, when the daemon told them.
    code
        `Code.OK`; `Code.BUSY`, `Code.LATE` or `Code.INTERNAL` when only the advice is missing; None when the
        daemon did not speak about advice before the call ended.
    why
        A sentence for a person whenever something is missing.
    spooled
        The name of the spool's file that holds the event until a daemon takes it in.
    """

    stored: Stored
    advice: Advice | None = None
    receipt: Receipt | None = None
    code: Code | None = Code.OK
    why: str = ""
    spooled: str | None = None
