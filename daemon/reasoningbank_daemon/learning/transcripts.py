"""Read token usage out of Claude Code's transcripts, a piece at a time.

A transcript is a file of JSON lines that only grows. Lines of other types (most of its bytes: prompts, requests)
are skipped without being decoded. One message of a model spans several lines; its usage counts once.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec

_Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)]  # beyond it, sums would not fit into 64 bits


class MessageUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one message of a model used, in tokens.

    ``input`` is what was neither read from nor written to the cache. ``prompt_id`` names the user's prompt (the
    turn) where the piece that was read shows it; otherwise ``at_ns`` tells. ``sidechain`` marks a subagent's.
    """

    message_id: str
    model: str
    at_ns: int
    input: int
    output: int
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    request_id: str | None = None
    prompt_id: str | None = None
    sidechain: bool = False


class _CacheCreation(msgspec.Struct, frozen=True, kw_only=True):
    ephemeral_5m_input_tokens: _Count = 0
    ephemeral_1h_input_tokens: _Count = 0


class _Usage(msgspec.Struct, frozen=True, kw_only=True):
    input_tokens: _Count = 0
    output_tokens: _Count = 0
    cache_read_input_tokens: _Count | None = None
    cache_creation_input_tokens: _Count | None = None
    cache_creation: _CacheCreation | None = None


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    id: str = ""
    model: str = ""
    usage: _Usage | None = None


class _Line(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    type: str = ""
    timestamp: str = ""
    prompt_id: str | None = None
    request_id: str | None = None
    is_sidechain: bool = False


class _AssistantLine(_Line, frozen=True, kw_only=True, rename="camel"):
    message: _Message = _Message()


_line_decoder = msgspec.json.Decoder(_Line)
_assistant_decoder = msgspec.json.Decoder(_AssistantLine)

_NO_MODEL = "<synthetic>"
"""What Claude Code writes for messages of its own, which no model made and nobody pays for."""


def parse_lines(chunk: bytes, offset: int) -> tuple[tuple[MessageUsage, ...], int]:
    """Read the complete lines of a piece of a transcript.

    Parameters
    ----------
    chunk
        The file's bytes from ``offset`` on.
    offset
        Where the piece begins; 0, or what an earlier call returned.

    Returns
    -------
    tuple[tuple[MessageUsage, ...], int]
        The usage of each message, once per message id, in the order of their first lines; and the offset from
        which to read on: behind the last complete line. Lines that are damaged or of another type are skipped.

    Notes
    -----
    The last usage of an id wins. A message whose lines lie in two pieces is returned by both calls: the caller
    replaces what it stored under that id.
    """
    end = chunk.rfind(b"\n") + 1
    found: dict[str, MessageUsage] = {}
    prompt_id: str | None = None
    for line in chunk[:end].split(b"\n"):
        if b'"assistant"' in line and b'"usage"' in line:
            usage = _usage(line, prompt_id)
            if usage is not None:
                found[usage.message_id] = usage
        elif b'"promptId"' in line:
            prompt_id = _prompt_id(line) or prompt_id
    return tuple(found.values()), offset + end


def _usage(line: bytes, prompt_id: str | None) -> MessageUsage | None:
    try:
        decoded = _assistant_decoder.decode(line)
        at_ns = _nanoseconds(decoded.timestamp)
    except (msgspec.DecodeError, ValueError, OverflowError):
        return None  # not one of ours, or half overwritten: there is nothing to count in it
    message = decoded.message
    if decoded.type != "assistant" or message.usage is None or not message.id or message.model == _NO_MODEL:
        return None
    short, long = _cache_writes(message.usage)
    return MessageUsage(
        message_id=message.id,
        model=message.model,
        request_id=decoded.request_id,
        at_ns=at_ns,
        input=message.usage.input_tokens,
        output=message.usage.output_tokens,
        cache_read=message.usage.cache_read_input_tokens or 0,
        cache_write_5m=short,
        cache_write_1h=long,
        prompt_id=decoded.prompt_id or prompt_id,
        sidechain=decoded.is_sidechain,
    )


def _cache_writes(usage: _Usage) -> tuple[int, int]:
    """Split cache writes by lifetime; a total without a split lives five minutes, the API's default."""
    total = usage.cache_creation_input_tokens or 0
    if usage.cache_creation is None:
        return total, 0
    long = usage.cache_creation.ephemeral_1h_input_tokens
    short = usage.cache_creation.ephemeral_5m_input_tokens
    return max(short, total - long), long


def _prompt_id(line: bytes) -> str | None:
    try:
        decoded = _line_decoder.decode(line)
    except msgspec.DecodeError:
        return None
    return decoded.prompt_id if decoded.type == "user" else None


def _nanoseconds(timestamp: str) -> int:
    moment = dt.datetime.fromisoformat(timestamp)
    since_epoch = moment.astimezone(dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (
        since_epoch.days * 86_400 + since_epoch.seconds
    ) * 1_000_000_000 + since_epoch.microseconds * 1_000
