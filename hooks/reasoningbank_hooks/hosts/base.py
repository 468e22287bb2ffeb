"""What every host module offers, and the form that all injected text has."""

from __future__ import annotations

import re
from typing import Protocol

from reasoningbank_schema.advice import INJECTED_OPEN, Advice
from reasoningbank_schema.events import AgentEvent

CONTEXT_LIMIT_CHARS = 9_000
"""Claude Code and Codex replace a context of more than 10,000 characters by a preview and a file path."""

_BLANK_LINES = re.compile(r"\n\s*\n")


class PayloadError(ValueError):
    """A payload can't be understood, now or ever; the message says what is wrong and where."""


class Host(Protocol):
    """Translate between one agent and us; `docs/hooks.md` shows how to add one."""

    @property
    def name(self) -> str:
        """The first argument of ``rb-hook``."""
        ...

    def decode(
        self, event: str, payload: bytes, at_ns: int, *, args: tuple[str, ...] = (), cwd: str = ""
    ) -> AgentEvent:
        """Return what happened.

        Parameters
        ----------
        event
            The host's name of the event, the second argument of ``rb-hook``.
        payload
            What the hook got on stdin.
        at_ns
            When, by the hook's clock.
        args
            Further arguments of ``rb-hook``, for hosts that speak through them.
        cwd
            The working directory of the hook; empty unless the host is named in `rb_hook.FOLDER_HOSTS`.

        Raises
        ------
        PayloadError
            When the payload is not what this host sends.
        """
        ...

    def render(self, event: str, advice: Advice, origin_event: AgentEvent) -> bytes:
        """Return what the hook prints, byte for byte; empty when there is nothing to say at this event.

        ``origin_event`` is what `decode` made of the event that is being answered.
        """
        ...


def framed(context: str) -> str:
    r"""Return a text for a model in the form by which `injected` recognises it later.

    It begins with `INJECTED_OPEN`, has no blank line (a blank line ends what is recognised) and is not longer
    than any host passes on whole.

    Examples
    --------
    >>> framed("Task 12 was like this.\n\nIt failed.")
    '[ReasoningBank] Task 12 was like this.\nIt failed.'
    """
    text = _BLANK_LINES.sub("\n", context.strip())
    if not text.startswith(INJECTED_OPEN):
        text = f"{INJECTED_OPEN} {text}".rstrip()
    return text if len(text) <= CONTEXT_LIMIT_CHARS else text[: CONTEXT_LIMIT_CHARS - 2] + " …"
