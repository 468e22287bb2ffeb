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
"""A task closes after 30 idle minutes."""

REPLY_WORDS = 40
"""A reply to the agent's question has at most so many words."""

ASKED_WITHIN_CHARS = 200
"""A question mark so near the end of the agent's answer makes the next prompt a likely reply."""

OWN_CONTENT_WORDS = 4
"""From so many content words on, a prompt that shares none with the open task stands on its own."""

OWN_ANTECEDENT_WORDS = 3
"""After so many content words, a pronoun is taken to mean something in the prompt itself."""

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


_ACKNOWLEDGEMENT = frozenset(
    "y yes yep yeah yup ya aye sure ok okay k kk alright right correct exactly fine good great perfect nice cool go "
    "ahead on continue proceed next do it that this please pls thanks thank you lgtm ship looks sounds like a the plan "
    "keep going and both all of them option step one two three first second third last latter former none either any "
    "approved agreed confirm confirmed done finish resume retry again try more "
    "ja nein oui si sí da hai weiter mach gut genau vale claro dale continua continúa sigue d'accord "
    "no nope nah not yet stop wait now then so well i you we let's lets just with for me a b c d".split()
)
_ACKNOWLEDGING = frozenset(
    "y yes yep yeah yup ya aye sure ok okay k kk alright correct exactly fine good great perfect nice cool go continue "
    "proceed do lgtm ship keep both all option step approved agreed confirm confirmed finish resume retry again next "
    "first second third last latter former either one two three no nope nah stop wait ja nein oui si sí da weiter genau "
    "vale claro dale continua continúa sigue thanks thank a b c d".split()
)

_NEW_GOAL = re.compile(
    r"(?:\b(?:(?:new|next|another|different|separate|unrelated|other) "
    r"(?:task|topic|thing|issue|feature|question|request|ticket|item|bug|problem|subject|story|one)\s*[:,.\-\u2013\u2014]"
    r"|next up\b|moving on\b|let'?s move on\b|move on to\b|on (?:a|an)(?:other| different| unrelated) (?:note|topic|subject)"
    r"|(?:different|unrelated|new|another|separate|next) (?:task|topic|subject|request|question)\b"
    r"|something (?:else|completely different|unrelated|different)\b|unrelated\b|switch(?:ing)? (?:gears|topics?|over to)\b"
    r"|let'?s switch (?:to|gears)|(?:let'?s|can we|we can) (?:now )?(?:start|begin) (?:on|with|a new)"
    r"|(?:now|let'?s|time) (?:now )?(?:to )?(?:work|focus|look|get started) (?:on|at)\b"
    r"|(?:i'?d|i would) (?:now )?like you to (?:now )?(?:look|work|start)"
    r"|new feature\b|new ticket\b|change of (?:plan|topic|subject)|by the way|btw\b|while (?:you'?re|we'?re) at it, (?:a|an)other)"
    r"|\b(?:issue|ticket|bug|pr|jira) (?:#\d+|[A-Z]{2,8}-\d+))",
    re.IGNORECASE,
)

_FOLLOW_UP_OPENING = re.compile(
    r"^(?:ok(?:ay)?[,. ]+|great[,. ]+|good[,. ]+|perfect[,. ]+|thanks[,.! ]+|cool[,. ]+|nice[,. ]+|yes[,. ]+|hmm+[,. ]+|"
    r"please |pls |so )*"
    r"(?:and|also|plus|then|but|or|now|next|again|additionally|besides|furthermore|same|likewise|after that|afterwards|"
    r"one more thing|oh and|as well|while you'?re (?:at it|there)|finally|lastly|in addition|maybe|perhaps|i think|i guess|i suspect|i believe|i noticed|looks like|seems|it seems|could it be|"
    r"let'?s also|let'?s do|done|(?:i|we)(?:'ve| have)? (?:just |now |already )?(?:added|installed|restarted|updated|changed|set|pushed|merged|"
    r"fixed|removed|created|ran|run|checked|reverted|committed|moved|renamed|tried|tested|uploaded|copied|deleted|see|get))\b"
    r"|\b(?:phase|step|part|milestone|chunk|item|point|option|todo) (?:\d+|[a-d]\b|one|two|three)|\b(?:the (?:plan|rest)|remaining)\b",
    re.IGNORECASE,
)

_ANAPHOR = re.compile(
    r"\b(?:it|its|that|this|those|these|them|they|the (?:same|other|above|previous|former|latter|result|output|change|changes|"
    r"fix|error|test|tests|suite|diff|new|old|last|first|second|one|ones|rest|function|file|endpoint|script|flag|"
    r"image|query|button|component|class|method)|here|there|too|as well|instead|your|yours|you (?:just|changed|added|"
    r"made|wrote|used|did|removed|created|put|chose|picked))\b",
    re.IGNORECASE,
)
_SELF_CONTAINED_THAT = re.compile(
    r"\b(?:[a-z]+ that (?:is|are|has|have|[a-z]+s)\b|so that|such that|that the|this (?:repo|repository|project|codebase|"
    r"code base|app|application|week|month|year|sprint|morning)|is there|are there|there'?s|there (?:is|are))",
    re.IGNORECASE,
)

_ABOUT_THE_WORK = re.compile(
    r"^(?:(?:ok|hm+|wait|so|and|but|cool|great|thanks|nice)[,. ]+)*"
    r"(?:(?:why|how|what|where|which) (?:exactly )?(?:did|have|do|does|is|are|was|were|would|about|if) (?:you|that|this|it|"
    r"these|those|the (?:difference|diff|change|changes|reason|impact|risk|downside|plan|status|ttl|default))\b"
    r"|(?:did|have|are|were|could|can|do|would|will|should) you (?:also |really |just |already |actually )?"
    r"(?:sure|check|checked|run|ran|test|tested|add|added|change|changed|remove|removed|update|updated|explain (?:that|this|"
    r"why|what|your|the change|how (?:it|this|that))|show me|tell me (?:what|why)|summari[sz]e|walk me|verify|make (?:it|that|"
    r"this|the)|use|mean|think|done|finished)"
    r"|(?:are|is) (?:you|that|it|this|those|these) \w+"
    r"|(?:does|do|will|would|should|can|could|is|are|was) (?:it|this|that|these|those|they)\b"
    r"|what about\b|how about\b|what if\b|any (?:idea|other|more|downsides?|risks?)|explain (?:that|this|it|your|why you)|what happens (?:if|when)|"
    r"show me (?:the diff|what|it|that|the change)|summari[sz]e (?:what|the changes?|it|this|your)|what (?:changed|happened|next|"
    r"now|else|remains|is left)|how long\b.{0,40}$)",
    re.IGNORECASE,
)

_WORKFLOW = re.compile(
    r"^(?:(?:ok(?:ay)?|great|good|perfect|thanks|nice|cool|yes|now|then|and|please|also|can you|could you|let'?s|lets|go ahead "
    r"and|just)[,.! ]+)*"
    r"(?:(?:re-?)?run|execute|commit|push|merge|rebase|squash|amend|stage|deploy|format|lint|open|create|raise|submit|make|test|"
    r"verify|double[- ]?check|rerun|build|compile|typecheck|clean|tidy|simplify|polish|review|finish|restart|stash|tag|release)"
    r" ?(?:up |out )?(?:it|this|that|them|these|everything|all|again|(?:the |a |your |my |all |whole |entire |full |draft |new "
    r"|unit )*(?:tests?|suite|build|linters?|changes?|diff|commit|pr|pull request|branch|code|formatter|server|app|type ?checker|"
    r"checks?|mypy|pytest|ruff|eslint|tsc|cargo|work|imports?|benchmarks?)(?: suite)?)?(?: (?:again|now|please|first|and .{0,60}|for "
    r"(?:it|this|that)|with .{0,40}|to .{0,30}|once more|too|on .{0,20}))*[.!? ]*$",
    re.IGNORECASE,
)

_TESTS_OR_DOCS = re.compile(
    r"^(?:(?:ok(?:ay)?|great|good|perfect|thanks|nice|cool|yes|now|then|and|please|also|can you|could you|let'?s)[,.! ]+)*"
    r"(?:write|add|include|create|put in|update|extend|fix|adjust|adapt) (?:a |an |some |the |unit |integration |regression |more |"
    r"short |corresponding |missing )*(?:tests?|test cases?|docs?|docstrings?|documentation|comments?|changelog(?: entry)?|readme|"
    r"type hints?|types|annotations|logging|error handling|validation|imports?|lint errors?|warnings?)"
    r"(?: (?:for|to) (?:it|this|that|them|these|those|all of them|both))?(?: (?:too|as well|please|accordingly))?[.! ]*$",
    re.IGNORECASE,
)

_PASTED_FAILURE = re.compile(
    r"Traceback \(most recent call last\)|^\s+at [\w.$<>]+ ?\(|\b(?:Error|Exception|panic|FAILED|FAIL|fatal|undefined reference|"
    r"cannot find|not found|Segmentation fault)\b.{0,3}:|^E\s{2,}|npm ERR!|error(?:\[E\d+\]|TS\d+)",
    re.MULTILINE,
)
_OWN_STORY = re.compile(
    r"\b(?:our|customers?|users?|a customer|someone|production|prod|staging|sentry|deploy|since yesterday|reports?|reported)\b",
    re.IGNORECASE,
)

_POLITE = (
    r"^(?:(?:ok(?:ay)?|great|good|perfect|thanks|thank you|cool|nice|yes|awesome|hi|hello|hey|now|please|pls|next|finally|so|"
    r"alright|great work|good job|nice work|well done)[,.! ]+)*(?:(?:can|could|would|will) (?:you|we) (?:please |also |now )?|"
    r"(?:please|pls|kindly|now|let'?s|lets|i (?:want|need|would like|'?d like) (?:you )?to|we (?:want|need|should|have) to|"
    r"you should|help me(?: to)?|your task is to|try to) (?:please |now )?)?"
)
_NEW_THING = re.compile(
    _POLITE
    + r"(?:(?:add|create|write|implement|build|generate|set ?up|setup|design|develop|make|introduce|provide|scaffold|"
    r"draft|prepare|configure|integrate|enable|install|put together|come up with)"
    r" (?:me |us )?(?:(?:a|an|some|new|another|support|basic|simple|full|complete|the (?:following|ability)|"
    r"two|three|four|five|several|multiple|support for)\b|`|(?-i:[A-Z<]))"
    r"|(?:i|we|our \w+|the \w+) (?:need|want|would like|'?d like|'?d love|could use|are looking for|should have) (?:a|an|some|to have|"
    r"new|another|[a-z]\d+\w*)\b)",
    re.IGNORECASE,
)
_OTHER_WORK = re.compile(
    _POLITE
    + r"(?:implement|investigate|debug|profile|review|refactor|migrate|convert|translate|upgrade|port|optimi[sz]e|"
    r"analy[sz]e|audit|research|benchmark|find (?:out|the|why|all|where|a|an|every|any)|figure out|look (?:at|into)|take a look|check (?:why|if|whether|the)|fix|"
    r"write|create|build|generate|set ?up|design|develop|switch|replace|document|explain|delete|remove|add|improve|speed up|"
    r"reduce|download|parse|extract|rewrite|redesign|integrate|install|configure|deploy|describe|compare|list|summari[sz]e|work on)\b",
    re.IGNORECASE,
)
_MODIFIER = re.compile(
    r"\b(?:rather than|rather have|i'?d rather|instead|too (?:big|small|wide|long|short|slow|fast|dark|bright|strict|loud|close|far|"
    r"many|much|verbose|complicated|large|high|low|late|early)|should(?:n'?t)? (?:be|also|not|have|share|only|come|go|use|return|"
    r"stay|look|happen|appear|default)|by default|configurable|not (?:in|the|just|only)|missing|per default|only (?:if|when|for|"
    r"after|the)|as well|still|bit (?:more|less)|more (?:robust|readable|compact|generic|concise|verbose|specific)|"
    r"smaller|bigger|shorter|longer|simpler|faster|cleaner|lighter|darker|prefer|prefix|suffix)\b"
    r"|^(?:(?:please|and|also|then|now|ok|yes|but|can you|could you|let'?s|maybe|just)[, ]+)*"
    r"(?:use|keep|make (?:the|it|sure|them)|sort|group|order|exclude|include|move|rename|show|hide|store|return|allow|limit|round|align|"
    r"default|leave|drop|put|swap|split|merge|combine|inline|extract (?:it|that|the)|wrap|center|bump|pin|skip|ignore|shorten|"
    r"call|name|set|read|log|print|cap|avoid|apply|pass|raise|throw|mark|prefer|capitali[sz]e|lowercase|reuse|stick|go with)\b",
    re.IGNORECASE,
)
_GENERAL_QUESTION = re.compile(
    _POLITE
    + r"(?:what(?:'s| is| are) (?:the (?:difference|best|purpose|meaning)|a |an )|how (?:do|can|would|should) (?:i|we|one|you)\b|"
    r"how (?:does|do|is|are) (?:the |a |an |our |[a-z]+ )?\w+|where (?:is|are|do|does|can)|how many|how much (?:memory|disk|does)|"
    r"(?:explain|describe|tell me|show me) (?:how|what|where|the (?:difference|architecture|structure)|me)|which (?:files?|"
    r"version|library|tables?|services?)|who |is there (?:a|any)|are there any|what does (?:the|a)|is (?:the|our) |do we |does the )",
    re.IGNORECASE,
)


class _Shared(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a prompt and the open task have in common, computed once for all rules."""

    text: str
    words: tuple[str, ...]
    content: frozenset[str]
    names: bool  # the prompt names a file, folder or identifier of the task
    own_names: bool  # it names one that the task does not know
    overlap: float
    short: bool
    asked: bool  # the agent's last answer ends with a question


def continues(prompt: str, open_goal: OpenGoal, *, now_ns: int) -> GoalDecision:
    """Decide whether a prompt continues or corrects the open task.

    Parameters
    ----------
    prompt
        What the user wrote, without text that a host or ReasoningBank put there.
    open_goal
        The open task.
    now_ns
        When the prompt was submitted, on the clock of ``open_goal.last_event_ns``.

    Returns
    -------
    GoalDecision
        ``joins`` and the name of the rule that decided.
    """
    if now_ns - open_goal.last_event_ns >= IDLE_NS:
        return GoalDecision(joins=False, rule="idle")
    shared = _compare(prompt, open_goal)
    for name, joins, applies in _RULES:
        if applies(shared):
            return GoalDecision(joins=joins, rule=name)
    return _weigh(shared)


def _compare(prompt: str, open_goal: OpenGoal) -> _Shared:
    text = prompt[:HEAD_CHARS].strip().replace("\u2019", "'")
    known_text = "\n".join((open_goal.goal, open_goal.last_prompt, open_goal.last_message))
    known_paths = "\n".join(open_goal.files)
    known_names = (
        identifiers(known_text) | file_names(known_text) | file_names(known_paths) | folders(known_paths)
    )
    known_stems = {name.rsplit(".", 1)[0] for name in file_names(known_paths) | file_names(known_text)}
    mentioned = identifiers(text) | file_names(text) | folders(text)
    known_words = content_words(known_text) | content_words(known_paths)
    own = content_words(text)
    all_words = words(text)
    return _Shared(
        text=text,
        words=all_words,
        content=own,
        names=bool(mentioned & known_names) or bool(mentioned & known_stems),
        own_names=bool(mentioned - known_names - known_stems),
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
    known = all(token in _ACKNOWLEDGEMENT or token.isdigit() or not token.isalnum() for token in tokens)
    return known and any(token in _ACKNOWLEDGING or token.isdigit() for token in tokens)


def _names_new_goal(shared: _Shared) -> bool:
    return _NEW_GOAL.search(shared.text[:240]) is not None and not shared.names


def _abandons(shared: _Shared) -> bool:
    return read_reaction(shared.text).reaction is Reaction.ABANDONS and len(shared.words) > SHORT_WORDS


def _corrects(shared: _Shared) -> bool:
    reading = read_reaction(shared.text)
    if reading.reaction is Reaction.REVERTS:
        return True
    if reading.reaction is not Reaction.CORRECTS:
        return False
    told_as_own_story = _OWN_STORY.search(shared.text[:240]) is not None and not shared.names
    return not told_as_own_story or shared.overlap >= WEAK_OVERLAP


def _asks_about_the_work(shared: _Shared) -> bool:
    return _ABOUT_THE_WORK.search(shared.text) is not None and not (shared.own_names and not shared.names)


def _is_workflow_step(shared: _Shared) -> bool:
    return _WORKFLOW.search(shared.text) is not None or _TESTS_OR_DOCS.search(shared.text) is not None


def _pastes_failure(shared: _Shared) -> bool:
    if _PASTED_FAILURE.search(shared.text) is None or _OWN_STORY.search(shared.text[:240]) is not None:
        return False
    return (
        shared.names or shared.overlap >= WEAK_OVERLAP or _PASTED_FAILURE.search(shared.text[:80]) is not None
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


def _points_back(shared: _Shared) -> float:
    """Weigh a pronoun or a definite noun whose antecedent can't be in the prompt itself."""
    text = _SELF_CONTAINED_THAT.sub(" ", shared.text[:400])
    match = _ANAPHOR.search(text)
    if match is None:
        return 0.0
    return 2.0 if len(content_words(text[: match.start()])) < OWN_ANTECEDENT_WORDS else 0.0


def _follows_up(shared: _Shared) -> float:
    return 1.5 if _FOLLOW_UP_OPENING.search(shared.text) is not None else 0.0


def _modifies(shared: _Shared) -> float:
    return 1.25 if _MODIFIER.search(shared.text[:240]) is not None else 0.0


def _is_short(shared: _Shared) -> float:
    return 1.0 if shared.short else 0.0


def _shares_words(shared: _Shared) -> float:
    return 4.0 * shared.overlap


def _answers(shared: _Shared) -> float:
    return 1.5 if shared.asked and len(shared.words) <= REPLY_WORDS else 0.0


def _has_own_names(shared: _Shared) -> float:
    return -1.5 if shared.own_names and not shared.names else 0.0


def _asks_for_a_new_thing(shared: _Shared) -> float:
    return -2.0 if _NEW_THING.search(shared.text) is not None else 0.0


def _starts_other_work(shared: _Shared) -> float:
    return -1.0 if _OTHER_WORK.search(shared.text) is not None else 0.0


def _tells_own_story(shared: _Shared) -> float:
    return -1.5 if _OWN_STORY.search(shared.text[:240]) is not None else 0.0


def _asks_in_general(shared: _Shared) -> float:
    return -1.5 if _GENERAL_QUESTION.search(shared.text) is not None else 0.0


def _stands_alone(shared: _Shared) -> float:
    return -1.0 if len(shared.content) >= OWN_CONTENT_WORDS and shared.overlap < WEAK_OVERLAP else 0.0


_WEIGHED: tuple[tuple[str, Callable[[_Shared], float]], ...] = (
    ("points_back", _points_back),
    ("follow_up", _follows_up),
    ("modifies", _modifies),
    ("short", _is_short),
    ("some_shared_words", _shares_words),
    ("answers", _answers),
    ("own_names", _has_own_names),
    ("new_thing", _asks_for_a_new_thing),
    ("other_work", _starts_other_work),
    ("own_story", _tells_own_story),
    ("general_question", _asks_in_general),
    ("stands_alone", _stands_alone),
)


def _weigh(shared: _Shared) -> GoalDecision:
    weights = [(weight(shared), name) for name, weight in _WEIGHED]
    total = math.fsum(value for value, _ in weights)
    joins = total > 0.0
    strongest = max(weights, key=lambda pair: pair[0] if joins else -pair[0])
    return GoalDecision(joins=joins, rule=strongest[1] if strongest[0] else "nothing_in_common")
