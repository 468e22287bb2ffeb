"""Decide whether a prompt goes on with the open task or starts a new one.

Rules are tried in a fixed order; the first that applies decides and gives its name. Decided cases come first
(idle, empty, explicit words), then what the prompt shares with the open task, then its own form. The order and
its reasons are in ``docs/decisions/0006-task-joining.md``; the labelled pairs in ``tests/fixtures/goals.jsonl``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import msgspec

from reasoningbank_daemon.learning import goal_patterns as patterns
from reasoningbank_daemon.learning.reactions import Reaction, read_reaction
from reasoningbank_daemon.learning.wording import (
    HEAD_CHARS,
    content_words,
    file_names,
    folders,
    identifiers,
    words,
)

IDLE_NS = 30 * 60 * 1_000_000_000
"""A task closes after 30 idle minutes, unless told otherwise."""

REMARK_WORDS = 20
"""A remark on what is going on has at most so many words."""

REPLY_WORDS = 40
"""A reply to the agent's question has at most so many words."""

ASKED_WITHIN_CHARS = 200
"""A question mark so near the end of the agent's answer makes the next prompt a likely reply."""

OWN_ANTECEDENT_WORDS = 3
"""After so many content words, a pronoun is taken to mean something in the prompt itself."""

OPENING_CHARS = 240
"""The forms of words are looked for so far into a prompt."""

SHORT_WORDS = 6
"""Up to so many words, a prompt that names nothing of its own is a remark on what is going on."""

STRONG_OVERLAP = 0.5
"""Share of a prompt's content words that the open task already used, from which on it is about that task."""

WEAK_OVERLAP = 0.25
"""The same, for a prompt that also has the form of a follow-up."""


class OpenGoal(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is known of the open task when a prompt arrives.

    ``files`` are the paths it changed or read, ``last_message`` is the agent's last answer.
    """

    goal: str
    last_prompt: str
    last_event_ns: int
    files: tuple[str, ...] = ()
    last_message: str = ""


class GoalDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Say whether a prompt joins the open task, and by which rule."""

    joins: bool
    rule: str


class _Shared(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a prompt and the open task have in common, computed once for all rules."""

    text: str
    words: tuple[str, ...]
    content: frozenset[str]
    names: bool  # the prompt names a file, folder or identifier of the task
    own_files: bool  # it names a file that the task does not know
    overlap: float
    short: bool
    asked: bool  # the agent's last answer ends with a question


def continues(
    prompt: str | None, open_goal: OpenGoal, *, now_ns: int, idle_ns: int = IDLE_NS
) -> GoalDecision:
    """Decide whether a prompt continues or corrects the open task.

    Parameters
    ----------
    prompt
        What the user wrote, without text that a host or ReasoningBank put there. None while it has not
        arrived: a long silence is a border whatever it will turn out to be; otherwise it joins for now.
    open_goal
        The open task.
    now_ns
        When the prompt was submitted, on the clock of ``open_goal.last_event_ns``.
    idle_ns
        How long a task stays open without an event.

    Returns
    -------
    GoalDecision
        ``joins`` and the name of the rule that decided.
    """
    if now_ns - open_goal.last_event_ns >= idle_ns:
        return GoalDecision(joins=False, rule="idle")
    if prompt is None:
        return GoalDecision(joins=True, rule="prompt_not_here")
    shared = _compare(prompt, open_goal)
    for name, joins, applies in _RULES:
        if applies(shared):
            return GoalDecision(joins=joins, rule=name)
    return _weigh(shared)


def _compare(prompt: str, open_goal: OpenGoal) -> _Shared:
    text = prompt[:HEAD_CHARS].strip().replace("\u2019", "'")
    known_text = f"{open_goal.goal}\n{open_goal.last_prompt}\n{open_goal.last_message}"
    known_paths = "\n".join(open_goal.files)
    known_names = (
        identifiers(known_text) | file_names(known_text) | file_names(known_paths) | folders(known_paths)
    )
    known_stems = {name.rsplit(".", 1)[0] for name in file_names(known_paths) | file_names(known_text)}
    own_files = file_names(text)
    mentioned = identifiers(text) | own_files | folders(text)
    known_words = content_words(known_text) | content_words(known_paths)
    own = content_words(text)
    all_words = words(text)
    return _Shared(
        text=text,
        words=all_words,
        content=own,
        names=bool(mentioned & known_names) or bool(mentioned & known_stems),
        own_files=bool(own_files - known_names),
        overlap=len(own & known_words) / len(own) if own else 0.0,
        short=len(text.split()) <= SHORT_WORDS,
        asked="?" in open_goal.last_message[-ASKED_WITHIN_CHARS:],
    )


def _is_acknowledgement(shared: _Shared) -> bool:
    tokens = [token.strip(".,!?:;()'\"").lower() for token in shared.text.split()]
    if len(tokens) > 8 or len(shared.text) > 80:
        return False
    if not any(character.isalnum() for character in shared.text):
        return True
    known = all(
        token in patterns.ACKNOWLEDGEMENT_WORDS or token.isdigit() or not token.isalnum() for token in tokens
    )
    return known and any(token in patterns.ACKNOWLEDGING_WORDS or token.isdigit() for token in tokens)


def _names_new_goal(shared: _Shared) -> bool:
    return patterns.NEW_GOAL.search(shared.text[:240]) is not None and not shared.names


def _abandons(shared: _Shared) -> bool:
    return read_reaction(shared.text).reaction is Reaction.ABANDONS and len(shared.words) > SHORT_WORDS


def _corrects(shared: _Shared) -> bool:
    reading = read_reaction(shared.text)
    if reading.reaction is Reaction.REVERTS:
        return True
    if reading.reaction is not Reaction.CORRECTS:
        return False
    told_as_own_story = patterns.OWN_STORY.search(shared.text[:240]) is not None and not shared.names
    return not told_as_own_story or shared.overlap >= WEAK_OVERLAP


def _asks_about_the_work(shared: _Shared) -> bool:
    return patterns.ABOUT_THE_WORK.search(shared.text) is not None and (shared.names or not shared.own_files)


def _is_workflow_step(shared: _Shared) -> bool:
    return patterns.WORKFLOW.search(shared.text) is not None


def _pastes_failure(shared: _Shared) -> bool:
    if (
        patterns.OWN_STORY.search(shared.text[:240]) is not None
        or patterns.BUG_REPORT.search(shared.text) is not None
    ):
        return False
    if patterns.FAILURE_REPORT.search(shared.text) is not None:
        return True
    if patterns.PASTED_FAILURE.search(shared.text) is None:
        return False
    return (
        shared.names
        or shared.overlap >= WEAK_OVERLAP
        or patterns.PASTED_FAILURE.search(shared.text[:80]) is not None
    )


def _names_its_parts(shared: _Shared) -> bool:
    return shared.names


def _shares_most_words(shared: _Shared) -> bool:
    return shared.overlap >= STRONG_OVERLAP and len(shared.content) > 0


_RULES: tuple[tuple[str, bool, Callable[[_Shared], bool]], ...] = (
    ("acknowledgement", True, _is_acknowledgement),
    ("new_goal_words", False, _names_new_goal),
    ("abandonment", False, _abandons),
    ("workflow", True, _is_workflow_step),
    ("correction", True, _corrects),
    ("about_the_work", True, _asks_about_the_work),
    ("pasted_failure", True, _pastes_failure),
    ("shared_names", True, _names_its_parts),
    ("shared_words", True, _shares_most_words),
)


def _points_back(shared: _Shared) -> bool:
    """Tell whether a pronoun or a definite noun has no antecedent in the prompt itself."""
    text = patterns.NOT_ANAPHOR.sub(" ", shared.text[:400])
    match = patterns.ANAPHOR.search(text)
    return match is not None and len(content_words(text[: match.start()])) < OWN_ANTECEDENT_WORDS


def _found(pattern: re.Pattern[str]) -> Callable[[_Shared], bool]:
    return lambda shared: pattern.search(shared.text[:OPENING_CHARS]) is not None


_asks_for_new_thing = _found(patterns.NEW_THING)
_starts_other_work = _found(patterns.OTHER_WORK)
_asks_in_general = _found(patterns.GENERAL_QUESTION)
_reports_bug = _found(patterns.BUG_REPORT)
_names_fault = _found(patterns.FAULT)
_names_place = _found(patterns.OWN_PLACE)
_compares_with_before = _found(patterns.NOW_WORDS)


def _remarks(shared: _Shared) -> bool:
    """Tell whether a short statement or question asks for no other work: in a task, it is a remark on it."""
    forms = (_asks_for_new_thing, _starts_other_work, _asks_in_general, _reports_bug)
    return len(shared.words) <= REMARK_WORDS and not any(form(shared) for form in forms)


def _tells_fault_elsewhere(shared: _Shared) -> bool:
    place_alone = shared.overlap == 0.0 and _names_place(shared) and not _compares_with_before(shared)
    return place_alone and _names_fault(shared)


_BIAS = -1.2
_WEIGHED: tuple[tuple[str, float, Callable[[_Shared], float]], ...] = (
    ("points_back", 1.5, _points_back),
    ("follow_up", 1.2, _found(patterns.FOLLOW_UP)),
    ("modifies", 0.8, _found(patterns.MODIFIER)),
    ("short", 1.0, lambda shared: shared.short),
    ("shared_words", 0.6, lambda shared: min(1.0, 2.0 * shared.overlap)),
    ("answers", 1.5, lambda shared: shared.asked and len(shared.words) <= REPLY_WORDS),
    ("remark", 2.8, _remarks),
    ("own_files", -0.6, lambda shared: shared.own_files and not shared.names),
    ("new_thing", -1.4, _asks_for_new_thing),
    ("other_work", -0.7, lambda shared: _starts_other_work(shared) and not _asks_for_new_thing(shared)),
    ("general_question", -0.6, _asks_in_general),
    ("bug_report", -0.3, _reports_bug),
    ("own_story", -1.1, _found(patterns.OWN_STORY)),
    ("own_place", -0.8, lambda shared: shared.overlap == 0.0 and _names_place(shared)),
    ("fault_elsewhere", -0.7, _tells_fault_elsewhere),
    ("own_content", -1.8, lambda shared: min(len(shared.content), 10) / 10 if shared.overlap == 0.0 else 0.0),
)
"""Log-odds, fitted by logistic regression (L2 = 1) on the tuned pairs that no rule decides, then rounded.

``answers`` was set by hand: too few pairs have it.
"""


def _weigh(shared: _Shared) -> GoalDecision:
    weights = [(weight * float(feature(shared)), name) for name, weight, feature in _WEIGHED]
    joins = math.fsum(value for value, _ in weights) + _BIAS > 0.0
    strongest = max(weights, key=lambda pair: pair[0] if joins else -pair[0])
    return GoalDecision(joins=joins, rule=strongest[1] if strongest[0] else "nothing_in_common")
