"""What jobs and the doctor ask for: projects, transcripts, settings, rejected events."""

from __future__ import annotations

import apsw
import msgspec

SETTLED_NS = 60_000_000_000
"""A transcript is read again for a minute after its session spoke: hosts write it late."""

TRANSCRIPTS_AT_ONCE = 200

_UNREAD = (
    "SELECT c.path, s.host, s.key, c.agent_id, c.byte_offset, c.mentioned_ns FROM transcript_cursor c "  # noqa: S608  a number
    "JOIN agent_session s ON s.id = c.session_id "
    f"WHERE c.read_ns < c.mentioned_ns + {SETTLED_NS} ORDER BY c.mentioned_ns LIMIT ?"
)
"""The number stands in it as it does in the partial index that answers it."""


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """Say where a transcript is, whose it is, how far it has been read, and when its session spoke last."""

    path: str
    host: str
    session_id: str
    agent_id: str | None
    byte_offset: int
    mentioned_ns: int


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """Hold an event that could not be understood."""

    at_ns: int
    host: str
    event: str
    reason: str
    size: int
    sample: str


def project_id(db: apsw.Connection, key: str) -> int | None:
    """Return the id of a project by its key, None if nothing of it is in the bank."""
    found: int | None = db.execute("SELECT id FROM project WHERE key = ?", (key,)).get
    return found


def setting(db: apsw.Connection, name: str) -> str | None:
    """Return one of the bank's own settings."""
    found: str | None = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).get
    return found


def transcripts_to_read(db: apsw.Connection) -> tuple[Transcript, ...]:
    """Return transcripts that may have grown since they were read last, the longest silent first."""
    return tuple(
        Transcript(
            path=path,
            host=host,
            session_id=key,
            agent_id=agent_id,
            byte_offset=offset,
            mentioned_ns=mentioned_ns,
        )
        for path, host, key, agent_id, offset, mentioned_ns in db.execute(_UNREAD, (TRANSCRIPTS_AT_ONCE,))
    )


def transcript_offset(db: apsw.Connection, path: str) -> int:
    """Return how far a transcript has been read, in bytes; 0 for one that never was."""
    found: int | None = db.execute("SELECT byte_offset FROM transcript_cursor WHERE path = ?", (path,)).get
    return found or 0


def rejected_events(db: apsw.Connection, *, limit: int) -> tuple[Rejected, ...]:
    """Return what could not be understood, the newest first."""
    rows = db.execute(
        "SELECT at_ns, host, event, reason, size, sample FROM rejected_event ORDER BY id DESC LIMIT ?",
        (limit,),
    )
    return tuple(
        Rejected(at_ns=at_ns, host=host, event=event, reason=reason, size=size, sample=sample)
        for at_ns, host, event, reason, size, sample in rows
    )
