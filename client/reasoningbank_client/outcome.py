"""What an exchange amounts to: an answer, or the error that says what is missing and why."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from reasoningbank_client.answer import Answer, Wait
from reasoningbank_client.errors import (
    BusyError,
    DaemonAbsentError,
    DaemonFaultError,
    DeadlineError,
    NotStoredError,
    ProtocolError,
    ReasoningBankError,
    RefusedError,
    SpoolWriteError,
    StoppingError,
    TooLargeError,
    VersionMismatchError,
)
from reasoningbank_client.exchange import Exchange
from reasoningbank_client.spooling import keep
from reasoningbank_schema.envelope import PROTOCOL_VERSION, Code, Stored
from reasoningbank_schema.spool import SpoolError

Advice = TypeVar("Advice")

PASSING = (DaemonAbsentError, DeadlineError, NotStoredError, StoppingError)
"""What the spool makes good: the event is safe, and the next call may find a daemon again."""

HOPELESS = frozenset({Code.UNKNOWN_MESSAGE, Code.MALFORMED, Code.REFUSED, Code.TOO_LARGE})
"""Codes that an event would get again from the spool."""

RESTART = "Try: reasoningbank down && reasoningbank up"

LOOK = "Look at it: reasoningbank status"

ENDINGS: dict[Code, tuple[type[ReasoningBankError], str]] = {
    Code.UNKNOWN_MESSAGE: (
        ProtocolError,
        f"the daemon does not know this request ({{why}}); it is older than this client. {RESTART}",
    ),
    Code.MALFORMED: (
        ProtocolError,
        "the daemon can't read the request ({why}): check the types of its fields",
    ),
    Code.REFUSED: (RefusedError, "the daemon refuses the request: {why}"),
    Code.TOO_LARGE: (TooLargeError, "the request is too large: {why}. Send less of it"),
    Code.STOPPING: (StoppingError, "the daemon is stopping ({why}). Try again, or: reasoningbank up"),
}
"""The codes that end a request, event or not; BUSY, LATE and INTERNAL leave an event's storing open."""


def conclude(
    exchange: Exchange,
    kind: type[Advice],
    *,
    trouble: ReasoningBankError | None,
    timeout_s: float,
    spool: Path | None,
) -> Answer[Advice]:
    """Return what the caller asked for, or raise what kept it from him.

    Parameters
    ----------
    exchange
        As it was when the call ended.
    kind
        The type of the advice.
    trouble
        Why the call ended, if it was neither an answer nor the deadline.
    timeout_s
        How long the caller waited at most.
    spool
        Where an event goes that is not known to be stored; None keeps none.

    Raises
    ------
    ReasoningBankError
        One of its kinds, with what is known of the event.
    """
    error = _error(exchange, kind, trouble, timeout_s)
    spooled = None
    if spool is not None and _worth_keeping(exchange):
        spooled = _keep(exchange, spool, error)
    if error is not None and not (spooled and isinstance(error, PASSING)):
        error.stored = exchange.stored
        error.spooled = spooled
        raise error
    advice = exchange.advice if isinstance(exchange.advice, kind) else None
    code, why = exchange.code, exchange.why
    if not exchange.advice_final and exchange.wait is not Wait.STORED:
        missing = error or trouble
        code = None if missing else Code.LATE
        why = str(missing) if missing else "the deadline passed before the advice was ready"
    elif error is not None:
        why = str(error)
    return Answer(
        advice=advice, stored=exchange.stored, receipt=exchange.receipt, code=code, why=why, spooled=spooled
    )


def _worth_keeping(exchange: Exchange) -> bool:
    if not exchange.stores or exchange.code in HOPELESS:
        return False
    # A daemon of another version refuses the envelope, not the event.
    return exchange.code is Code.WRONG_VERSION or exchange.stored in (Stored.PENDING, Stored.NOT_STORED)


def _keep(exchange: Exchange, spool: Path, error: ReasoningBankError | None) -> str:
    try:
        return keep(exchange, spool)
    except (SpoolError, OSError) as failure:
        reason = (
            f"{error} Then the spool failed as well" if error else "the daemon has not said that it stored it"
        )
        raise SpoolWriteError(
            f"the event is lost unless you keep it: {reason}: {failure}. Look at: {spool}",
            stored=exchange.stored,
        ) from failure


def _error(
    exchange: Exchange, kind: type[object], trouble: ReasoningBankError | None, timeout_s: float
) -> ReasoningBankError | None:
    """Say what keeps the caller from what he asked for; None when nothing does."""
    if exchange.defect:
        return ProtocolError(
            f"the daemon answers in a way that this client does not understand: {exchange.defect}"
        )
    if told := _told(exchange):
        return told
    if exchange.advice is not None and not isinstance(exchange.advice, kind):
        return ProtocolError(
            f"expected {kind.__name__}, the daemon sent {type(exchange.advice).__name__}: daemon and client "
            f"differ. {RESTART}"
        )
    return _missing(exchange, trouble, timeout_s)


def _told(exchange: Exchange) -> ReasoningBankError | None:
    """Turn a code that ends the matter into its error."""
    if exchange.code is Code.WRONG_VERSION:
        return _mismatch(exchange)
    if exchange.code not in ENDINGS:
        return None
    kind, sentence = ENDINGS[exchange.code]
    return kind(sentence.format(why=exchange.why or "it gives no reason"))


def _mismatch(exchange: Exchange) -> VersionMismatchError:
    differ = f"the daemon speaks protocol {exchange.version}, this client {PROTOCOL_VERSION}"
    if exchange.version == PROTOCOL_VERSION:  # it answered in our form, to say that it reads another
        differ = exchange.why or f"the daemon does not speak protocol {PROTOCOL_VERSION}"
    return VersionMismatchError(
        f"{differ}. Upgrade the older of the two, then: reasoningbank down && reasoningbank up",
        ours=PROTOCOL_VERSION,
        theirs=exchange.version,
    )


def _missing(
    exchange: Exchange, trouble: ReasoningBankError | None, timeout_s: float
) -> ReasoningBankError | None:
    """Say what did not come that was asked for."""
    if not exchange.stores:
        return _unanswered(exchange, trouble, timeout_s)
    reason = exchange.stored_why or exchange.why
    if exchange.stored is Stored.REFUSED:
        return RefusedError(f"the daemon will not store this event: {reason or 'it gives no reason'}")
    if exchange.stored is Stored.NOT_STORED:
        return NotStoredError(
            f"the daemon could not store the event now: {reason or 'its log has the reason'}. "
            "See: reasoningbank doctor"
        )
    unsettled = exchange.stored is Stored.PENDING and exchange.wait is not Wait.ADVICE
    unadvised = not exchange.advice_final and exchange.wait is Wait.ADVICE
    return trouble or _late(exchange, timeout_s) if unsettled or unadvised else None


def _unanswered(
    exchange: Exchange, trouble: ReasoningBankError | None, timeout_s: float
) -> ReasoningBankError | None:
    if exchange.code is Code.BUSY:
        return BusyError(f"the daemon has no worker free: {exchange.why or 'it gives no reason'}. Ask again")
    if exchange.code is Code.INTERNAL:
        return DaemonFaultError(f"the daemon failed on the request: {exchange.why}. See: reasoningbank logs")
    if exchange.code is Code.LATE or not exchange.advice_final:
        return trouble or _late(exchange, timeout_s)
    if exchange.failed:
        return RefusedError(f"the daemon did not do it: {exchange.why}")
    return None


def _late(exchange: Exchange, timeout_s: float) -> DeadlineError:
    what = "has not answered" if exchange.sent else "has accepted the connection but taken no request"
    return DeadlineError(f"the daemon {what} within {timeout_s:g} s. {LOOK}", sent=exchange.sent)


def required(answer: Answer[Advice], kind: type[Advice]) -> Advice:
    """Return the reply to a question; an answer without one is no answer.

    Raises
    ------
    ProtocolError
        When the daemon said OK and nothing else.
    """
    if not isinstance(answer.advice, kind):
        raise ProtocolError(f"the daemon answered without a reply. {RESTART}")
    return answer.advice
