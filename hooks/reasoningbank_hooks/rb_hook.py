"""``rb-hook HOST EVENT [--via settings|plugin] [ARGUMENT ...]``: pass a hook's stdin on, print what comes back.

Start-up is this program's latency. So this file imports modules written in C and nothing of ours, speaks ZMTP
3.0 (NULL) by hand, and neither parses nor understands what it carries. The installer copies it, compiled, into
the hook folder and writes the executable ``rb-hook``, a few lines that call `run` with absolute paths.

It never hurts its host: nothing on stderr, an empty stdout on any trouble, exit status 0 always (the
executable sees to that), and its own deadline, reading stdin included, kept by a timer whose signal interrupts
whatever blocks. What the daemon has not acknowledged goes to `rb_hook_fallback`, which spools it; what of that is
not done in time, a child finishes for which nobody waits.
"""

import _signal  # type: ignore[import-not-found]  # typeshed knows only `signal`, which loads enum
import _socket
import posix
import sys
import time

DEADLINE_MS = 150
"""How long the host waits for the daemon at most, reading stdin included."""

GRACE_MS = 80
"""How long printing, spooling and starting the daemon may take after that, before a child takes over."""

ALONE_MS = 3500
"""How long that child may go on; on a machine so busy, a few milliseconds of work take a while."""

MAX_SENT_BYTES = 4 << 20
"""A larger event is shortened by the failure path; sent whole it would occupy the daemon for seconds."""

READ_BYTES = 1 << 16

MAX_FRAME_BYTES = 1 << 20
"""No answer is this large: a peer that announces more is not the daemon."""

FOLDER_HOSTS = ("git",)
"""The hosts whose events are about the folder that they are called in: it is sent, and that the event happened is
worth keeping without anything on stdin. Every other host names its folder in what it writes."""

OPENING_EVENTS = ("sessionstart", "session.created", "event-session.created")
"""The events, in lower case, at which an absent daemon is started."""

_GREETING = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL" + b"\0" * 48
_READY = b"\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0"
_VERSION = 1  # envelope.PROTOCOL_VERSION
_PENDING = 0  # envelope.Stored.PENDING
_DONE = (1, 3, 4)  # envelope.Stored: STORED, REFUSED, NOTHING


class Call:
    """Hold what one run of the program is about, and how far it got."""

    def __init__(self, arguments: list[str], deadline_ms: int) -> None:
        self.end_ns = time.monotonic_ns() + deadline_ms * 1_000_000
        self.sent_ns = time.time_ns()
        self.nonce = posix.urandom(16)
        self.host, self.event, *rest = arguments
        self.via = "settings"
        if len(rest) > 1 and rest[0] == "--via":
            self.via = rest[1]
            rest = rest[2:]
        self.arguments = rest
        self.cwd = ""
        self.stdin = 0
        self.chunks: list[bytearray] = []
        self.complete = False
        self.absent = False
        self.waiting = False
        self.answer = b""
        self.stored = _PENDING

    def header(self) -> bytes:
        """Build the request header of `envelope`; the daemon gets 5 ms less than what is left."""
        left_ms = max(1, (self.end_ns - time.monotonic_ns()) // 1_000_000 - 5)
        return b"RB\x01\0" + self.nonce + self.sent_ns.to_bytes(8, "big") + left_ms.to_bytes(4, "big")

    def body(self, payload: bytes, *, truncated: bool) -> bytes:
        """Encode a `messages.HookEvent` as MessagePack."""
        return b"".join(
            (
                b"\x88\xa4type\xaahook_event\xa4host",
                _pack_text(self.host),
                b"\xa5event",
                _pack_text(self.event),
                b"\xa3via",
                _pack_text(self.via),
                b"\xa3cwd",
                _pack_text(self.cwd),
                b"\xa4args\xdc",
                len(self.arguments).to_bytes(2, "big"),
                *[_pack_text(argument) for argument in self.arguments],
                b"\xa9truncated",
                b"\xc3" if truncated else b"\xc2",
                b"\xa7payload\xc6",
                len(payload).to_bytes(4, "big"),
                payload,
            )
        )

    def interrupt(self, _number: int, _frame: object) -> None:
        """Break off what blocks: the deadline has passed, or the host wants us gone.

        Once, and only while the host waits: raised before or after that, it would end the keeping of the event, too.
        """
        if self.waiting:
            self.waiting = False
            raise TimeoutError

    def read_stdin(self) -> None:
        """Collect stdin to its end; past `MAX_SENT_BYTES` the rest is drained and thrown away."""
        if sys.stdin is None or posix.isatty(self.stdin) or self.event == "notify":
            # Closed, a person at a terminal, or Codex's notify, whose event is an argument: nobody would end it.
            self.complete = True
            return
        size, got = 0, 1
        while got:
            # Kept before it is filled: an alarm that comes together with the data would lose what `read` returns.
            chunk = bytearray(READ_BYTES)
            self.chunks.append(chunk)
            got = posix.readv(self.stdin, [chunk])
            del chunk[got:]
            size += got
            if size > MAX_SENT_BYTES or not got:
                self.chunks.pop()
        self.complete = size <= MAX_SENT_BYTES

    def end_reading(self) -> None:
        """Take from the chunk that was being read what no read has filled; after an alarm, once none can come."""
        if not self.complete and self.chunks:
            self.chunks[-1] = self.chunks[-1].rstrip(b"\0")
            if not self.chunks[-1]:
                self.chunks.pop()

    def take(self, frames: list[bytes]) -> bool:
        """Take in one message from the daemon; return whether nothing more is to come."""
        if len(frames) != 2 or len(frames[0]) != 24:
            return False
        header, body = frames
        if header[:2] != b"RB" or header[8:] != self.nonce:
            return False
        if header[2] != _VERSION:
            return True  # another version's states mean nothing here: not known to be stored
        code, final, stored = header[3:6]
        if final and not self._advised:
            self._advised = True
            self.answer = b"" if code else body
        if stored != _PENDING:
            self.stored = stored
        return self._advised and self.stored != _PENDING

    _advised = False


class Peer:
    """Speak ZMTP 3.0 as a DEALER on one Unix socket."""

    def __init__(self, path: str) -> None:
        self._buffer = b""
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        # Not blocking: when a stopped daemon's queue of connections is full, connect would wait for ever.
        self._socket.setblocking(False)
        self._socket.connect(path)
        self._socket.setblocking(True)
        self._socket.sendall(_GREETING + _pack_frame(_READY, 4))

    def shake_hands(self) -> None:
        """Await the peer's greeting and READY: libzmq drops a client whose first message comes before that."""
        self._need(64)
        if self._buffer[0] != 0xFF or self._buffer[10] < 3 or self._buffer[12:17] != b"NULL\0":
            raise ConnectionError
        self._buffer = self._buffer[64:]
        flags, body = self._frame()
        if not flags & 4 or body[:6] != b"\x05READY":
            raise ConnectionError

    def send(self, header: bytes, body: bytes) -> None:
        """Send one request."""
        self._socket.sendall(_pack_frame(header, 1) + _pack_frame(body, 0))

    def message(self) -> list[bytes]:
        """Await one message; return its frames, commands left out."""
        frames: list[bytes] = []
        while True:
            flags, body = self._frame()
            if flags & 4:
                if body[:6] == b"\x05ERROR":
                    raise ConnectionError
                continue
            frames.append(body)
            if not flags & 1:
                return frames

    def _frame(self) -> tuple[int, bytes]:
        self._need(2)
        flags, size = self._buffer[0], self._buffer[1]
        start = 2
        if flags & 2:
            start = 9
            self._need(start)
            size = int.from_bytes(self._buffer[1:9], "big")
        if flags > 7 or size > MAX_FRAME_BYTES:
            raise ConnectionError
        self._need(start + size)
        body = self._buffer[start : start + size]
        self._buffer = self._buffer[start + size :]
        return flags, body

    def _need(self, size: int) -> None:
        while len(self._buffer) < size:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError
            self._buffer += data


def exchange(call: Call, socket: str) -> None:
    """Ask the daemon; ``call`` then says how far it got, whatever exception ends this."""
    peer = None
    try:
        peer = Peer(socket)
    except (FileNotFoundError, ConnectionRefusedError):
        call.absent = True
    except TimeoutError:
        raise
    except OSError:
        # Out of reach, not absent: it is not started again. The event is read all the same, for the spool.
        peer = None
    call.read_stdin()
    if peer is None or not call.complete:
        return
    peer.shake_hands()
    peer.send(call.header(), call.body(b"".join(call.chunks), truncated=False))
    while not call.take(peer.message()):
        pass


def run(
    arguments: list[str],
    *,
    socket: str,
    spool: str,
    daemon: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
    deadline_ms: int = DEADLINE_MS,
) -> None:
    """Run one call of the program.

    Parameters
    ----------
    arguments
        What follows the program's name.
    socket, spool
        Absolute paths; ``RB_HOME`` in the environment overrides both.
    daemon, environment
        How to start an absent daemon; hosts clean the environment, so it is given here.
    deadline_ms
        Counted from here to the daemon's last answer, reading stdin included.

    Raises
    ------
    Exception
        Of any kind; the caller exits with status 0 and silence.
    """
    call = Call(arguments, deadline_ms)
    endings = (_signal.SIGALRM, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGINT)
    for number in endings:
        _signal.signal(number, call.interrupt)
    # A host may have blocked signals before it started us; without SIGALRM there would be no deadline.
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, endings)
    home = posix.environ.get(b"RB_HOME", b"").decode("utf-8", "surrogateescape")
    if home:
        socket, spool = home + "/run/bus.sock", home + "/state/spool"
        environment = {**(environment or {}), "RB_HOME": home}
    try:
        try:
            call.waiting = True
            # In here: on a machine so busy, the time may be over before the next line.
            _signal.setitimer(_signal.ITIMER_REAL, max(call.end_ns - time.monotonic_ns(), 1000) / 1e9)
            if call.host in FOLDER_HOSTS:
                call.cwd = posix.getcwd()
            exchange(call, socket)
        finally:
            _signal.setitimer(_signal.ITIMER_REAL, 0)
            call.waiting = False
    except BaseException:  # noqa: BLE001, S110 (``call`` says how far it got; what isn't stored is kept below)
        pass
    call.end_reading()
    known = call.chunks or call.arguments or call.host in FOLDER_HOSTS
    if not (known or call.complete):
        _keep_open(call)
    _signal.signal(_signal.SIGALRM, _leave)
    end_ns = call.end_ns + GRACE_MS * 1_000_000
    _signal.setitimer(_signal.ITIMER_REAL, max(end_ns - time.monotonic_ns(), 1000) / 1e9)
    _print(call.answer)
    if call.stored not in _DONE and (known or call.stdin):
        # By name and not by an import statement: the hot path has nothing to do with what that file imports.
        opens = call.absent and call.event.lower() in OPENING_EVENTS
        __import__("rb_hook_fallback").keep(
            call,
            folder=spool,
            daemon=daemon if opens else (),
            environment=environment or {},
            end_ns=end_ns,
            hand_over=hand_over,
        )


def _keep_open(call: Call) -> None:
    """Let a child read what the host has not begun to write; its own stdin will be nothing."""
    try:
        call.stdin = posix.dup(0)
    except OSError:
        return  # it is closed


def _print(answer: bytes) -> None:
    try:
        while answer and sys.stdout is not None:
            answer = answer[posix.write(1, answer) :]
    except OSError:
        return  # nobody reads it; the event is kept all the same


def hand_over() -> bool:
    """Let the host go on, which waits for this process, and let a child finish in its place.

    Returns True in the child, which has nothing of the host's any more, and False where there can't be one.
    """
    try:
        if posix.fork():
            posix._exit(0)  # noqa: SLF001 (a public function with an old name)
    except OSError:
        return False
    _signal.signal(_signal.SIGALRM, _end)
    _signal.setitimer(_signal.ITIMER_REAL, ALONE_MS / 1000)
    posix.setsid()
    null = posix.open("/dev/null", posix.O_RDWR)
    for standard in (0, 1, 2):
        posix.dup2(null, standard)
    return True


def _leave(number: int, frame: object) -> None:
    """Hand over what is under way: the time for printing and spooling is over, too."""
    if not hand_over():
        _end(number, frame)


def _end(_number: int, _frame: object) -> None:
    posix._exit(0)  # noqa: SLF001 (as above)


def _pack_text(text: str) -> bytes:
    """Encode a MessagePack string."""
    raw = text.encode("utf-8", "replace")
    size = len(raw)
    return (bytes((0xA0 | size,)) if size < 32 else b"\xdb" + size.to_bytes(4, "big")) + raw


def _pack_frame(body: bytes, flags: int) -> bytes:
    """Encode one ZMTP frame; ``flags``: 1 = more follow, 4 = command."""
    size = len(body)
    if size < 256:
        return bytes((flags, size)) + body
    return bytes((flags | 2,)) + size.to_bytes(8, "big") + body
