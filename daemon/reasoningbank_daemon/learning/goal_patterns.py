"""Name the forms of words by which a prompt shows that it goes on with a task, or starts another.

Each pattern is a list of alternatives, one idea a line. They were written from 256 labelled prompts
(``tests/fixtures/goals.jsonl``, split ``tuned``); the other prompts there were never used for them.
"""

from __future__ import annotations

import re

_COURTESY = (
    r"(?:(?:ok(?:ay)?|great|good|perfect|thanks|thank you|cool|nice|yes|awesome|hi|hello|hey|hm+|wait|alright|sure|"
    r"great work|good job|nice work|well done|please|pls|so|now|next|finally|then|and|but|also|just)[,.! ]+)*"
)
"""What may stand before the words that matter."""

_ASKING = (
    r"(?:(?:can|could|would|will) (?:you|we) (?:please |also |now |then )?"
    r"|(?:let'?s|lets|(?:i|we) (?:want|need|would like|'?d like|should|have)(?: you)? to|i'?d like you to|you should|"
    r"help me(?: to)?|your task is to|try to) (?:please |now |also )?)?"
)
"""How a request is wrapped before its verb."""


def _anywhere(*alternatives: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(alternatives) + ")", re.IGNORECASE)


def _opening(*alternatives: str) -> re.Pattern[str]:
    return re.compile("^" + _COURTESY + r"(?:" + "|".join(alternatives) + ")", re.IGNORECASE)


def _request(*alternatives: str) -> re.Pattern[str]:
    return re.compile("^" + _COURTESY + _ASKING + r"(?:" + "|".join(alternatives) + ")", re.IGNORECASE)


_KNOWN_SHORT_WORDS = """
    y yes yep yeah yup ya aye sure ok okay k kk alright right correct exactly fine good great perfect nice cool go
    ahead on continue proceed next do it that this please pls thanks thank you lgtm ship looks sounds like a the plan
    keep going and both all of them option step one two three first second third last latter former none either any
    approved agreed confirm confirmed done finish resume retry again try more
    ja nein oui si sí da hai weiter mach gut genau vale claro dale continua continúa sigue d'accord
    no nope nah not yet stop wait now then so well i we let's lets just with for me b c d
"""
_MEANINGFUL_SHORT_WORDS = """
    y yes yep yeah yup ya aye sure ok okay k kk alright correct exactly fine good great perfect nice cool go continue
    proceed do lgtm ship keep both all option step approved agreed confirm confirmed finish resume retry again next
    first second third last latter former either one two three no nope nah stop wait ja nein oui si sí da weiter genau
    vale claro dale continua continúa sigue thanks thank a b c d
"""
ACKNOWLEDGEMENT_WORDS = frozenset(_KNOWN_SHORT_WORDS.split())
"""A prompt of these words alone is an answer, a go-ahead or a thank-you …"""

ACKNOWLEDGING_WORDS = frozenset(_MEANINGFUL_SHORT_WORDS.split())
"""… if at least one of them is one of these."""

NEW_GOAL = _anywhere(
    r"(?:new|another|different|separate|unrelated|other) (?:task|topic|thing|issue|feature|question|request|ticket|item|"
    r"bug|problem|subject|story|one)\s*[:,.\-\u2013\u2014]",
    r"next (?:task|topic|thing|issue|feature|ticket|item|bug|story)\b",
    r"(?:different|unrelated|new|another|separate) (?:task|topic|subject|request|question)\b",
    r"next up\b",
    r"moving on\b",
    r"let'?s move on\b",
    r"move on to\b",
    r"on (?:a|an)(?:other| different| unrelated) (?:note|topic|subject)",
    r"something (?:else|completely different|unrelated|different)\b",
    r"unrelated\b",
    r"switch(?:ing)? (?:gears|topics?|over to)\b",
    r"let'?s switch (?:to|gears)",
    r"(?:let'?s|can we|we can) (?:now )?(?:start|begin) (?:on|with|a new)",
    r"(?:now|let'?s|time) (?:now )?(?:to )?(?:work|focus|look|get started) (?:on|at)\b",
    r"(?:i'?d|i would) (?:now )?like you to (?:now )?(?:look|work|start)",
    r"now on to\b",
    r"new (?:feature|ticket)\b",
    r"change of (?:plan|topic|subject)",
    r"by the way|btw\b",
    r"(?:issue|ticket|bug|pr|jira|story) #?\d+",
    r"(?-i:[A-Z]{2,8}-\d+)\b",
)
"""Explicit words for another goal, and the numbers of tickets."""

FOLLOW_UP = _opening(
    r"(?:and|also|plus|then|but|or|now|next|again|additionally|besides|furthermore|same|likewise|after(?: that|wards))\b",
    r"(?:one more thing|oh and|as well|while you'?re (?:at it|there)|finally|lastly|in addition)\b",
    r"(?:maybe|perhaps|i think|i guess|i suspect|i believe|i noticed|looks like|(?:it )?seems|could it be)\b",
    r"let'?s (?:also|do (?:it|that|this|the same|both|all|option|the rest))\b",
    r"(?:done|here'?s|here are|see|only|go with|hold off)\b",
    r"i (?:still |now |just |only )?(?:see|get|got|have|don'?t see|can'?t see|don'?t get|doubt|think|wonder)\b",
    r"(?:i|we)(?:'ve| have)? (?:just |now |already )?(?:added|installed|restarted|updated|changed|set|pushed|merged|fixed|"
    r"removed|created|re-?ran|run|checked|reverted|committed|moved|renamed|tried|tested|uploaded|copied|deleted)\b",
    r".{0,80}\b(?:phase|step|part|milestone|chunk|item|point|option|todo) (?:\d+|[a-d]\b|one|two|three)",
    r".{0,80}\b(?:the (?:plan|rest)|remaining|what else|anything else)\b",
)
"""Openings that hang on what went before: conjunctions, conjectures, what the user did in between."""

ANAPHOR = _anywhere(
    r"(?:it|its|that|this|those|these|them|they|here|there|too|as well|instead|your|yours)\b",
    r"the (?:failing|broken|remaining|missing|red|flaky|wrong|changed|added|new|old|last) (?:unit |integration )?\w+\b",
    r"the (?:same|other|above|previous|former|latter|result|output|changes?|fix|error|tests?|suite|diff|new|old|last|first|"
    r"second|third|ones?|rest|function|file|endpoint|script|flag|image|query|button|component|class|method)\b",
    r"(?:you|u)(?:'re|'ve)? (?:just|changed|added|made|wrote|used|did|removed|created|put|chose|picked|storing|using|doing)\b",
)
"""Words that mean something said before."""

NOT_ANAPHOR = _anywhere(
    r"[a-z]+ that (?:is|are|has|have|[a-z]+s)\b",
    r"(?:so|such) that\b",
    r"that the\b",
    r"this (?:repo|repository|project|codebase|code base|app|application|week|month|year|sprint|morning)\b",
    r"(?:is|are) there\b",
    r"there'?s\b",
    r"there (?:is|are)\b",
)
"""The same words where they mean nothing said before."""

ABOUT_THE_WORK = _opening(
    r"(?:why|how|what|where|which) (?:exactly )?(?:did|have|do|does|is|are|was|were|would|about|if) (?:you|that|this|it|these|"
    r"those|the (?:difference|diff|change|changes|reason|impact|risk|downside|plan|status|default|rollback))\b",
    r"(?:did|have|are|were|do|would|will|should) you (?:also |really |just |already |actually )?(?:sure|check(?:ed)?|run|ran|"
    r"test(?:ed)?|add(?:ed)?|change[d]?|remove[d]?|update[d]?|use|mean|think|done|finished|make (?:it|that|this|the))\b",
    r"(?:could|can|would|will) you (?:also |please )?(?:check (?:it|that|this)|explain (?:that|this|why|what|your|the change|"
    r"how (?:it|this|that))|show me (?:the diff|what|it|that)|tell me (?:what|why)|walk me|verify|make (?:it|that|this|the))\b",
    r"(?:are|is) (?:you|that|it|this|those|these) \w+",
    r"(?:does|do|will|would|should|can|could|is|are|was) (?:it|this|that|these|those|they)\b",
    r"why not\b",
    r"(?:what|how) (?:about|if)\b",
    r"what happens (?:if|when)\b",
    r"any (?:idea|other|more|downsides?|risks?)\b",
    r"explain (?:that|this|it|your|why you)\b",
    r"show me (?:the diff|what|it|that|the change)\b",
    r"summari[sz]e (?:what|the changes?|it|this|your)\b",
    r"what (?:changed|happened|next|now|else|remains|is left)\b",
    r"how long\b.{0,40}$",
    r"how (?:many|much) (?:\w+ )?(?:is|are|do|remain|faster|slower|smaller|bigger)\b.{0,25}$",
)
"""Questions that only make sense about what was just done."""

_WORKFLOW_OBJECT = (
    r"(?:it|this|that|them|these|everything|all|again|(?:the |a |your |my |all |whole |entire |full |draft |new |unit )*"
    r"(?:tests?|suite|build|linters?|changes?|diff|commit|pr|pull request|branch|code|formatter|server|app|type ?checker|"
    r"checks?|mypy|pytest|ruff|eslint|tsc|cargo|work|imports?|benchmarks?)(?: suite)?)"
)
_WORKFLOW_END = r"(?: (?:again|now|please|first|and .{0,60}|for (?:it|this|that)|with .{0,40}|to .{0,30}|once more|too|on .{0,20}))*[.!? ]*$"
WORKFLOW = _request(
    r"(?:(?:re-?)?run|execute|commit|push|merge|rebase|squash|amend|stage|deploy|format|lint|open|create|raise|submit|make|"
    r"test|verify|double[- ]?check|rerun|build|compile|typecheck|clean|tidy|simplify|polish|review|finish|restart|stash|tag|"
    r"release) ?(?:up |out )?" + _WORKFLOW_OBJECT + "?" + _WORKFLOW_END,
    r"(?:write|add|include|create|put in|update|extend|fix|adjust|adapt) (?:a |an |some |the |unit |integration |regression |"
    r"more |short |corresponding |missing )*(?:tests?|test cases?|docs?|docstrings?|documentation|comments?|type hints?|"
    r"changelog(?: entry)?|types|annotations|logging|error handling|validation|imports?|lint errors?|warnings?)"
    r"(?: (?:for|to) (?:it|this|that|them|these|those|all of them|both))?(?: (?:too|as well|please|accordingly))?[.! ]*$",
    r"(?:update|extend|fix) the (?:readme|changelog|docs)[.! ]*$",
)
"""What follows any work: run, commit, test it, document it."""

PASTED_FAILURE = re.compile(
    r"Traceback \(most recent call last\)|^[ \t]+at [\w.$<>]+ ?\(|\b(?:Error|Exception|panic|FAILED|FAIL|fatal|undefined reference|"
    r"cannot find|not found|Segmentation fault)\b.{0,3}:|^E[ \t]{2,}|npm ERR!|error(?:\[E\d+\]|TS\d+)",
    re.MULTILINE,
)
FAILURE_REPORT = _opening(
    r"(?:compile|compiler|build|runtime|type|lint|syntax|import|test|ci)? ?(?:error|errors|failure|run failed|failed)\s*:",
    r"(?:make(?: \w+)?|npm(?: \w+){0,2}|cargo(?: \w+)?|go(?: \w+)?|pytest|tox|mvn(?: \w+)?|gradle(?: \w+)?|tsc|eslint|ruff|mypy|"
    r"valgrind|clang|gcc|docker(?: \w+)?|terraform(?: \w+)?|the (?:build|compiler|linter|type ?checker|console|log|browser)|"
    r"`[^`\n]{2,60}`) (?:still |now |just |only )?(?:gives|says|complains|prints|fails|reports|returns|warns|throws|errors)\b",
)
"""A failure told or pasted right at the start, as one reports back."""

OWN_STORY = _anywhere(
    r"(?:our|customers?|users?|a customer|someone|production|prod|staging|sentry|deploy|since yesterday|reported)\b",
)
"""Words of somebody telling a problem from elsewhere."""

BUG_REPORT = re.compile(
    r"^(?:bug|feature request|task|story|todo|idea|request)\b ?[:\-]"
    r"|\b(?:find out (?:why|what|how)|.{12}(?:please|(?:can|could) you(?: please)?) (?:fix|look|investigate|check|take)|"
    r"look into|take a look|and fix (?:it|them|this)|find the (?:\w+ )?(?:cause|reason|wins?|bug)|see [\w./]+\.\w+$)",
    re.IGNORECASE,
)
"""A problem told together with the request to solve it: more than a remark."""

NEW_THING = _request(
    r"(?:add|create|write|implement|build|generate|set ?up|setup|design|develop|make|introduce|provide|scaffold|draft|prepare|"
    r"configure|integrate|enable|install|put together|come up with) (?:me |us )?(?:(?:a|an|some|new|another|support|basic|"
    r"simple|full|complete|the (?:following|ability)|two|three|four|five|several|multiple)\b|`|(?-i:[A-Z<]))",
    r"(?:i|we|our \w+|the \w+) (?:need|want|would like|'?d like|'?d love|could use|are looking for|should (?:have|support|offer))"
    r" (?:a|an|some|to have|new|another|[a-z]\d+\w*|(?-i:[A-Z]{2,}))\b",
    r"need (?:a|an|some)\b",
    r"it would be (?:nice|great|good|cool) to have\b",
    r"i have (?:a|an|the following|two|some)\b",
    r"consider the following\b",
)
"""A request for a thing that was not spoken of."""

OTHER_WORK = _request(
    r"(?:implement|investigate|debug|profile|review|refactor|migrate|convert|translate|upgrade|port|optimi[sz]e|analy[sz]e|"
    r"audit|research|benchmark|find \w+|figure out|look (?:at|into)|take a look|"
    r"check (?:why|if|whether|the)|fix|write|create|build|generate|set ?up|design|develop|switch|replace|document|explain|"
    r"delete|remove|add|improve|speed up|reduce|download|parse|extract|rewrite|redesign|integrate|install|configure|deploy|"
    r"describe|compare|list|summari[sz]e|work on|do the)\b",
)
"""A request that begins with the verb of a task."""

MODIFIER = re.compile(
    r"\b(?:rather than|rather have|i'?d rather|instead|by default|configurable|missing|as well|still|prefer|prefix|suffix"
    r"|too (?:big|small|wide|long|short|slow|fast|dark|bright|strict|loud|close|far|many|much|verbose|complicated|large|high|low|"
    r"late|early)|should(?:n'?t)? (?:be|also|not|have|share|only|come|go|use|return|stay|look|happen|appear|default|toggle|\w+ )"
    r"|must (?:not|be|have|also|only)|not (?:in|the|just|only|after|before)|only (?:if|when|for|after|the|\d+)|bit (?:more|less)"
    r"|needs? (?:a|an|to be|to have)|more (?:robust|readable|compact|generic|concise|verbose|specific)"
    r"|smaller|bigger|shorter|longer|simpler|faster|cleaner|lighter|darker|better than)\b"
    r"|(?:^|[,.;:!?\u2013] )" + _COURTESY + _ASKING + r"(?:maybe )?"
    r"(?:use|keep|make (?:the|it|sure|them)|sort|group|order|exclude|include|move|rename|show|hide|store|return|allow|limit|round|"
    r"align|default|leave|drop|put|swap|split|merge|combine|inline|extract (?:it|that|the)|wrap|center|bump|pin|skip|ignore|shorten|"
    r"call|name|set|read|log|print|plot|cap|avoid|apply|pass|raise|throw|mark|prefer|capitali[sz]e|lowercase|reuse|stick|go with)\b",
    re.IGNORECASE,
)
"""Words that shape something which is already there."""

GENERAL_QUESTION = _request(
    r"what(?:'s| is| are) (?:the (?:difference|best|purpose|meaning)|a |an )",
    r"how (?:do|can|would|should) (?:i|we|one|you)\b",
    r"how (?:does|do|is|are) (?:the |a |an |our |[a-z]+ )?\w+",
    r"where (?:is|are|do|does|can)\b",
    r"how (?:many\b|much (?:memory|disk|does)\b)",
    r"(?:explain|describe|tell me|show me) (?:how|what|where|the (?:difference|architecture|structure)|me)\b",
    r"which (?:files?|version|library|license|tables?|services?)\b",
    r"who\b",
    r"(?:is there|are there) (?:a|an|any)\b",
    r"what does (?:the|a)\b",
    r"is (?:the|our)\b",
    r"(?:do we|does the)\b",
)
"""Questions about the code base or the world."""

FAULT = _anywhere(
    r"(?:fails?|failing|crash(?:es|ing)?|hangs?|breaks?|broken|wrong|does nothing|nothing happens|cut off|missing|disappears?|"
    r"leaks?|drops?|times? out|freezes?|slow|[45]\d\ds?|double|duplicated?|empty|error|exception|doesn'?t|does not|can'?t|cannot|"
    r"don'?t|isn'?t|never|too long)\b",
)
"""Something is not as it should be."""

OWN_PLACE = _anywhere(
    r"(?:on|in|of|for|from|at|across|into|behind|after|by) (?:the|our|all|every|each) \w+",
    r"(?:everywhere|since (?:last|yesterday|monday|the)|on (?:safari|android|ios|windows|macos|linux|chrome|firefox|mobile))\b",
)
"""A place is named, as one does when the hearer is not there yet."""

NOW_WORDS = _anywhere(r"(?:now|still|again|even|already|anymore|yet|left)\b")
"""Words that compare with a moment ago."""
