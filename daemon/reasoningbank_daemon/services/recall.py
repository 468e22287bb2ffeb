"""The experiences that answer a question: found by words and by meaning, compared, and put in order."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

import msgspec

from reasoningbank_daemon.embedding.base import TooLateError
from reasoningbank_daemon.index.analysis import count_terms
from reasoningbank_daemon.index.fusion import DEPTH, fuse
from reasoningbank_daemon.index.lexical import Hit, LexicalIndex
from reasoningbank_daemon.index.likeness import bag_of, pack_bag
from reasoningbank_daemon.index.threshold import Threshold
from reasoningbank_daemon.services.asked import Asked, Serving, subject_of
from reasoningbank_daemon.services.found import WORDS, Found, Match
from reasoningbank_daemon.storage.records import Document
from reasoningbank_daemon.storage.store import SqliteStore

CANDIDATES = 12
"""Experiences whose likeness to the question is computed."""

WORDS_DEPTH = 40
"""How far down the ranking by words this project's own are looked for."""

MEANING_BUDGET_S = 0.04
"""How long a question's vector may take: an answer after 60 ms is worth less than one by words."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one question is answered from.

    ``newest`` are the experiences that the index may not have yet; it must be taken before the index is searched, or
    what moves from one to the other in between is missed. ``serving`` is the embedder in force, and
    ``why_words_alone`` says why there is none although one is configured.
    """

    index: LexicalIndex
    newest: Mapping[int, Document]
    threshold: Threshold
    serving: Serving | None = None
    why_words_alone: str = ""


def recall(
    store: SqliteStore, view: View, text: str, *, project: int | None, limit: int = CANDIDATES
) -> Found:
    """Return experiences like a text: those like enough to be told first, and this project's first among those."""
    terms = count_terms(text)
    asked = _ask(view, text, pack_bag(terms))
    hits = view.index.search(terms, DEPTH if asked.serving is not None else max(WORDS_DEPTH, limit))
    near = asked.nearest(DEPTH)
    ranked = fuse([hit.id for hit in hits], near) if near else [hit.id for hit in hits]
    if project is not None and len(ranked) > limit:
        ranked = choose_candidates(ranked, _here(store, hits, near, project), limit)
    else:
        ranked = ranked[:limit]
    matches = _compare(store, view, asked, hits, ranked=ranked, project=project)
    best = rank_matches(matches, ranked, threshold=asked.threshold.value)[:limit]
    why = f"; words alone: {asked.why_words_alone}" if asked.why_words_alone else ""
    return Found(
        matches=tuple(best),
        threshold=asked.threshold.value,
        threshold_basis=asked.threshold.basis + why,
        embedder=WORDS if asked.serving is None else asked.serving.choice.name,
    )


def choose_candidates(ranked: list[int], here: Collection[int], limit: int) -> list[int]:
    """Return the best half of a ranking whoever it is of, then this project's, then the rest; in its order.

    Examples
    --------
    >>> choose_candidates([1, 2, 3, 4, 5, 6], {5, 6}, 4)
    [1, 2, 5, 6]
    """
    best, others = ranked[: (limit + 1) // 2], ranked[(limit + 1) // 2 :]
    others.sort(key=lambda identifier: identifier not in here)
    chosen = {*best, *others[: limit - len(best)]}
    return [identifier for identifier in ranked if identifier in chosen]


def rank_matches(matches: Iterable[Match], ranked: list[int], *, threshold: float) -> list[Match]:
    """Order matches: those like enough to be told, this project's first among them; then by the search's ranking.

    ``ranked`` are ids, best first. A match that is not among them is newer than the index: it comes first where it is
    like enough, last where it is not, and is left out where it has nothing in common with the question.
    """
    places = {identifier: place for place, identifier in enumerate(ranked)}

    def order(match: Match) -> tuple[bool, bool, float, float]:
        unlike = match.likeness < threshold
        unranked = math.inf if unlike else -math.inf
        return unlike, not match.same_project, places.get(match.id, unranked), -match.likeness

    return sorted((match for match in matches if match.likeness > 0 or match.id in places), key=order)


def _ask(view: View, text: str, bag: bytes) -> Asked:
    serving = view.serving
    if serving is None:
        return Asked(bag=bag, threshold=view.threshold, why_words_alone=view.why_words_alone)
    try:
        vector = serving.meanings.embed(text, budget_s=MEANING_BUDGET_S)
    except TooLateError:
        why = f"no vector within {MEANING_BUDGET_S * 1000:.0f} ms"
        return Asked(bag=bag, threshold=view.threshold, why_words_alone=why)
    return Asked(bag=bag, threshold=serving.threshold, serving=serving.meanings, vector=vector)


def _compare(
    store: SqliteStore, view: View, asked: Asked, hits: list[Hit], *, ranked: list[int], project: int | None
) -> list[Match]:
    """Read what was found, and what is newer than the index, and compute how like the question each is."""
    newest, wanted = view.newest, {*ranked}
    # Of what is newer than the index, the index may know an older subject.
    subjects = {hit.id: hit.subject() for hit in hits if hit.id in wanted and hit.id not in newest}
    subjects |= {document.id: bag_of(subject_of(document)) for document in newest.values()}
    if by_meaning := [identifier for identifier in ranked if identifier not in subjects]:
        found = store.experiences(by_meaning).values()
        subjects |= {each.document.id: bag_of(subject_of(each.document)) for each in found}
    likenesses = asked.likenesses(subjects)
    return [
        Match(
            id=head.id,
            task=head.task,
            outcome=head.kind,
            likeness=likenesses[head.id],
            same_project=project is not None and head.project_id == project,
        )
        for head in store.experience_heads([*subjects])
    ]


def _here(store: SqliteStore, hits: Iterable[Hit], near: Iterable[int], project: int) -> set[int]:
    """Return which of what was found belongs to a project."""
    by_words = {hit.id: hit.project for hit in hits}
    others = [identifier for identifier in near if identifier not in by_words]
    projects = by_words | store.projects_of(others) if others else by_words
    return {identifier for identifier, owner in projects.items() if owner == project}
