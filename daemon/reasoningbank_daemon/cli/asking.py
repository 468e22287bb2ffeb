"""Ask the daemon: the client library, with its errors turned into what a person should do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reasoningbank_client import (
    DaemonAbsentError,
    DeadlineError,
    ReasoningBank,
    ReasoningBankError,
    UnreachableError,
)
from reasoningbank_client.outcome import LOOK
from reasoningbank_client.safety import START_IT
from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.daemon_process import lock_holder
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_schema.messages import DaemonStatus, Rating, Recalled, Receipt

LOOK_TIMEOUT_S = 2.0
WORK_TIMEOUT_S = 10.0


def daemon_status(context: Context) -> DaemonStatus | None:
    """Return the daemon's figures, None when it does not run or does not answer."""
    if lock_holder(context.paths.lock) is None:
        return None
    try:
        with ReasoningBank(context.paths, timeout_s=LOOK_TIMEOUT_S) as bank:
            return bank.status()
    except ReasoningBankError:
        return None


def answering_pid(context: Context) -> int | None:
    """Return the process id of the daemon that answers, None when none does."""
    found = daemon_status(context)
    return found.pid if found else None


def ask_to_stop(context: Context) -> bool:
    """Ask the daemon to stop; say whether it took the request."""
    try:
        with ReasoningBank(context.paths, timeout_s=LOOK_TIMEOUT_S) as bank:
            bank.stop()
    except ReasoningBankError:
        return False
    return True


def reload(context: Context) -> None:
    """Make the daemon read its configuration now."""
    with _bank(context, timeout_s=LOOK_TIMEOUT_S) as bank:
        bank.reload()


def recall(context: Context, query: str, *, cwd: str, limit: int) -> Recalled:
    """Return experiences like a question."""
    with _bank(context) as bank:
        return bank.recall(query, cwd=cwd, limit=limit)


def remember(context: Context, text: str, *, title: str, cwd: str, tags: tuple[str, ...]) -> Receipt:
    """Store a lesson and return its receipt."""
    with _bank(context, kept="the lesson") as bank:
        return _stored(bank.remember(text, title=title, cwd=cwd, tags=tags).receipt)


def feedback(context: Context, rating: Rating, *, task_id: int, note: str) -> Receipt:
    """Store a rating and return its receipt."""
    with _bank(context, kept="the rating") as bank:
        return _stored(bank.feedback(rating, task_id=task_id, note=note).receipt)


@contextmanager
def _bank(context: Context, *, timeout_s: float | None = None, kept: str = "") -> Iterator[ReasoningBank]:
    """Give a client whose errors end the command; ``kept`` names what was to be stored."""
    try:
        with ReasoningBank(
            context.paths, timeout_s=WORK_TIMEOUT_S if timeout_s is None else timeout_s
        ) as bank:
            yield bank
    except ReasoningBankError as error:
        raise _explained(error, kept=kept) from error


def _stored(receipt: Receipt | None) -> Receipt:
    if receipt is None:
        raise CommandError("the daemon could not store it", next_step="reasoningbank status")
    return receipt


def _explained(error: ReasoningBankError, *, kept: str = "") -> CommandError:
    """Say what went wrong, what became of what was to be ``kept``, and what to do; its advice to programs goes."""
    message = str(error).removesuffix(f" {START_IT}").removesuffix(f" {LOOK}").removesuffix(".")
    if isinstance(error, DaemonAbsentError):
        lost = f". {_sentence(kept)} was not stored" if kept else ""
        return CommandError(message + lost, code=ExitCode.NOT_RUNNING, next_step="reasoningbank up")
    if isinstance(error, UnreachableError):
        return CommandError(str(error), code=ExitCode.NOT_RUNNING)
    if not isinstance(error, DeadlineError):
        return CommandError(str(error))
    lost, next_step = "", "reasoningbank doctor, then run it again"
    if kept and error.sent:
        lost = f". Whether {kept} was stored is not known"
        next_step = "reasoningbank doctor; look whether it is there before you run it again"
    elif kept:
        lost = f". {_sentence(kept)} was not stored"
    return CommandError(message + lost, code=ExitCode.NO_ANSWER, next_step=next_step)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
