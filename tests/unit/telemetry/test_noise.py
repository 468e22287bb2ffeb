from __future__ import annotations

from typing import Any

from reasoningbank_daemon.telemetry import Counters, RateLimited
from reasoningbank_daemon.telemetry.noise import MAX_KEYS


class Lines:
    def __init__(self) -> None:
        self.written: list[tuple[str, dict[str, Any]]] = []
        self.now_s = 0.0

    def warning(self, event: str, /, **fields: object) -> None:
        self.written.append((event, fields))


def limited(lines: Lines) -> RateLimited:
    return RateLimited(lines, every_s=10, clock=lambda: lines.now_s)


def test_a_million_alike_make_one_line() -> None:
    lines = Lines()
    noise = limited(lines)

    for _ in range(1000):
        noise.warning("malformed_frame", reason="x")

    assert lines.written == [("malformed_frame", {"reason": "x"})]


def test_next_line_after_a_while_tells_how_many_were_held_back() -> None:
    lines = Lines()
    noise = limited(lines)

    for _ in range(5):
        noise.warning("malformed_frame")
    lines.now_s = 10.0
    noise.warning("malformed_frame")

    assert lines.written[1:] == [("malformed_frame", {"suppressed": 4})]


def test_different_keys_have_windows_of_their_own() -> None:
    lines = Lines()
    noise = limited(lines)

    noise.warning("failed", key="a")
    noise.warning("failed", key="b")

    assert len(lines.written) == 2


def test_made_up_keys_share_one_window_when_there_are_too_many() -> None:
    lines = Lines()
    noise = limited(lines)

    for number in range(10 * MAX_KEYS):
        noise.warning("failed", key=str(number))

    assert len(lines.written) == MAX_KEYS + 1


def test_flush_tells_the_last_ones_of_a_burst_and_frees_their_keys() -> None:
    lines = Lines()
    noise = limited(lines)
    for _ in range(3):
        noise.warning("failed")

    noise.flush()
    lines.now_s = 11.0
    noise.flush()
    noise.flush()

    assert lines.written[1:] == [("lines_held_back", {"key": "failed", "suppressed": 2})]


def test_snapshot_is_a_copy_of_the_counts() -> None:
    counters = Counters()
    counters.add("a", 2)

    snapshot = counters.snapshot()
    counters.add("a")

    assert (snapshot, counters.get("a"), counters.get("b")) == ({"a": 2}, 3, 0)
