"""The names that hosts give: of sessions, prompts, subagents, calls, models. They are kept without secrets.

A name without its secret is the same wherever it is made: in the spool, in the bank, in a question to it. So the
events of a session meet under one key, whichever way they came.
"""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from reasoningbank_daemon.storage.scrubbing import Scrubber
from reasoningbank_schema.events import AgentEvent, FilesEdited

ORIGIN_NAMES = ("host", "session_id", "turn_id", "agent_id", "agent_type", "transcript_path", "model")
EVENT_NAMES = (
    "tool_use_id",
    "child_agent_id",
    "transcript_path",
    "reason",
    "to_model",
    "model",
    "commit",
    "replaced",
)
"""The fields of events that are stored as they come; every text is cleaned where it is stored."""


def with_clean_names(event: AgentEvent, scrubber: Scrubber) -> AgentEvent:
    """Return an event without secrets in its names; the event itself where there is none.

    The working directory is left: projects and linters need it as it is. What is stored of it is cleaned there.
    """
    changes = _changes(event, EVENT_NAMES, scrubber)
    if origin := _changes(event.origin, ORIGIN_NAMES, scrubber):
        changes["origin"] = msgspec.structs.replace(event.origin, **origin)
    if isinstance(event, FilesEdited):
        edits = tuple(
            msgspec.structs.replace(edit, **_changes(edit, EVENT_NAMES, scrubber)) for edit in event.edits
        )
        if edits != event.edits:
            changes["edits"] = edits
    return msgspec.structs.replace(event, **changes) if changes else event


@functools.cache
def _names_in(kind: type[msgspec.Struct], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name in kind.__struct_fields__)


def _changes(holder: msgspec.Struct, names: tuple[str, ...], scrubber: Scrubber) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _names_in(type(holder), names):
        value = getattr(holder, name)
        if value and (clean := scrubber.identity(value)) != value:
            found[name] = clean
    return found
