"""Where the transcripts of sessions are, and how far they have been read."""

from __future__ import annotations

from reasoningbank_daemon.storage.recording.state import State
from reasoningbank_daemon.storage.scrubbing import PATH_CHARS


def mention_transcript(
    state: State, session_id: int, path: str | None, agent_id: str | None, at_ns: int
) -> None:
    """Remember that a transcript may have grown."""
    if not path or len(path) > PATH_CHARS:
        return
    state.run(
        "INSERT INTO transcript_cursor (path, session_id, agent_id, mentioned_ns) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (path) DO UPDATE SET mentioned_ns = max(mentioned_ns, excluded.mentioned_ns)",
        (path, session_id, agent_id, at_ns),
    )
