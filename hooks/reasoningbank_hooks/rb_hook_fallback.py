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

ALONE_NS = 3_000_000_000
"""The time of a child for which nobody waits; `rb_hook` ends it a little later."""

AWAITED_NS = 2_000_000_000
"""The part of that time in which a host that has not begun to write may still do so."""

ALONE_WRITING_NS = 500_000_000
ALONE_RESERVE_NS = 1_000_000_000
"""The same parts of that time: on a machine so busy, milliseconds of work take a while."""

START_AGAIN_S = 5.0
"""A daemon that was started this recently is not started again by the next hook."""

OUTLINE_BYTES = 8192
"""Hosts name session, tool and ids before the long texts."""

SHORTEST_CHARS = 64
"""A payload that is too long even with its strings cut to this is not long because of its strings."""

BEGINNING_BYTES = 64 * 1024
"""What is kept of an event so large that its end was never read."""

STRING_BYTES = 12 * 1024
"""What is kept of each of its strings: more than the bank keeps of a prompt."""

_TOKEN = re.compile(rb'\s*("[^"\\]*(?:\\.[^"\\]*)*(")?|[{}\[\],:]|[^\s"{}\[\],:]+)', re.DOTALL)
_VALUE_FOLLOWS = (b":", b"[")
_OPENS = (b"{", b"[")
_CLOSES = (b"}", b"]")
_WHOLE_CHARACTERS = re.compile(
    rb"(?:[^\\]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\[^u])*"
)

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
    if call.stdin:
        if not _await_payload(call, hand_over):
            return
        end_ns = time.monotonic_ns() + ALONE_NS - AWAITED_NS
    payload = b"".join(call.chunks)
    writing_ns = WRITING_NS
    kept = _attempt(lambda: _whole(payload, complete=call.complete), until_ns=end_ns - RESERVE_NS)
    if kept is None and time.monotonic_ns() >= end_ns - RESERVE_NS and hand_over():
        end_ns = time.monotonic_ns() + ALONE_NS
        writing_ns = ALONE_WRITING_NS
        kept = _attempt(lambda: _whole(payload, complete=call.complete), until_ns=end_ns - ALONE_RESERVE_NS)
    if kept is None:
        kept = _attempt(lambda: _outline(payload), until_ns=end_ns - writing_ns)
    content, truncated = kept or (b"", True)
    _alarm_at(end_ns)
    body = call.body(content, truncated=truncated)
    spool.write_entry(
        folder, call.header(), body, bare=kept is None, sync=_sync_until(end_ns - writing_ns // 2)
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


def beginning(payload: bytes) -> bytes | None:
    """Return the beginning of JSON that was cut off, as JSON: strings cut, what is open closed; None if there is none.

    What a prompt or a command begins with tells what the event was; its end is gone. JSON that is whole and has no
    long string is returned as it came.
    """
    beyond = max(len(payload) - spool.MAX_EVENT_BYTES, 0)
    payload = payload[: spool.MAX_EVENT_BYTES]  # to read on takes a tenth of a second
    kept: list[bytes] = []
    open_: list[bytes] = []
    size = position = 0
    sound = (0, 0)  # tokens kept and containers open, after the last value that is whole or marked
    same = True
    before = b""
    while size < BEGINNING_BYTES and (match := _TOKEN.match(payload, position)):
        token, position = match[1], match.end()
        text = token[:1] == b'"'
        in_place = before in _VALUE_FOLLOWS or (before == b"," and open_[-1:] == [b"["])
        if text and not in_place and match[2] is None:
            break  # half of a name
        if text:
            token = _string(token, ends=match[2] is not None, beyond=beyond)
            same = same and token == match[1]
        elif token in _CLOSES and open_:
            open_.pop()
        elif token in _OPENS:
            open_.append(token)
        kept.append(token)
        size += len(token)
        before = token
        if token in _CLOSES or (in_place and token not in _OPENS and (text or position < len(payload))):
            sound = (len(kept), len(open_))
        if not open_:
            break
    if kept and not open_ and same:
        return payload[:position] if kept[0] in _OPENS else None
    closing = [_CLOSES[_OPENS.index(container)] for container in reversed(open_[: sound[1]])]
    return b"".join((*kept[: sound[0]], *closing)) if sound[0] else None


def start_daemon(command: tuple[str, ...], environment: dict[str, str], *, guard: str) -> bool:
    """Start the daemon detached, without waiting for it; return whether one was started.

    The daemon's own lock decides who stays. The ``guard`` file only spares a burst of sessions the cost of
    starting processes that leave again.
    """
    try:
        # A guard of the future is from before the clock was set back.
        if abs(time.time() - os.stat(guard, follow_symlinks=False).st_mtime) < START_AGAIN_S:
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


def _await_payload(call: Call, hand_over: Callable[[], bool]) -> bool:
    """Read in a child what the host has not begun to write: a machine so busy holds up the host, too.

    Returns False where there can be no child, or nothing comes.
    """
    if not hand_over():
        return False
    end = _signal.signal(_signal.SIGALRM, _interrupt)
    try:
        _alarm_at(time.monotonic_ns() + AWAITED_NS)
        call.read_stdin()
    except (TimeoutError, OSError):
        pass  # what has come is kept
    finally:
        _signal.setitimer(_signal.ITIMER_REAL, 0)
        _signal.signal(_signal.SIGALRM, end)
    call.end_reading()
    return bool(call.chunks)


def _attempt(make: Callable[[], tuple[bytes, bool]], *, until_ns: int) -> tuple[bytes, bool] | None:
    """Return what ``make`` makes, or None when it fails or time runs out; the alarm is the caller's afterwards."""
    # First: the alarm that is set belongs to the caller, and what it raised before `try` would end all.
    _signal.setitimer(_signal.ITIMER_REAL, 0)
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
    if not complete:
        payload = beginning(payload) or payload
    elif len(payload) > spool.MAX_EVENT_BYTES:
        payload = shorten(payload, spool.MAX_EVENT_BYTES) or payload
        complete = False
    if len(payload) > spool.MAX_EVENT_BYTES:
        raise ValueError("too long, and not JSON that can be shortened")
    return _redact(payload), not complete


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


def _string(token: bytes, *, ends: bool, beyond: int) -> bytes:
    """Return a JSON string as it came, or cut before a word, with a mark."""
    inner = token[1:-1] if ends else token[1:]
    if ends and len(inner) <= STRING_BYTES:
        return token
    most = min(STRING_BYTES, len(inner))
    end = inner.rfind(b" ", max(most - 1024, 0), most)
    whole = _WHOLE_CHARACTERS.match(inner, 0, end if end > 0 else max(most - 1024, 0))
    kept = whole[0].decode("utf-8", "ignore").encode() if whole else b""
    cut = b"%d" % (len(inner) - len(kept)) if ends else b"more than %d" % (len(inner) - len(kept) + beyond)
    return b'"%s \\u2026 [%s bytes cut]"' % (kept, cut)


def _cut(text: str, bound_chars: int) -> str:
    """Cut before the word that crosses the bound: half a secret would not be recognised as one."""
    end = max(text.rfind(mark, bound_chars - 1024, bound_chars) for mark in (" ", "\n", "\t", ","))
    return text[: end if end > 0 else max(bound_chars - 1024, 0)]


def _sync_until(end_ns: int) -> Callable[[int], None]:
    """Return a sync that gives up: an entry that is whole, if not known to be on disk, is better than none.

    For a child that took over meanwhile nobody waits: it has its own time, and a disk that is busy may be given it.
    """
    begun_by = os.getpid()

    def sync(descriptor: int) -> None:
        begun_ns = time.monotonic_ns()
        if begun_ns >= end_ns and os.getpid() == begun_by:
            return  # the host waits: as below, and the folder comes after the entry that took all the time
        left_s, _ = _signal.setitimer(_signal.ITIMER_REAL, 0)
        leave = _signal.signal(_signal.SIGALRM, _interrupt)
        try:
            try:
                _alarm_at(end_ns if begun_ns < end_ns else begun_ns + ALONE_NS)
                os.fsync(descriptor)
            finally:
                _signal.setitimer(_signal.ITIMER_REAL, 0)
        except TimeoutError:
            pass  # the disk takes longer than there is time: all is written, and only a power cut could lose it
        finally:
            # Not above: an alarm at the last moment would be raised there, and the next one as a TimeoutError, too.
            _signal.signal(_signal.SIGALRM, leave)
        _signal.setitimer(_signal.ITIMER_REAL, max(left_s - (time.monotonic_ns() - begun_ns) / 1e9, 0.001))

    return sync


def _interrupt(_number: int, _frame: object) -> None:
    raise TimeoutError


def _alarm_at(at_ns: int) -> None:
    _signal.setitimer(_signal.ITIMER_REAL, max(at_ns - time.monotonic_ns(), 1000) / 1e9)
