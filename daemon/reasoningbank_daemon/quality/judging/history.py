"""Run the rules over the steps that a file took in one task."""

from __future__ import annotations

from collections import OrderedDict, deque

from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.engines.plain_text import issue_at
from reasoningbank_daemon.quality.judging.change import shared_ends
from reasoningbank_daemon.quality.judging.changes import NAME
from reasoningbank_daemon.quality.patterns.catalogue import history_rules
from reasoningbank_daemon.quality.patterns.pattern import Step

MOST_FILES = 200
MOST_STEPS = 30
_MOST_CHARACTERS = 200_000


class FileHistories:
    """Keeps the last steps of each file. Not safe for several threads."""

    def __init__(self) -> None:
        self._steps: OrderedDict[str, deque[Step]] = OrderedDict()

    def take(self, path: str, before: str | None, after: str) -> tuple[RawIssue, ...]:
        """Note one more step of a file; return what the rules find in it."""
        if before is None or before == after or max(len(before), len(after)) > _MOST_CHARACTERS:
            return ()
        step = step_of(before, after)
        earlier = self._steps.pop(path, None) or deque(maxlen=MOST_STEPS)
        found = [(rule, place) for rule in history_rules() if (place := rule.find(earlier, step)) is not None]
        earlier.append(step)
        self._steps[path] = earlier
        if len(self._steps) > MOST_FILES:
            self._steps.popitem(last=False)
        return tuple(issue_at(place, rule, engine=NAME) for rule, place in found)

    def clear(self) -> None:
        """Forget all: the task ended."""
        self._steps.clear()


def step_of(before: str, after: str) -> Step:
    """Return what an edit replaced and what stands there now, without the lines around it."""
    old, new = before.split("\n"), after.split("\n")
    start, end = shared_ends(old, new)
    return Step(
        line=start + 1,
        old="\n".join(line.strip() for line in old[start : len(old) - end]),
        new="\n".join(line.strip() for line in new[start : len(new) - end]),
    )
