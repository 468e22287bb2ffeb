"""Stand between the daemon and a real engine, and kill the engine at one message of their conversation.

Run as `striking_relay.py MARK STEP PROGRAM ARGUMENT…`. STEP is `in:N`, when the engine's N-th message arrives, or
`out:N`, when half of its N-th answer is passed on. Only the first one that is started with a MARK strikes: where the file
MARK is there already, the relay becomes the engine.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from reasoningbank_daemon.quality.processes import rpc

READ_BYTES = 65536


class Relay:
    """Passes messages on, frame by frame, until the one at which it strikes."""

    def __init__(self, mark: Path, step: str, command: list[str]) -> None:
        self._mark = mark
        self._way, _, number = step.partition(":")
        self._number = int(number)
        self._engine = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self) -> int:
        """Relay until one side ends."""
        assert self._engine.stdin is not None
        assert self._engine.stdout is not None
        threading.Thread(
            target=self._pass_on, args=("in", sys.stdin.buffer, self._engine.stdin), daemon=True
        ).start()
        self._pass_on("out", self._engine.stdout, sys.stdout.buffer)
        return self._engine.wait()

    def _pass_on(self, way: str, source: IO[bytes], target: IO[bytes]) -> None:
        frames = rpc.FrameReader()
        count = 0
        while data := os.read(source.fileno(), READ_BYTES):
            for payload in frames.feed(data):
                count += 1
                frame = rpc.frame(payload)
                if (way, count) == (self._way, self._number):
                    self._strike(target, frame[: len(frame) // 2] if way == "out" else b"")
                target.write(frame)
                target.flush()
        target.close()

    def _strike(self, target: IO[bytes], last: bytes) -> None:
        target.write(last)
        target.flush()
        self._mark.touch()
        self._engine.kill()
        self._engine.wait()
        os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> int:
    mark, step, *command = arguments
    if Path(mark).exists():
        os.execv(command[0], command)
    return Relay(Path(mark), step, command).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
