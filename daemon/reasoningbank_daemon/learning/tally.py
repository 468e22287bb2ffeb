"""Count how judged tasks ended, per project, kind and model.

Everything is counted in integers (millionths, milliseconds, millionths of a dollar), so that the order in which tasks
are added changes nothing, and a judgement that is revised can be taken out again exactly.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from reasoningbank_daemon.learning.trajectory import Judgement, Label

MILLION = 1_000_000

MAX_DURATION_S = 366 * 86_400.0
MAX_COST_USD = 1_000_000.0
"""What is beyond these was measured wrongly and is left out; sums stay far below 64 bits."""

ANY_PROJECT = -1
"""Stands for all projects together in a `TallyKey`."""

ANY_KIND = "*"
"""Stands for all kinds together in a `TallyKey`."""


class TallyKey(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Name what a tally is of; ``kind`` is "main" or a subagent's type, ``model`` a canonical name."""

    project_id: int
    kind: str
    model: str


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the counts of one key.

    ``seen`` counts all closed tasks, ``successes`` and ``failures`` those with that label. ``weight_ppm`` and
    ``success_ppm`` are what the judgements are worth in millionths of a task: one with probability p of success
    weighs ``w = |2 p - 1|`` and adds ``w p`` to the successes, so that a doubtful one says little and p and 1 - p
    mirror each other.
    """

    seen: int = 0
    successes: int = 0
    failures: int = 0
    weight_ppm: int = 0
    success_ppm: int = 0
    duration_ms: int = 0
    timed: int = 0
    cost_millionths: int = 0
    priced: int = 0

    @property
    def judged(self) -> int:
        """Return how many tasks were judged a success or a failure."""
        return self.successes + self.failures

    @property
    def weight(self) -> float:
        """Return the worth of all judgements, in tasks."""
        return self.weight_ppm / MILLION

    @property
    def success(self) -> float:
        """Return the successful part of `weight`."""
        return self.success_ppm / MILLION

    def plus(self, other: Tally, *, sign: int = 1) -> Tally:
        """Return the sum of two tallies (``sign=-1``: the difference)."""
        return Tally(
            **{field: getattr(self, field) + sign * getattr(other, field) for field in self.__struct_fields__}
        )


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one closed task as the tallies see it; what is not known is None."""

    key: TallyKey
    judgement: Judgement
    duration_s: float | None = None
    cost_usd: float | None = None


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    key: TallyKey
    tally: Tally


class Tallies(msgspec.Struct, frozen=True, kw_only=True):
    """Hold all tallies, immutable; each task also counts for all projects and for all kinds of its model.

    Examples
    --------
    >>> won = Judgement(label=Label.SUCCESS, probability=1.0)
    >>> key = TallyKey(project_id=7, kind="main", model="claude-opus-5-5")
    >>> tallies = Tallies().add(Observation(key=key, judgement=won))
    >>> tallies.get(key).success, tallies.get(TallyKey(project_id=ANY_PROJECT, kind=ANY_KIND, model=key.model)).judged
    (1.0, 1)
    """

    rows: tuple[_Row, ...] = ()

    def get(self, key: TallyKey) -> Tally:
        """Return the tally of a key; an empty one where nothing was counted."""
        position = bisect_left(self.rows, key, key=_key_of)
        if position < len(self.rows) and self.rows[position].key == key:
            return self.rows[position].tally
        return Tally()

    def add(self, observation: Observation) -> Tallies:
        """Return the tallies with one more task."""
        return self._changed([(observation, 1)])

    def remove(self, observation: Observation) -> Tallies:
        """Return the tallies without a task that was added exactly so before."""
        return self._changed([(observation, -1)])

    def revise(self, before: Observation, after: Observation) -> Tallies:
        """Return the tallies after later evidence changed what is known of a task."""
        return self._changed([(before, -1), (after, 1)])

    def add_all(self, observations: Iterable[Observation]) -> Tallies:
        """Return the tallies with many more tasks."""
        return self._changed((observation, 1) for observation in observations)

    @classmethod
    def of_sums(cls, sums: Iterable[tuple[TallyKey, Tally]]) -> Tallies:
        """Return the tallies of tasks that were summed up elsewhere; a key may come several times."""
        table: dict[TallyKey, Tally] = {}
        for summed, tally in sums:
            for key in _keys(summed):
                table[key] = table.get(key, Tally()).plus(tally)
        return cls(rows=_sorted(table))

    def _changed(self, changes: Iterable[tuple[Observation, int]]) -> Tallies:
        table: dict[TallyKey, Tally] = {}
        for observation, sign in changes:
            counted = _counted(observation)
            for key in _keys(observation.key):
                table[key] = (table.get(key) or self.get(key)).plus(counted, sign=sign)
        if len(table) > len(self.rows):
            table = {row.key: row.tally for row in self.rows} | table
            return Tallies(rows=_sorted(table))
        rows = list(self.rows)
        for key, tally in table.items():
            position = bisect_left(rows, key, key=_key_of)
            if position < len(rows) and rows[position].key == key:
                rows[position : position + 1] = [] if tally == Tally() else [_Row(key=key, tally=tally)]
            else:
                rows.insert(position, _Row(key=key, tally=tally))
        return Tallies(rows=tuple(rows))


def _key_of(row: _Row) -> TallyKey:
    return row.key


def _sorted(table: dict[TallyKey, Tally]) -> tuple[_Row, ...]:
    return tuple(_Row(key=key, tally=table[key]) for key in sorted(table) if table[key] != Tally())


def _keys(key: TallyKey) -> tuple[TallyKey, ...]:
    everywhere = msgspec.structs.replace(key, project_id=ANY_PROJECT)
    return (key, everywhere, msgspec.structs.replace(everywhere, kind=ANY_KIND))


def _counted(observation: Observation) -> Tally:
    judgement = observation.judgement
    probability = judgement.probability
    weight = success = 0
    if probability is not None and math.isfinite(probability):
        chance = _rounded(min(1.0, max(0.0, probability)) * MILLION)
        weight = abs(2 * chance - MILLION)
        success = (
            weight * chance // MILLION
            if chance * 2 >= MILLION
            else weight - weight * (MILLION - chance) // MILLION
        )
    duration_s, cost_usd = observation.duration_s, observation.cost_usd
    timed = duration_s is not None and 0.0 <= duration_s <= MAX_DURATION_S
    priced = cost_usd is not None and 0.0 <= cost_usd <= MAX_COST_USD
    return Tally(
        seen=1,
        successes=int(judgement.label is Label.SUCCESS),
        failures=int(judgement.label is Label.FAILURE),
        weight_ppm=weight,
        success_ppm=success,
        duration_ms=_rounded((duration_s or 0.0) * 1_000) if timed else 0,
        timed=int(timed),
        cost_millionths=_rounded((cost_usd or 0.0) * MILLION) if priced else 0,
        priced=int(priced),
    )


def _rounded(value: float) -> int:
    """Round a number that is not negative as SQL can, which sums up all tasks at once; ties go up."""
    return int(value + 0.5)
