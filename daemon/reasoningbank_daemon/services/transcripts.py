"""Which transcripts have grown: noted on the hot path, read off it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from reasoningbank_schema.events import (
    AgentEvent,
    SessionEnded,
    SubagentReturned,
    SubagentStopped,
    TurnEnded,
)

PRICED_HOSTS = frozenset({"claude-code"})
"""Hosts whose transcripts `learning.transcripts` can read."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Say whose usage a transcript holds: a session's, or one of its subagents'."""

    path: str
    host: str
    session_id: str
    agent_id: str | None = None


class TranscriptQueue:
    """Collect transcripts to read; a host writes them late, so each stays here until it is seen at rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sources: dict[Source, float] = {}
        self._notify: Callable[[], None] = lambda: None

    def on_note(self, notify: Callable[[], None]) -> None:
        """Call ``notify`` when something was noted."""
        self._notify = notify

    def note(self, event: AgentEvent, *, now_s: float) -> None:
        """Remember the transcripts that an event says have grown; does nothing for other events."""
        if event.origin.host not in PRICED_HOSTS:
            return
        if not isinstance(event, TurnEnded | SessionEnded | SubagentStopped | SubagentReturned):
            return
        sources = _sources(event)
        with self._lock:
            self._sources.update(dict.fromkeys(sources, now_s))
        if sources:
            self._notify()

    def take(self) -> dict[Source, float]:
        """Return what is noted, with the time it was last noted (monotonic seconds)."""
        with self._lock:
            return dict(self._sources)

    def settle(self, source: Source, *, noted_s: float) -> None:
        """Forget a transcript unless it was noted again since ``noted_s``."""
        with self._lock:
            if self._sources.get(source) == noted_s:
                del self._sources[source]


def _sources(event: TurnEnded | SessionEnded | SubagentStopped | SubagentReturned) -> list[Source]:
    origin = event.origin
    found: list[Source] = []
    if isinstance(event, SubagentStopped) and event.transcript_path and origin.agent_id:
        found.append(
            Source(
                path=event.transcript_path,
                host=origin.host,
                session_id=origin.session_id,
                agent_id=origin.agent_id,
            )
        )
    if not origin.transcript_path:
        return found
    found.append(Source(path=origin.transcript_path, host=origin.host, session_id=origin.session_id))
    if isinstance(event, SubagentReturned):
        # Claude Code keeps a subagent's transcript in a folder named after the session's.
        folder = Path(origin.transcript_path).with_suffix("") / "subagents"
        found.append(
            Source(
                path=str(folder / f"agent-{event.child_agent_id}.jsonl"),
                host=origin.host,
                session_id=origin.session_id,
                agent_id=event.child_agent_id,
            )
        )
    return found
