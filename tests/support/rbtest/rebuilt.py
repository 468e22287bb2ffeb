"""Indexes made anew from the bank's database file: what the daemon's own, kept through kills, have to answer like."""

from __future__ import annotations

import contextlib
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import apsw

from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.wire import Wire
from reasoningbank_daemon.config import load_config
from reasoningbank_daemon.handlers.memory import recall
from reasoningbank_daemon.services.container import Services, open_services
from reasoningbank_daemon.services.folders import prepare_folders
from reasoningbank_daemon.services.library import LibraryStatus
from reasoningbank_schema.messages import DaemonStatus, Recall, Recalled, Status, decode_reply
from reasoningbank_schema.paths import Paths, resolve_paths

LIMIT = 50
QUESTION_WORDS = 6
"""So few plain words an embedder reads whole, however busy the machine is: what it leaves out depends on the time."""

ATTEMPTS = 10
PATIENCE_S = 120
WORDS_ALONE = "words alone"
"""What a threshold's basis says of a question whose vector was not ready in time: it is asked again."""


@contextlib.contextmanager
def rebuilt_from(bank: Path, config_file: Path) -> Iterator[Services]:
    """Copy the database alone, no index, and open it: every index is made from it, whole."""
    with scratch_home("rb-rebuilt-") as home:
        paths = resolve_paths({"RB_HOME": str(home)}, home=home)
        prepare_folders(paths)
        _copy(bank, paths.bank)
        services = open_services(paths, load_config(config_file))
        try:
            yield services
        finally:
            services.close()


def differences(daemon: DaemonProcess, *, questions: int, rng: random.Random) -> list[str]:
    """Say in what the daemon's indexes answer otherwise than indexes made anew from its database.

    The daemon must be without work. Each kind of index has to hold every experience in force, and ``questions``
    goals and texts drawn from the bank, with words left out, must find the same, with the same likeness.
    """
    with (
        rebuilt_from(daemon.paths.bank, daemon.paths.config_file) as anew,
        Wire(daemon.paths.endpoint) as wire,
    ):
        live = _in_force(anew)
        embedder = _config_embedder(daemon.paths)
        vectors = len(live) if embedder != "lexical" else 0
        wait_until(
            lambda: _complete(anew.library.status(), vectors=vectors),
            what="the new indexes",
            timeout_s=PATIENCE_S,
        )
        # One whose weights are still being read waits for no vector either.
        wait_until(
            lambda: (_status(wire).embedder, _status(wire).vectors_waiting) == (embedder, 0),
            what="the daemon's vectors",
            timeout_s=PATIENCE_S,
        )
        kept = _status(wire)
        found = [
            f"the {what} index holds {held} of {wanted} experiences"
            for what, held, wanted in (
                ("lexical", kept.lexical_documents, len(live)),
                ("vector", kept.vector_documents, vectors),
            )
            if held != wanted
        ]
        for question in _questions(live, questions, rng):
            found += filter(None, [_found_otherwise(wire, anew, question)])
    return found


def _in_force(anew: Services) -> dict[int, str]:
    """Return the experiences that can be recalled, with their texts."""
    documents = anew.store.documents(since_sequence=0)
    return {each.id: f"{each.goal or each.title} {each.text}" for each in documents}


def _copy(bank: Path, to: Path) -> None:
    source = apsw.Connection(str(bank), flags=apsw.SQLITE_OPEN_READONLY)
    target = apsw.Connection(str(to))
    try:
        with target.backup("main", source, "main") as backup:
            backup.step()
    finally:
        target.close()
        source.close()


def _config_embedder(paths: Paths) -> str:
    return load_config(paths.config_file).recall.embedder.value


def _complete(status: LibraryStatus, *, vectors: int) -> bool:
    assert not status.warnings or "not complete" in status.warnings[0], status.warnings
    return not status.warnings and (status.vector_documents, status.vectors_waiting) == (vectors, 0)


def _status(wire: Wire) -> DaemonStatus:
    answers = wire.ask(Status())
    assert answers is not None
    reply = decode_reply(answers.advice)
    assert isinstance(reply, DaemonStatus)
    return reply


def _questions(live: dict[int, str], count: int, rng: random.Random) -> Iterator[str]:
    """Draw some words of some experiences: half of them the newest, around which a kill does its damage."""
    newest_first = sorted(live, reverse=True)
    drawn = newest_first[: count // 2]
    drawn += rng.sample(newest_first, min(count - len(drawn), len(newest_first)))
    for name in drawn:
        words = re.findall("[A-Za-z]+", live[name])
        yield " ".join(rng.sample(words, min(QUESTION_WORDS, len(words))))


def _found_otherwise(wire: Wire, anew: Services, question: str) -> str | None:
    """Ask both a few times; say what differs each time."""
    request = Recall(query=question, limit=LIMIT)
    for _ in range(ATTEMPTS):
        ours, theirs = _answered_in_time(wire, anew, request)
        if _same(ours, theirs):
            return None
    return f"{question!r}: {_shown(ours)}, made anew: {_shown(theirs)}"


def _answered_in_time(wire: Wire, anew: Services, request: Recall) -> tuple[Recalled, Recalled]:
    """Ask both until there was time for the question's vector in either; on a busy machine there often is none."""
    end = time.monotonic() + PATIENCE_S
    while True:
        answers = wire.ask(request)
        assert answers is not None
        ours, theirs = _recalled(answers.advice), recall(anew, request)
        if WORDS_ALONE not in ours.threshold_basis + theirs.threshold_basis:
            return ours, theirs
        assert time.monotonic() < end, f"no vector of {request.query!r} was ready in time for {PATIENCE_S} s"


def _same(ours: Recalled, theirs: Recalled) -> bool:
    """Compare two answers: documents that score the same change places with how an index is cut into segments.

    So each has to find what the other finds like enough to be told, and of what both find all has to be the same.
    """
    if (ours.embedder, round(ours.threshold, 5)) != (theirs.embedder, round(theirs.threshold, 5)):
        return False
    left, right = _plain(ours), _plain(theirs)
    both = left.keys() & right.keys()
    told = {each for plain in (left, right) for each in plain if plain[each][0] >= ours.threshold}
    return told <= both and bool(both) and all(left[each] == right[each] for each in both)


def _plain(reply: Recalled) -> dict[int, tuple[float, str, str]]:
    """Return what was found, best first; a likeness as far as the order of a sum does not change it."""
    return {each.id: (round(each.likeness, 5), each.outcome, each.text) for each in reply.experiences}


def _shown(reply: Recalled) -> str:
    inner = ", ".join(f"{each.id} ({each.likeness:.5f})" for each in reply.experiences)
    return f"[{inner}] above {reply.threshold:.5f} by {reply.embedder}"


def _recalled(body: bytes) -> Recalled:
    reply = decode_reply(body)
    assert isinstance(reply, Recalled)
    return reply
