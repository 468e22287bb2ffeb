"""What holds for every test: who needs the machine to himself, and that no test is about how fast it is."""

from __future__ import annotations

import fcntl
import signal
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# By default an example that takes 200 ms fails: on a busy machine any may.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# What a shell starts in the background ignores Ctrl-C, and so would every command that a test interrupts with it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test beside those of other workers, or, where it is marked ``alone``, while none of theirs runs."""
    if not hasattr(item.config, "workerinput"):
        return (yield)
    # Each worker has its own folder in the run's: popen-gw0, popen-gw1.
    run = Path(item.config.option.basetemp).parent
    with _place_on_the_machine(run, alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def _place_on_the_machine(run: Path, *, alone: bool) -> Iterator[None]:
    with ExitStack() as files:
        gate, machine = (files.enter_context((run / name).open("w")) for name in ("gate", "machine"))
        # Who waits for the machine stands in the gate, so that nobody else comes in before.
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(machine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield
