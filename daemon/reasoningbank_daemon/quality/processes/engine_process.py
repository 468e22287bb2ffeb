"""One engine in a child process that speaks JSON-RPC on its standard streams.

Its thread starts the child, brings it to the point where it can work, reads its answers, and reaps it. Callers write
their questions themselves and wait for their own answers, so one slow question holds up no other caller.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Mapping
from enum import Enum

import msgspec
import structlog

from reasoningbank_daemon.quality.engine import (
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
)
from reasoningbank_daemon.quality.processes import rpc
from reasoningbank_daemon.quality.processes.accounts import can_run, processor_ns, resident_bytes
from reasoningbank_daemon.quality.processes.child_process import BoundedChild, InputStalledError

_log = structlog.get_logger(__name__)

_READ_BYTES = 256 * 1024
_ERRORS_TAIL_BYTES = 2000
_METHOD_NOT_FOUND = -32601
_ENDING_S = 1.0
_ANSWERS_BETWEEN_MEMORY_CHECKS = 100
_ENDED = "it ended by itself"
_LOOK_S = 0.2
"""For so long it is looked at whether a process with an old question lacks a processor."""
_MOST_HANG_TIMEOUTS = 20
"""So many times the timeout is for one that does; then it is ended all the same."""


class ProcessState(Enum):
    """The life of an engine process, in order."""

    STARTING = "starting"
    READY = "ready"
    DEAD = "dead"


class ProcessSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to start, how to make it ready, and how far to trust it.

    `prepare` runs once in the process's thread and returns when the engine can work; it raises
    `EngineUnavailableError` where the engine is not what it should be.
    """

    name: str
    command: tuple[str, ...]
    prepare: Callable[[Conversation], None]
    environment: Mapping[str, str] = {}
    memory_bytes: int = 4 * 1024**3
    """Hard limit of the address space; a runaway dies of it."""
    retire_bytes: int = 400 * 1024**2
    """Above this resident size the process is ended between two questions, and a new one started."""
    niceness: int = 5
    """How far it stands back for the daemon itself; on an idle machine it loses nothing. At 20 it runs only when nothing
    else wants the processor."""
    start_timeout_s: float = 60.0
    """What stands back on a busy machine takes its time, and one ended too soon would begin again from nothing."""
    hang_timeout_s: float = 10.0
    """A question this old means that the process hangs, unless it lacks a processor; it is killed."""
    hear: Callable[[str, msgspec.Raw], None] = lambda _method, _params: None
    """Gets the method and the parameters of what the process says unasked."""


class Conversation:
    """Question and answer with a child that is not ready yet, by the one thread that talks to it then."""

    def __init__(
        self, child: BoundedChild, frames: rpc.FrameReader, deadline: float, clock: Callable[[], float]
    ) -> None:
        self._child = child
        self._frames = frames
        self._deadline = deadline
        self._clock = clock

    def tell(self, message: bytes) -> None:
        """Send a framed message."""
        try:
            self._child.write(message, deadline=self._deadline, clock=self._clock)
        except BrokenPipeError as error:
            raise EngineUnavailableError("it ended while starting") from error

    def ask(self, identity: int, method: str, params: object) -> msgspec.Raw:
        """Send a request and return its result; raise `EngineUnavailableError` where none comes."""
        self.tell(rpc.request(identity, method, params))
        return self.hear(identity)

    def hear(self, identity: int) -> msgspec.Raw:
        """Return the result of a request that was sent; other messages are passed over."""
        while (wait_s := self._deadline - self._clock()) > 0:
            if not select.select([self._child.output], [], [], wait_s)[0]:
                break
            data = os.read(self._child.output.fileno(), _READ_BYTES)
            if not data:
                raise EngineUnavailableError("it ended while starting")
            for message in map(rpc.decode, self._frames.feed(data)):
                if message.id == identity and message.method is None:
                    if message.error is not None:
                        raise EngineUnavailableError(f"it refused to start: {message.error.message}")
                    return message.result
        raise EngineUnavailableError("it was not ready in time")


class PendingAnswer:
    """The place where one caller's answer will be."""

    def __init__(self, name: str, deadline: float, clock: Callable[[], float], *, path: str = "") -> None:
        self._name = name
        self.path = path
        self._deadline = deadline
        self._clock = clock
        self._arrived = threading.Event()
        self._outcome: msgspec.Raw | EngineError | None = None
        self.asked_at = clock()

    def settle(self, outcome: msgspec.Raw | EngineError) -> None:
        """Put the answer, or the reason why there is none, in its place."""
        self._outcome = outcome
        self._arrived.set()

    def result(self) -> msgspec.Raw:
        """Wait for the answer until the deadline; raise an `EngineError` where there is none."""
        self._arrived.wait(max(0.0, self._deadline - self._clock()))
        if self._outcome is None:
            raise EngineTimeoutError(f"{self._name} had not answered by the deadline")
        if isinstance(self._outcome, EngineError):
            raise self._outcome
        return self._outcome


class EngineProcess:
    """Runs one child from start to reaping. Every method may be called from any thread."""

    def __init__(self, spec: ProcessSpec, clock: Callable[[], float]) -> None:
        self._spec = spec
        self._clock = clock
        self._changed = threading.Condition()
        self._state = ProcessState.STARTING
        self._child: BoundedChild | None = None
        self._pending: dict[int, PendingAnswer] = {}
        self._last_id = 1000  # `prepare` has the small ones to itself
        self._answered = 0
        self._stopping = False
        self._errors_tail = b""
        self.cause = ""
        self.retired = False
        self.died_over: tuple[str, ...] = ()
        self.started_at = clock()
        self._thread = threading.Thread(target=self._live, name=f"quality-{spec.name}", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """Name the engine."""
        return self._spec.name

    @property
    def state(self) -> ProcessState:
        """Say where in its life the process is."""
        return self._state

    @property
    def pid(self) -> int | None:
        """Return the child's process id; None before it is there."""
        return None if self._child is None else self._child.pid

    def wait_ready(self, deadline: float) -> None:
        """Return once the engine can work; raise an `EngineError` at the deadline, or when it died."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._state is not ProcessState.STARTING, max(0.0, deadline - self._clock())
            )
            state = self._state
        if state is ProcessState.STARTING:
            raise EngineTimeoutError(f"{self._spec.name} was still starting at the deadline")
        if state is ProcessState.DEAD:
            raise EngineUnavailableError(f"{self._spec.name}: {self.cause}")

    def begin(self, render: Callable[[int], bytes], deadline: float, *, path: str = "") -> PendingAnswer:
        """Send the frames that `render` makes for a fresh id, and return the place of the answer.

        `path` names the file that is asked about, in case it is what the process dies of.
        """
        if deadline <= self._clock():
            # An answer may come sooner than anybody looks: whether it counts must not depend on that race.
            raise EngineTimeoutError(f"the deadline had passed before {self._spec.name} was asked")
        pending = PendingAnswer(self._spec.name, deadline, self._clock, path=path)
        with self._changed:
            child = self._child
            if self._state is not ProcessState.READY or child is None:
                raise EngineDiedError(f"{self._spec.name}: {self.cause or 'it is stopping'}")
            self._last_id += 1
            identity = self._last_id
            self._pending[identity] = pending
        self._send(child, render(identity), deadline)
        return pending

    def tell(self, frames: bytes, deadline: float) -> None:
        """Send frames that want no answer."""
        child = self._child
        if self._state is not ProcessState.READY or child is None:
            raise EngineDiedError(f"{self._spec.name}: {self.cause or 'it is stopping'}")
        self._send(child, frames, deadline)

    def stop(self) -> None:
        """End the child, by the end of its input and else by force, and return once it is reaped."""
        self._stopping = True
        child = self._child
        if child is not None:
            child.close_input()
            self._thread.join(_ENDING_S)
            if self._thread.is_alive():
                child.kill()
        self._thread.join()

    def _send(self, child: BoundedChild, frames: bytes, deadline: float) -> None:
        try:
            child.write(frames, deadline=deadline, clock=self._clock)
        except TimeoutError as error:
            raise EngineTimeoutError(
                f"{self._spec.name} was busy taking another text at the deadline"
            ) from error
        except (
            InputStalledError
        ) as error:  # half a frame is on the pipe: nothing after it could be understood
            self.cause = "it stopped reading its input"
            child.kill()
            raise EngineTimeoutError(f"{self._spec.name} had not taken the text by the deadline") from error
        except OSError as error:  # the reading thread sees the end as well, and settles every caller
            with self._changed:  # before it has, whoever asks again would ask the same process
                self._changed.wait_for(
                    lambda: self._state is ProcessState.DEAD, max(0.0, deadline - self._clock())
                )
            raise EngineDiedError(f"{self._spec.name} ended while it was given a text") from error

    def _live(self) -> None:
        """Be the process's thread, from its start to its end."""
        try:
            self._child = child = BoundedChild(
                self._spec.command,
                environment=self._spec.environment,
                memory_bytes=self._spec.memory_bytes,
                niceness=self._spec.niceness,
            )
        except OSError as error:
            self._end(None, f"it could not be started: {error}")
            return
        cause = "its thread failed"
        try:
            cause = self._work(child)
        except (EngineError, rpc.FrameError, InputStalledError, OSError) as error:
            cause = str(error)
        finally:
            self._end(child, cause)

    def _work(self, child: BoundedChild) -> str:
        """Bring the child up and hand out its answers; return why that ended."""
        if self._stopping:
            return "it was stopped"
        frames = rpc.FrameReader()
        deadline = self._clock() + self._spec.start_timeout_s
        self._spec.prepare(Conversation(child, frames, deadline, self._clock))
        self._become_ready(child)
        return self._serve(child, frames)

    def _become_ready(self, child: BoundedChild) -> None:
        with self._changed:
            self._state = ProcessState.READY
            self._changed.notify_all()
        _log.info("engine_started", engine=self._spec.name, pid=child.pid)

    def _serve(self, child: BoundedChild, frames: rpc.FrameReader) -> str:
        """Hand out answers until the child ends; return why it ended."""
        poller = select.poll()
        poller.register(child.output, select.POLLIN)
        poller.register(child.errors, select.POLLIN)
        while True:
            for descriptor, _ in poller.poll(self._spec.hang_timeout_s * 1000):
                data = os.read(descriptor, _READ_BYTES)
                if descriptor == child.output.fileno():
                    if not data:
                        return "it was stopped" if self._stopping else _ENDED
                    for payload in frames.feed(data):
                        self._receive(rpc.decode(payload), child)
                elif data:
                    self._errors_tail = (self._errors_tail + data)[-_ERRORS_TAIL_BYTES:]
                else:
                    poller.unregister(descriptor)
            if self._is_hung(child):
                return f"it gave no answer for {self._spec.hang_timeout_s:g} s"
            if self._retires(child):
                return "it had grown too large and was replaced"

    def _receive(self, message: rpc.Message, child: BoundedChild) -> None:
        if message.method is not None:
            if message.id is None:
                self._spec.hear(message.method, message.params)
            else:  # the child asks us something; we promised no capability that it may use
                text = f"this client does not know {message.method}"
                deadline = self._clock() + self._spec.hang_timeout_s
                child.write(
                    rpc.refusal(message.id, _METHOD_NOT_FOUND, text), deadline=deadline, clock=self._clock
                )
            return
        with self._changed:
            pending = self._pending.pop(message.id, None) if isinstance(message.id, int) else None
        if pending is None:
            return
        self._answered += 1
        if message.error is None:
            pending.settle(message.result)
        else:
            pending.settle(EngineError(f"{self._spec.name}: {message.error.message}"))

    def _is_hung(self, child: BoundedChild) -> bool:
        """Tell whether a question is too old; on a busy machine, where the process stands back, it may take its time."""
        with self._changed:
            oldest = next(iter(self._pending.values()), None)
        if oldest is None:
            return False
        timeouts = (self._clock() - oldest.asked_at) / self._spec.hang_timeout_s
        if timeouts <= 1.0:
            return False

        used_ns = processor_ns(child.pid)
        if select.select([child.output], [], [], _LOOK_S)[0]:
            return False  # it has something to say
        used_ns = processor_ns(child.pid) - used_ns
        lacks_processor = can_run(child.pid) and used_ns < _LOOK_S * 1e9 / 2
        return timeouts > _MOST_HANG_TIMEOUTS or not lacks_processor

    def _retires(self, child: BoundedChild) -> bool:
        """Tell whether the child has grown too large and holds no question; from then on nobody asks it."""
        if self._answered < _ANSWERS_BETWEEN_MEMORY_CHECKS:
            return False
        if resident_bytes(child.pid) <= self._spec.retire_bytes:
            self._answered = 0
            return False
        with self._changed:
            if self._pending:
                return False
            self.retired = True
            self._state = ProcessState.DEAD
        return True

    def _end(self, child: BoundedChild | None, cause: str) -> None:
        """Reap the child, and tell everybody who waits for it why there will be no answer."""
        status = None
        if child is not None:
            if not self._stopping:
                child.kill()
            status, last_errors = child.reap()
            self._errors_tail = (self._errors_tail + last_errors)[-_ERRORS_TAIL_BYTES:]
        errors = self._errors_tail.decode("utf-8", "replace").strip()
        with self._changed:
            self.cause = (self.cause or cause) + (f" ({errors})" if errors and not self._stopping else "")
            self._state = ProcessState.DEAD
            orphans = list(self._pending.values())
            self._pending.clear()
            killed_by_others = cause == _ENDED and status == -signal.SIGKILL
            if not (self._stopping or killed_by_others):
                self.died_over = tuple(pending.path for pending in orphans if pending.path)
            self._changed.notify_all()
        for pending in orphans:
            pending.settle(EngineDiedError(f"{self._spec.name}: {self.cause}"))
        if self._stopping or self.retired:
            _log.info("engine_stopped", engine=self._spec.name, status=status, cause=self.cause)
        else:
            _log.warning(
                "engine_died",
                engine=self._spec.name,
                status=status,
                cause=self.cause,
                unanswered=len(orphans),
            )
