"""Read from a user's prompt what it says about the work just done: approval, correction, or nothing.

The rules are patterns over English (a few short words of other languages are known). They err on the side of
saying nothing: a prompt that only asks for the next thing is no approval.
"""

from __future__ import annotations

import enum
import re

import msgspec

from reasoningbank_daemon.learning.wording import HEAD_CHARS

READ_CHARS = 600
"""Approval and correction stand at the start of a prompt; what comes later is the next request or a log."""


class Reaction(enum.StrEnum):
    """Name what a prompt says about the work before it."""

    APPROVES = "approves"
    CORRECTS = "corrects"
    REVERTS = "reverts"
    ABANDONS = "abandons"
    NONE = "none"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a reaction with the words that gave it away and its strength in [0, 1]."""

    reaction: Reaction
    words: str = ""
    strength: float = 0.0


NO_READING = Reading(reaction=Reaction.NONE)

_REVERTS = (
    (
        (
            r"^(?:(?:no|nope|hmm+|please|ok|actually|wait|pls|can you|could you|just|ugh)[,.! ]+)*"
            r"(?:revert|undo|roll(?:ing)? (?:it|this|that|them|everything)? ?back|back (?:it|this|that) out)\b"
        ),
        1.0,
    ),
    (r"\b(?:revert|undo|discard) (?:it|this|that|those|these|everything|all|your|the last|the change)", 0.9),
    (r"\b(?:put|change|set|switch) (?:it|this|that|them|everything) back\b", 0.8),
    (r"\bgo back to (?:the|how|what|my) (?:old|previous|original|earlier|it was|version|i had)", 0.7),
)

_NEGATIVE_STATE = (
    r"(?:not|n't|never|no longer) (?:even |really |quite |actually |yet )?"
    r"(?:work|working|fixed|right|correct|compile|compiling|build|building|start|starting|run|running|pass|passing|"
    r"load|loading|show|showing|render|rendering|what i (?:asked|meant|wanted|said)|happy|there|solved|resolved|it)\b"
)

_CORRECTS = (
    (r"^(?:no|nope|nah|nein|non)\b(?! (?:problem|worries|need|rush|idea|more questions|complaints))", 0.8),
    (r"^(?:wrong|incorrect|bad|not quite|not really|not exactly|not like that|not that)\b", 0.8),
    (
        (
            r"\b(?:still|again) (?:fail|broken|crash|error|get|gett|see|seeing|the same|not|doesn|does not|isn|red|happen|hang|"
            r"redirect|return|throw|show|there|wrong|slow|leak|show)"
        ),
        0.9,
    ),
    (
        (
            r"\b(?:doesn'?t|does not|didn'?t|did not|don'?t|won'?t|isn'?t|is not|wasn'?t|aren'?t|can'?t) "
            r"(?:even |really |quite |actually |yet )?(?:work|fix|help|compile|build|start|run|pass|load|show|render|match|"
            r"do anything|do what|change anything|seem to work|seem right|look right|right|correct|what i|solve|exist|parse|"
            r"happen|respond|apply|make sense)"
        ),
        0.85,
    ),
    (rf"\b(?:is|are|was|it'?s|that'?s|its|thats|i'?m|still) {_NEGATIVE_STATE}", 0.85),
    (
        (
            r"^(?:still )?(?:nothing (?:happens|changed|works)|no (?:change|difference|luck|effect)|same (?:error|problem|result|thing|issue)|"
            r"still nothing|didnt work|no good)\b"
        ),
        0.85,
    ),
    (r"\bthat'?s (?:not|wrong|incorrect|worse|broken|the wrong|no good|a bug|backwards)", 0.9),
    (r"\bthis (?:is|looks) (?:wrong|broken|worse|incorrect|not)", 0.9),
    (
        (
            r"\b(?:that|it|this|you|which|change|now everything|now it) (?:just )?(?:broke|breaks|has broken|have broken|fails|"
            r"crashes|panics|hangs|segfaults|errors|throws|is failing|is broken|made it worse|makes it worse)\b"
        ),
        0.9,
    ),
    (
        (
            r"\b(?:tests?|build|ci|lint(?:er)?|pipeline|suite|compile|compilation|typecheck|import) "
            r"(?:still |now |is |are )*(?:fail|red|broken|break)"
        ),
        0.85,
    ),
    (r"\b(?:i|we) (?:meant|said|asked for|wanted|told you|was asking)\b", 0.8),
    (
        (
            r"\b(?:you|u) (?:just |also |still |have |'?ve )*(?:forgot|missed|misunderstood|didn'?t|did not|removed|deleted|broke|ignored|skipped|overwrote|left|lost|"
            r"were supposed|should(?:n'?t)? have|introduced|duplicated|hardcoded|hard-coded|misread|changed the wrong)\b"
        ),
        0.8,
    ),
    (r"^(?:wait|stop|hold on|hang on)\b", 0.5),
    (r"^(?:don'?t|do not|never(?! ?mind)|stop) \w+", 0.5),
    (r"^(?:hmm+|uh|um|ugh|argh|ouch|damn|wtf|what\?|huh)\b", 0.5),
    (r"\b(?:try again|one more time|start over|redo (?:it|this|that))\b", 0.7),
    (r"^(?:actually|instead|rather)\b", 0.45),
    (
        (
            r"\b(?:same|another|new|different|now (?:i|we) (?:get|see|have)|i get|i'?m getting|we get|getting|gives?(?: me)?|got) "
            r"(?:an? |the |this |same |another |new |different )*(?:error|exception|problem|failure|issue|crash|warning|traceback)"
        ),
        0.75,
    ),
    (
        (
            r"^(?:hmm+[, ]+)?now (?:the|it|my|i|all|every|there|nothing) .{0,60}\b(?:overlap|broke|broken|fail|error|gone|missing|"
            r"wrong|empty|crash|twice|doesn|does not|can'?t|cannot|isn|is not|slow)"
        ),
        0.75,
    ),
    (
        r"\b(?:is|are|looks|seems) (?:still )?(?:wrong|off|broken|missing|incorrect|backwards|misaligned|cut off)\b",
        0.6,
    ),
)

_APPROVES = (
    (
        (
            r"\b(?:it|that|this|everything|all|now|build|tests?|suite|ci|page|app|fix|which) (?:now |all |just |finally )?"
            r"(?:works|worked|is working|passes|pass|passed|is green|are green|is fixed|is solved|fixed it|did it|did the trick|"
            r"does the trick|solved it|runs|is perfect|is great|is what i wanted|compiles|builds)"
            r"(?! for| only| on my| when| if| except| unless| but)"
        ),
        0.9,
    ),
    (
        r"^(?:great|perfect|excellent|awesome|amazing|brilliant|fantastic|wonderful|lovely|superb|beautiful)\b",
        0.8,
    ),
    (r"^(?:nice|good|cool|sweet|neat)(?: (?:one|job|work|stuff|catch|fix|find))?(?:[,.! ]|$)", 0.65),
    (r"\b(?:works|working) (?:now|great|perfectly|fine|well|like a charm|as expected|nicely)\b", 0.9),
    (
        (
            r"\b(?:lgtm|ship it|looks? (?:good|great|right|perfect|fine)|well done|good job|great job|great work|nice work|"
            r"good work|all good|all green|spot on|exactly what i|that'?s it|that'?s (?:perfect|great|better|right|correct|"
            r"exactly|the one))\b"
        ),
        0.8,
    ),
    (r"\b(?:thanks|thank you|thx|ty|cheers|danke|merci|gracias|much appreciated)\b", 0.35),
    (r"^(?:yes|yep|yeah|yup|correct|right)[,.! ]+(?:that|it|this|works|perfect|great|thanks|exactly)", 0.7),
    (
        r"^(?:commit|merge|push|ship|deploy|release|tag) (?:it|this|that|them|everything|and|the change)?\b",
        0.6,
    ),
    (
        r"^(?:please |ok(?:ay)?,? |great,? |now |and )*(?:commit|push|merge) (?:it|this|that|these|the|and|to|your|all)\b",
        0.6,
    ),
)

_ABANDONS = (
    (
        r"\b(?:never ?mind|forget (?:it|that|about|this)|drop (?:it|that|this)|scrap (?:it|that|this)|leave it)\b",
        0.5,
    ),
)

_NEGATED_APPROVAL = re.compile(
    r"\b(?:not|n't|never|almost|nearly|would be|should be|if (?:it|that|this)|once (?:it|that|this)|until (?:it|that|this)|"
    r"make sure (?:it|that|this|everything|all)|so that (?:it|that|this)|does (?:it|that|this)|whether (?:it|that|this))\b",
)

_TABLE = tuple(
    (reaction, tuple((re.compile(pattern, re.IGNORECASE), strength) for pattern, strength in patterns))
    for reaction, patterns in (
        (Reaction.REVERTS, _REVERTS),
        (Reaction.CORRECTS, _CORRECTS),
        (Reaction.ABANDONS, _ABANDONS),
        (Reaction.APPROVES, _APPROVES),
    )
)


def read_reaction(prompt: str) -> Reading:
    """Return what a prompt says about the work before it; the strongest pattern of the first kind that matches.

    Kinds are tried in the order reverts, corrects, abandons, approves, so that "thanks, but it still fails"
    is a correction. Two exceptions: a weak correction yields to a clear approval ("hmm, ok, works now").

    >>> read_reaction("thanks, but the tests still fail").reaction.value
    'corrects'
    >>> read_reaction("works now, thanks!").reaction.value
    'approves'
    >>> read_reaction("add a column for the country").reaction.value
    'none'
    """
    head = _opening(prompt)
    readings = [_strongest(head, reaction, patterns) for reaction, patterns in _TABLE]
    found = [reading for reading in readings if reading.strength > 0.0]
    if not found:
        return NO_READING
    first, last = found[0], found[-1]
    if (
        first.reaction is Reaction.CORRECTS
        and last.reaction is Reaction.APPROVES
        and last.strength > first.strength
    ):
        return last
    return first


def _strongest(head: str, reaction: Reaction, patterns: tuple[tuple[re.Pattern[str], float], ...]) -> Reading:
    best = Reading(reaction=reaction)
    for pattern, strength in patterns:
        match = pattern.search(head)
        if match is None or strength <= best.strength:
            continue
        if reaction is Reaction.APPROVES and _is_negated(head, match):
            continue
        best = Reading(reaction=reaction, words=match.group(0).strip(" ,.!"), strength=strength)
    return best


def _is_negated(head: str, match: re.Match[str]) -> bool:
    clause_start = max(head.rfind(mark, 0, match.start()) for mark in ".!?\n;") + 1
    before = head[clause_start : match.end()]
    return _NEGATED_APPROVAL.search(before) is not None or head[match.end() : match.end() + 2].strip() == "?"


def _opening(prompt: str) -> str:
    text = prompt[:HEAD_CHARS].strip().replace("\u2019", "'")
    return re.sub(r"[ \t]+", " ", text)[:READ_CHARS]
