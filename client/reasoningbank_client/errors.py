"""What can go wrong between a program and the daemon; each message says what to do next."""

from __future__ import annotations

from reasoningbank_schema.envelope import Stored


class ReasoningBankError(Exception):
    """The base of every error of this library.

    ``stored`` is what is known of the event when the error is raised, ``spooled`` the name of its file when it
    was kept in the spool.
    """

    def __init__(self, message: str, *, stored: Stored = Stored.PENDING) -> None:
        super().__init__(message)
        self.stored = stored
        self.spooled: str | None = None


class UnreachableError(ReasoningBankError):
    """There is no connection to a daemon; one of the two below."""


class DaemonAbsentError(UnreachableError):
    """No daemon listens, or the one that did has gone away."""


class UnsafeSocketError(UnreachableError):
    """The socket may not be used: others own its folder or may enter it, or its path can't be one."""


class DeadlineError(ReasoningBankError):
    """The daemon did not answer in time; an event that was ``sent`` may have been stored all the same."""

    def __init__(self, message: str, *, stored: Stored = Stored.PENDING, sent: bool = True) -> None:
        super().__init__(message, stored=stored)
        self.sent = sent


class BusyError(ReasoningBankError):
    """No worker of the daemon was free for a question."""


class StoppingError(ReasoningBankError):
    """The daemon is leaving and took nothing more."""


class NotStoredError(ReasoningBankError):
    """The daemon could not store the event now; it may be sent again."""


class RefusedError(ReasoningBankError):
    """The daemon understood the request and will not take it; sending it again changes nothing."""


class TooLargeError(RefusedError):
    """The request is larger than the protocol allows."""


class UnsendableError(RefusedError):
    """The request holds what the protocol has no form for: half a surrogate pair, or a number beyond 64 bits."""


class ProtocolError(ReasoningBankError):
    """An answer makes no sense to this client, or the request made none to the daemon."""


class VersionMismatchError(ProtocolError):
    """Daemon and client speak different versions of the protocol."""

    def __init__(self, message: str, *, ours: int, theirs: int, stored: Stored = Stored.PENDING) -> None:
        super().__init__(message, stored=stored)
        self.ours = ours
        self.theirs = theirs


class DaemonFaultError(ReasoningBankError):
    """A defect in the daemon; its log has the details."""


class SpoolWriteError(ReasoningBankError):
    """The event was neither stored nor kept: the spool could not be written (see ``__cause__``)."""
