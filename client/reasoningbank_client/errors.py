"""What can go wrong between a program and the daemon; each message says what to do next."""

from __future__ import annotations


class ReasoningBankError(Exception):
    """The base of every error of this library."""


class UnreachableError(ReasoningBankError):
    """No daemon listens, or its socket may not be used."""


class DeadlineError(ReasoningBankError):
    """The daemon did not answer in time."""


class BusyError(ReasoningBankError):
    """The daemon has no worker free; the event itself is taken all the same."""


class RefusedError(ReasoningBankError):
    """The daemon understood the request and will not take it; sending it again changes nothing."""


class ProtocolError(ReasoningBankError):
    """Daemon and client speak different protocols, or an answer makes no sense."""
