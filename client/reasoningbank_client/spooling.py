"""Keep an event that no daemon has stored: without its secrets, in bounds, under the nonce of its call."""

from __future__ import annotations

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from reasoningbank_client.exchange import Exchange
from reasoningbank_schema.messages import HookEvent, Request, encode_request
from reasoningbank_schema.redaction import cap_text, redact, redact_bytes
from reasoningbank_schema.spool import DEFAULT_LIMITS, MAX_EVENT_BYTES, Limits, write_entry

IDENTITIES = frozenset({"session", "agent", "host", "event", "via"})
"""Fields by which the daemon groups events: a cut one would start another group. (Without a secret it does not: the
daemon groups by names without theirs.)"""

SHORTEST_CHARS = 64
"""A request that is too long even with its texts cut to this is not long because of its texts."""


def keep(exchange: Exchange, folder: Path, *, limits: Limits = DEFAULT_LIMITS) -> str:
    """Write the event to the spool and return the name of its file.

    Secrets are replaced first; then the texts of an event over `MAX_EVENT_BYTES` are shortened, each with a
    marker that counts what is gone.

    Raises
    ------
    SpoolError
        When the folder is not ours alone, or the event is over the bounds.
    OSError
        When the disk is full, the folder read-only, and so on.
    """
    request = shortened(redacted(exchange.request), MAX_EVENT_BYTES)
    # The deadline of a spooled request means nothing: whoever takes it in waits for no advice.
    header, _ = exchange.frames(deadline_ms=1, copy=True)
    return write_entry(str(folder), header, encode_request(request), limits=limits)


def redacted(request: Request) -> Request:
    """Return a request without secrets in its texts."""
    request = _with_texts(request, lambda text: redact(text).text, but=frozenset())
    if isinstance(request, HookEvent):
        return msgspec.structs.replace(request, payload=redact_bytes(request.payload)[0])
    return request


def shortened(request: Request, limit_bytes: int) -> Request:
    """Return a request whose encoding has at most ``limit_bytes``, its longest texts cut; else as it came.

    A hook's payload that is too long and no JSON is emptied: nobody could read what a cut would leave.
    """
    bound_chars = limit_bytes
    smaller = request
    while len(encode_request(smaller)) > limit_bytes and bound_chars >= SHORTEST_CHARS:
        bound_chars //= 2
        smaller = _capped(request, bound_chars)
    return smaller


def _capped(request: Request, bound_chars: int) -> Request:
    request = _with_texts(request, lambda text: cap_text(text, bound_chars))
    if not isinstance(request, HookEvent):
        return request
    return msgspec.structs.replace(
        request, payload=_capped_json(request.payload, bound_chars), truncated=True
    )


def _capped_json(payload: bytes, bound_chars: int) -> bytes:
    try:
        return msgspec.json.encode(_capped_value(msgspec.json.decode(payload), bound_chars))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b""


def _capped_value(value: Any, bound_chars: int) -> Any:  # Any: decoded JSON of a shape nobody knows
    if isinstance(value, str):
        return cap_text(value, bound_chars)
    if isinstance(value, list):
        return [_capped_value(item, bound_chars) for item in value]
    if isinstance(value, dict):
        return {key: _capped_value(item, bound_chars) for key, item in value.items()}
    return value


def _with_texts(
    request: Request, change: Callable[[str], str], *, but: frozenset[str] = IDENTITIES
) -> Request:
    """Return the request with ``change`` applied to each of its texts, ``but`` some."""
    changes: dict[str, object] = {}
    for name in request.__struct_fields__:
        value = getattr(request, name)
        if name in but or isinstance(value, enum.Enum):
            continue
        if isinstance(value, str):
            changes[name] = change(value)
        elif isinstance(value, tuple):
            changes[name] = tuple(change(item) for item in value)
    return msgspec.structs.replace(request, **changes)
