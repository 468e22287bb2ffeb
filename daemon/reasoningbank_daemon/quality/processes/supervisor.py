"""Keep one engine process at hand: start it when it is first needed, and again when it has died."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from reasoningbank_daemon.quality.engine import (
    EngineDiedError,
    EngineError,
    EngineUnavailableError,
    TextRefusedError,
)
from reasoningbank_daemon.quality.processes.blame import Blame
from reasoningbank_daemon.quality.processes.engine_process import (
    EngineProcess,
    PendingAnswer,
    ProcessSpec,
    ProcessState,
)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0
_HEALTHY_S = 30.0
"""A process that lived this long had no trouble starting: its death starts a new count."""


def pause_before_restart(deaths: int) -> float:
    """Return the seconds to wait after that many deaths in a row: none after the first, then doubling."""
    if deaths <= 1:
        return 0.0
    return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(deaths - 2, 20))


class Supervisor:
    """Owns at most one `EngineProcess`.

    `spec` is asked before each start. `learn` hears why a process died before it was ready, and says whether
    the next start would be a different one, which then need not wait.
    """

    def __init__(
        self,
        spec: Callable[[], ProcessSpec],
        *,
        clock: Callable[[], float],
        learn: Callable[[str], bool] = lambda _cause: False,
    ) -> None:
        self._spec = spec
        self._clock = clock
        self._learn = learn
        self._lock = threading.Lock()
        self._process: EngineProcess | None = None
        self._blame = Blame(clock)
        self._deaths = 0
        self._not_before = clock()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Return the process id of the running child; None where there is none."""
        process = self._process
        return None if process is None or process.state is ProcessState.DEAD else process.pid

    def begin(self, render: Callable[[int], bytes], deadline: float, *, path: str = "") -> PendingAnswer:
        """Send the frames that `render` makes for a fresh id, and return the place of the answer, at once.

        While the process is starting, a thread waits for it, so that one that does not get ready costs the caller's
        other engines no time. `path` names the file that is asked about. Raises an `EngineError` where it is known already
        that there will be no answer, as for a file that the engine died of repeatedly.
        """
        process = self._current()
        if (reason := self._blame.reason(path)) is not None:
            raise TextRefusedError(reason)
        if process.state is ProcessState.READY:
            try:
                return process.begin(render, deadline, path=path)
            except EngineDiedError:
                if not process.retired:
                    raise  # else it is replaced at this moment, and the next one is asked
        answer = PendingAnswer(process.name, deadline, self._clock)
        threading.Thread(
            target=self._ask_when_ready,
            args=(answer, render, deadline, path),
            name=f"quality-{process.name}-late",
            daemon=True,
        ).start()
        return answer

    def ready_process(self, deadline: float) -> EngineProcess:
        """Return a process that can work, started if need be; raise an `EngineError` where there is none."""
        while True:
            process = self._current()
            try:
                process.wait_ready(deadline)
            except EngineUnavailableError as error:
                if not self._learn(str(error)):
                    raise
                self._forget(process)
            else:
                return process

    def close(self) -> None:
        """End the process; later calls of `ready_process` fail."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
        if process is not None:
            process.stop()

    def _ask_when_ready(
        self, answer: PendingAnswer, render: Callable[[int], bytes], deadline: float, path: str
    ) -> None:
        outcome: msgspec.Raw | EngineError
        try:
            outcome = self.ready_process(deadline).begin(render, deadline, path=path).result()
        except EngineError as error:
            outcome = error
        answer.settle(outcome)

    def _current(self) -> EngineProcess:
        with self._lock:
            if self._closed:
                raise EngineUnavailableError("it is shut down")
            if self._process is not None and self._process.state is ProcessState.DEAD:
                self._bury(self._process)
            if self._process is None:
                wait_s = self._not_before - self._clock()
                if wait_s > 0:
                    raise EngineUnavailableError(
                        f"it died {self._deaths} times in a row and is started again in {wait_s:.1f} s"
                    )
                self._process = EngineProcess(self._spec(), self._clock)
            return self._process

    def _bury(self, process: EngineProcess) -> None:
        self._process = None
        if process.retired:
            return
        self._blame.note(process.died_over)
        now = self._clock()
        if any(self._blame.reason(path) for path in process.died_over):
            self._deaths, self._not_before = 0, now  # that file will not come again; the others need not wait
            return
        self._deaths = 1 if now - process.started_at >= _HEALTHY_S else self._deaths + 1
        self._not_before = now + pause_before_restart(self._deaths)

    def _forget(self, process: EngineProcess) -> None:
        with self._lock:
            if self._process is process:
                self._process = None
