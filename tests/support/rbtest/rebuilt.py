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

MOST_CUT_OFF = 3
"""Of the documents that are like a question, so many may be found by one index alone, at the end of its ranking."""

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
            found += filter(None, [_found_otherwise(wire, anew, question, live)])
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


def _found_otherwise(wire: Wire, anew: Services, question: str, live: dict[int, str]) -> str | None:
    """Ask both a few times; say what differs each time.

    What only one of them finds is asked for by its own words: the rankings are cut off somewhere, and where documents score
    nearly the same, which of them comes in depends on how an index is cut into segments and on what was deleted in it.
    """
    for _ in range(ATTEMPTS):
        ours, theirs = _answered_in_time(wire, anew, question)
        cut_off = _told_by_one(ours, theirs)
        if (
            _agree(ours, theirs)
            and len(cut_off) <= MOST_CUT_OFF
            and all(_found_by_itself(wire, anew, live[each], each) for each in cut_off)
        ):
            return None
    return f"{question!r}: {_shown(ours)}, made anew: {_shown(theirs)}"


def _found_by_itself(wire: Wire, anew: Services, text: str, identifier: int) -> bool:
    """Tell whether a document's own words find it in both, with the same likeness."""
    words = re.findall("[A-Za-z]+", text)[: 2 * QUESTION_WORDS]
    ours, theirs = (_plain(reply) for reply in _answered_in_time(wire, anew, " ".join(words)))
    return identifier in ours and ours[identifier] == theirs.get(identifier)


def _answered_in_time(wire: Wire, anew: Services, question: str) -> tuple[Recalled, Recalled]:
    """Ask both until there was time for the question's vector in either; on a busy machine there often is none."""
    request = Recall(query=question, limit=LIMIT)
    end = time.monotonic() + PATIENCE_S
    while True:
        answers = wire.ask(request)
        assert answers is not None
        ours, theirs = _recalled(answers.advice), recall(anew, request)
        if WORDS_ALONE not in ours.threshold_basis + theirs.threshold_basis:
            return ours, theirs
        assert time.monotonic() < end, f"no vector of {request.query!r} was ready in time for {PATIENCE_S} s"


def _agree(ours: Recalled, theirs: Recalled) -> bool:
    """Tell whether both rank by the same, and say the same of what both find."""
    if (ours.embedder, round(ours.threshold, 5)) != (theirs.embedder, round(theirs.threshold, 5)):
        return False
    left, right = _plain(ours), _plain(theirs)
    both = left.keys() & right.keys()
    return bool(both) and all(left[each] == right[each] for each in both)


def _told_by_one(ours: Recalled, theirs: Recalled) -> set[int]:
    """Return what only one of them finds of what is like enough to be told."""
    left, right = _plain(ours), _plain(theirs)
    told = {each for plain in (left, right) for each in plain if plain[each][0] >= ours.threshold}
    return told - (left.keys() & right.keys())


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
