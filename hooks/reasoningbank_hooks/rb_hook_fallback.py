"""What `rb_hook` does with an event that the daemon has not acknowledged: shorten, redact, spool.

Loaded only then, from the hook folder, where the installer puts this file beside copies of
`reasoningbank_schema.spool` and `reasoningbank_schema.redaction`. Everything has to be over at ``end_ns``.
If that takes longer, a child goes on for which nobody waits. If there can't be one, or it is late as well, the
event's outline is kept (which session, which tool), and at worst its header alone; what has not been redacted is
never written.
"""

# ruff: noqa: PTH108, PTH116, PTH118, PTH120, PTH208
# Loading pathlib would cost milliseconds of an agent's turn.

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed knows only `signal`, which loads enum
import os
import re
import time

from reasoningbank_schema import spool

TYPE_CHECKING = False  # as `typing` has it, without loading it
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from reasoningbank_hooks.rb_hook import Call

WRITING_NS = 40_000_000
"""The last part of the time belongs to the disk."""

RESERVE_NS = WRITING_NS + 10_000_000
"""The part before that belongs to the outline, in case the whole event was not ready in time."""

ALONE_NS = 2_000_000_000
"""The time of a child for which nobody waits; `rb_hook` ends it a little later."""

START_AGAIN_S = 5.0
"""A daemon that was started this recently is not started again by the next hook."""

OUTLINE_BYTES = 8192
"""Hosts name session, tool and ids before the long texts."""

SHORTEST_CHARS = 64
"""A payload that is too long even with its strings cut to this is not long because of its strings."""

# What each host calls session, place, turn, subagent and tool: Copilot writes sessionId, OpenCode sessionID.
_OUTLINE = (
    rb'"(session_id|sessionId|sessionID|transcript_path|cwd|prompt_id|turn_id|hook_event_name|agent_id|agent_type'
    rb'|permission_mode|tool_name|toolName|tool|tool_use_id|callID|source|reason|model|to_model)"\s*:\s*("(?:[^"\\\x00-\x1f]|\\.){0,1000}")'
)


def keep(
    call: Call,
    *,
    folder: str,
    daemon: tuple[str, ...],
    environment: dict[str, str],
    end_ns: int,
    hand_over: Callable[[], bool],
) -> None:
    """Spool what ``call`` has read, then start ``daemon`` if one is given.

    Parameters
    ----------
    folder
        The spool.
    daemon, environment
        The command, empty for none, and all it finds in its environment.
    end_ns
        When everything has to be over, on the monotonic clock.
    hand_over
        Makes a child that goes on in our place, and returns True in it; False where there can't be one.

    Raises
    ------
    reasoningbank_schema.spool.SpoolError, OSError
        When nothing can be written; the caller stays silent.
    """
    payload = b"".join(call.chunks)
    kept = _attempt(lambda: _whole(payload, complete=call.complete), until_ns=end_ns - RESERVE_NS)
    if kept is None and time.monotonic_ns() >= end_ns - RESERVE_NS and hand_over():
        end_ns = time.monotonic_ns() + ALONE_NS
        kept = _attempt(lambda: _whole(payload, complete=call.complete), until_ns=end_ns - RESERVE_NS)
    if kept is None:
        kept = _attempt(lambda: _outline(payload), until_ns=end_ns - WRITING_NS)
    content, truncated = kept or (b"", True)
    _alarm_at(end_ns)
    body = call.body(content, truncated=truncated)
    spool.write_entry(
        folder, call.header(), body, bare=kept is None, sync=_sync_until(end_ns - WRITING_NS // 2)
    )
    if daemon:
        start_daemon(daemon, environment, guard=os.path.join(os.path.dirname(folder), "starting"))


def shorten(payload: bytes, limit_bytes: int) -> bytes | None:
    """Return JSON with its longest strings cut until it fits, or None when that can't be done."""
    import json  # noqa: PLC0415 (3 ms that only an event over the limit has to pay)

    try:
        document = json.loads(payload)
        bound_chars = limit_bytes
        while bound_chars >= SHORTEST_CHARS:
            cut = _with_strings_cut(document, bound_chars)
            text = json.dumps(cut, ensure_ascii=False, separators=(",", ":"))
            shortened = text.encode("utf-8", "replace")
            if len(shortened) <= limit_bytes:
                return shortened
            bound_chars //= 2
    except (ValueError, RecursionError):
        return None
    return None


def outline(payload: bytes) -> bytes:
    """Return a JSON object of the short fields that name session, turn and tool; empty when there are none."""
    fields = {match[1]: match[2] for match in re.finditer(_OUTLINE, payload[:OUTLINE_BYTES])}
    if not fields:
        return b""
    return b"{" + b",".join([b'"%s":%s' % field for field in fields.items()]) + b"}"


def start_daemon(command: tuple[str, ...], environment: dict[str, str], *, guard: str) -> bool:
    """Start the daemon detached, without waiting for it; return whether one was started.

    The daemon's own lock decides who stays. The ``guard`` file only spares a burst of sessions the cost of
    starting processes that leave again.
    """
    try:
        if time.time() - os.stat(guard, follow_symlinks=False).st_mtime < START_AGAIN_S:
            return False
        os.unlink(guard)
    except FileNotFoundError:
        pass  # never started, or another hook has just removed the old guard
    try:
        os.close(os.open(guard, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return False  # another hook was faster
    for name in os.listdir("/dev/fd"):
        try:
            # What the host leaked into us (its sockets, say) must not live on in the daemon.
            os.set_inheritable(int(name), False)
        except OSError:
            continue  # the descriptor of the listing itself is gone again
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    os.posix_spawn(
        command[0],
        command,
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, null, standard) for standard in (0, 1, 2)],
        setsid=True,
        setsigmask=(),
        setsigdef=(_signal.SIGALRM, _signal.SIGHUP, _signal.SIGINT, _signal.SIGPIPE, _signal.SIGTERM),
    )
    return True


def _attempt(make: Callable[[], tuple[bytes, bool]], *, until_ns: int) -> tuple[bytes, bool] | None:
    """Return what ``make`` makes, or None when it fails or time runs out; the alarm is the caller's afterwards."""
    leave = _signal.signal(_signal.SIGALRM, _interrupt)
    try:
        try:
            _alarm_at(until_ns)
            return make()
        finally:
            _signal.setitimer(_signal.ITIMER_REAL, 0)
            _signal.signal(_signal.SIGALRM, leave)
    except Exception:  # noqa: BLE001 (late, not JSON, or a broken redactor: the next best form is kept)
        return None


def _whole(payload: bytes, *, complete: bool) -> tuple[bytes, bool]:
    truncated = not complete
    if len(payload) > spool.MAX_EVENT_BYTES:
        shortened = shorten(payload, spool.MAX_EVENT_BYTES) if complete else None
        if shortened is None:
            raise ValueError("too long, and not JSON that can be shortened")
        payload, truncated = shortened, True
    return _redact(payload), truncated


def _outline(payload: bytes) -> tuple[bytes, bool]:
    fields = outline(payload)
    if not fields:
        raise ValueError("nothing in it can be named")
    return _redact(fields), True


def _redact(payload: bytes) -> bytes:
    # Loaded here, where a redactor that is broken or slow costs the event its content and not its place.
    from reasoningbank_schema import redaction  # noqa: PLC0415

    return redaction.redact_bytes(payload)[0]


def _with_strings_cut(value: Any, bound_chars: int) -> Any:  # Any: decoded JSON of a shape nobody knows
    if isinstance(value, str):
        if len(value) <= bound_chars:
            return value
        kept = _cut(value, bound_chars)
        return f"{kept} … [{len(value) - len(kept)} characters cut]"
    if isinstance(value, list):
        return [_with_strings_cut(item, bound_chars) for item in value]
    if isinstance(value, dict):
        return {key: _with_strings_cut(item, bound_chars) for key, item in value.items()}
    return value


def _cut(text: str, bound_chars: int) -> str:
    """Cut before the word that crosses the bound: half a secret would not be recognised as one."""
    end = max(text.rfind(mark, bound_chars - 1024, bound_chars) for mark in (" ", "\n", "\t", ","))
    return text[: end if end > 0 else max(bound_chars - 1024, 0)]


def _sync_until(end_ns: int) -> Callable[[int], None]:
    """Return a sync that gives up: an entry that is whole, if not known to be on disk, is better than none."""

    def sync(descriptor: int) -> None:
        begun_ns = time.monotonic_ns()
        left_s, _ = _signal.setitimer(_signal.ITIMER_REAL, 0)
        leave = _signal.signal(_signal.SIGALRM, _interrupt)
        try:
            try:
                # Past its end, this is a child that took over: nobody waits, and a disk that is busy may be.
                _alarm_at(end_ns if begun_ns < end_ns else begun_ns + ALONE_NS)
                os.fsync(descriptor)
            finally:
                _signal.setitimer(_signal.ITIMER_REAL, 0)
                _signal.signal(_signal.SIGALRM, leave)
        except TimeoutError:
            pass
        _signal.setitimer(_signal.ITIMER_REAL, max(left_s - (time.monotonic_ns() - begun_ns) / 1e9, 0.001))

    return sync


def _interrupt(_number: int, _frame: object) -> None:
    raise TimeoutError


def _alarm_at(at_ns: int) -> None:
    _signal.setitimer(_signal.ITIMER_REAL, max(at_ns - time.monotonic_ns(), 1000) / 1e9)
