"""Wherever in the hook a signal arrives, the event is kept: one run for each line that it executes."""

from __future__ import annotations

import signal
import socket
import subprocess

import pytest
from rbtest.hook_home import HookHome, give_away

EVERY_LINE = """
import _signal, os, sys

library, socket, spool, number, deadline_ms = sys.argv[1:]
number = int(number)
sys.path.insert(0, library)
import rb_hook, rb_hook_fallback

# An alarm that is answered by handing over is set once: no second one comes while that is done, and the one that ends
# the child comes seconds later.
untraced = {"hand_over", "_leave", "_end"} if number == _signal.SIGALRM else set()
unanswered = (_signal.SIG_DFL, rb_hook._end)


def run_interrupted_at(line):
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        code = frame.f_code
        if os.path.basename(code.co_filename) != "rb_hook.py" or code.co_name in untraced:
            return None
        if event == "line" and _signal.getsignal(number) not in unanswered:
            seen += 1
            if seen == line:
                os.write(place, f"{code.co_name}:{frame.f_lineno}".encode())
                os.kill(os.getpid(), number)
        return trace

    sys.settrace(trace)
    rb_hook.run(["claude-code", "PostToolUse"], socket=socket, spool=spool, deadline_ms=int(deadline_ms))


line, where = 0, b"the first"
while where:
    line += 1
    stdin, payload = os.pipe()
    told, place = os.pipe()
    os.write(payload, b'{"session_id":"s"}')
    os.close(payload)
    if not os.fork():
        try:
            os.dup2(stdin, 0)
            run_interrupted_at(line)
        finally:
            os._exit(0)  # as the executable does
    os.close(stdin)
    os.close(place)
    # Ends with the last child that finishes what the deadline broke off: each has the other end.
    where = os.read(told, 100)
    while os.read(told, 100):
        pass
    os.close(told)
    os.wait()
    entries = os.listdir(spool)
    for name in entries:
        os.unlink(os.path.join(spool, name))
    kept = sum(name.endswith(".event") for name in entries)
    if kept != 1:
        print(f"line {line} executed, {where.decode()}: {kept} entries")
print(line - 1, "lines")
"""


@pytest.fixture
def silent_socket(home: HookHome) -> socket.socket:
    """A daemon that is stopped: it can be connected to and says nothing."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(home.socket)
    listener.listen(500)
    give_away(home.root)
    return listener


def interrupted_everywhere(home: HookHome, number: signal.Signals, *, deadline_ms: int) -> list[str]:
    """Return what the script has to say: the lines at which an event was not kept once, and how many there were."""
    home.paths.spool.mkdir(mode=0o700)
    give_away(home.paths.spool)
    command = [home.program.interpreter, "-IS", "-c", EVERY_LINE, str(home.program.library), home.socket]
    run = subprocess.run(
        [*command, str(home.paths.spool), str(int(number)), str(deadline_ms)],
        user=home.user,
        group=home.user,
        extra_groups=[] if home.user is not None else None,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.splitlines()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGALRM], ids=lambda number: number.name)
def test_signal_at_any_line_loses_nothing_where_there_is_no_daemon(
    home: HookHome, number: signal.Signals
) -> None:
    *lost, lines = interrupted_everywhere(home, number, deadline_ms=10_000)

    assert lost == []
    assert int(lines.split()[0]) > 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGALRM], ids=lambda number: number.name)
def test_signal_at_any_line_loses_nothing_where_the_daemon_is_silent(
    home: HookHome, silent_socket: socket.socket, number: signal.Signals
) -> None:
    with silent_socket:
        *lost, lines = interrupted_everywhere(home, number, deadline_ms=30)

    assert lost == []
    assert int(lines.split()[0]) > 50
