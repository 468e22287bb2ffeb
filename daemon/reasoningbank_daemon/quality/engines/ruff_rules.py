"""Which of ruff's rules speak of an edit to an agent, and what each weighs.

Only rules whose finding an agent can act on are chosen: bugs, undefined names, security, habits that hide errors. Style
and formatting are left to the project's own linter. The selection is always sent to ruff in full, because its defaults
moved between versions.
"""

from __future__ import annotations

import re

from reasoningbank_schema.verdicts import Category, Severity

Kind = tuple[Category, Severity]

_SYNTAX = (Category.SYNTAX, Severity.ERROR)
_NAME_ERROR = (Category.NAMES, Severity.ERROR)
_NAME = (Category.NAMES, Severity.WARNING)
_NAME_NOTE = (Category.NAMES, Severity.NOTE)
_BUG_ERROR = (Category.BUGS, Severity.ERROR)
_BUG = (Category.BUGS, Severity.WARNING)
_BUG_NOTE = (Category.BUGS, Severity.NOTE)
_SECURITY = (Category.SECURITY, Severity.WARNING)
_SECURITY_NOTE = (Category.SECURITY, Severity.NOTE)
_AGENT = (Category.AGENT, Severity.WARNING)
_COMPLEXITY = (Category.COMPLEXITY, Severity.WARNING)

RULES: dict[str, Kind] = {
    # what Python itself refuses to compile
    "E902": _SYNTAX,
    "F404": _SYNTAX,
    "F407": _SYNTAX,
    "F621": _SYNTAX,
    "F622": _SYNTAX,
    "F701": _SYNTAX,
    "F702": _SYNTAX,
    "F704": _SYNTAX,
    "F706": _SYNTAX,
    "F707": _SYNTAX,
    "PLE0115": _SYNTAX,
    "PLE0117": _SYNTAX,
    "PLE0118": _SYNTAX,
    "PLE1132": _SYNTAX,
    "PLE1142": _SYNTAX,
    "PLE1700": _SYNTAX,
    # names
    "F82": _NAME_ERROR,
    "F811": _NAME,
    "F841": _NAME,
    "F842": _NAME_NOTE,
    "F401": _NAME_NOTE,  # agents import first and use next
    "F402": _NAME,
    "F403": _NAME_NOTE,
    "F405": _NAME_NOTE,
    "F406": _NAME,
    "A001": _NAME_NOTE,
    "PLW0406": _NAME,
    "PLW0602": _NAME_NOTE,
    "PLW0604": _NAME_NOTE,
    # fails when the line is reached
    "F5": _BUG_ERROR,
    "F502": _BUG,
    "F541": _BUG_NOTE,  # told by `placeholder-missing` where an edit writes one
    "F6": _BUG,
    "F633": _BUG_ERROR,
    "F7": _BUG,
    "F722": _BUG_NOTE,  # ruff takes `Literal["*"]` for an expression where `Literal` is a project's own
    "F9": _BUG_ERROR,
    "PLE": _BUG_ERROR,
    "PLE0241": _BUG_ERROR,
    "PLE0604": _BUG,
    "PLE0605": _BUG_NOTE,  # a sum with a list that was imported is sound
    "PLE0704": _BUG_NOTE,  # a bare raise may stand in a function that handlers call
    "PLE25": _SECURITY,  # control and direction characters that make code read otherwise than it runs
    "B002": _BUG,
    # does something else than it seems to
    "E711": _BUG,
    "E712": _BUG,
    "E713": _BUG_NOTE,
    "E714": _BUG_NOTE,
    "E721": _BUG,
    "E722": _AGENT,
    "W605": _BUG,
    "B": _BUG,
    "B007": _BUG_NOTE,
    "B009": _BUG_NOTE,
    "B010": _BUG_NOTE,
    "B011": _BUG_NOTE,
    "B013": _BUG_NOTE,
    "B017": _BUG_NOTE,
    "B024": _BUG_NOTE,
    "B026": _BUG_NOTE,
    "B027": _BUG_NOTE,
    "B028": _BUG_NOTE,
    "B033": _BUG_NOTE,
    "B904": _BUG_NOTE,
    "B905": _BUG_NOTE,
    "B911": _BUG_NOTE,
    "BLE001": _BUG_NOTE,
    "ASYNC": _BUG,
    "ASYNC109": _BUG_NOTE,
    "ASYNC110": _BUG_NOTE,
    "ASYNC230": _BUG_NOTE,
    "G010": _BUG_NOTE,
    "G101": _BUG_ERROR,
    "INT": _BUG,
    "LOG001": _BUG,
    "LOG002": _BUG,
    "LOG007": _BUG,
    "LOG009": _BUG_NOTE,
    "LOG014": _BUG,
    "PGH005": _BUG,
    "PIE794": _BUG,
    "PIE796": _BUG,
    "PLR0124": _BUG,
    "PLR0133": _BUG,
    "PLR0206": _BUG,
    "PLW0127": _BUG,
    "PLW0128": _BUG,
    "PLW0129": _BUG,
    "PLW0131": _BUG,
    "PLW0133": _BUG,
    "PLW0177": _BUG,
    "PLW0211": _BUG,
    "PLW0245": _BUG,
    "PLW0642": _BUG_NOTE,
    "PLW0711": _BUG,
    "PLW1501": _BUG_ERROR,
    "PLW1507": _BUG,
    "PLW1508": _BUG,
    "PLW1509": _BUG,
    "PLW1510": _BUG_NOTE,
    "PLW2101": _BUG,
    "PT010": _BUG,
    "PT014": _BUG_NOTE,
    "PT015": _BUG_NOTE,
    "PT025": _BUG,
    "PT026": _BUG_NOTE,
    "PT028": _BUG,
    "RUF006": _BUG,
    "RUF008": _BUG,
    "RUF009": _BUG,
    "RUF012": _BUG_NOTE,
    "RUF016": _BUG_ERROR,
    "RUF017": _BUG_NOTE,
    "RUF018": _BUG,
    "RUF024": _BUG,
    "RUF026": _BUG,
    "RUF030": _BUG,
    "RUF032": _BUG,
    "RUF033": _BUG,
    "RUF034": _BUG,
    "RUF040": _BUG,
    "RUF048": _BUG,
    "RUF049": _BUG,
    "SIM107": _BUG,
    "SIM115": _BUG,
    "SIM22": _BUG,
    "TRY203": _BUG_NOTE,
    "YTT": _BUG,
    # habits
    "T100": _AGENT,
    "S110": _AGENT,
    "S112": _AGENT,
    "C901": _COMPLEXITY,
    # security; the XML rules (S313 to S319) speak of a Python before 3.7.1, our own `external-entities` of today's;
    # imports alone (S4) and rules that fire on every subprocess (S603, S606, S607) say too little
    "S102": _SECURITY,
    "S103": _SECURITY,
    "S104": _SECURITY_NOTE,
    "S105": _SECURITY,
    "S106": _SECURITY,
    "S107": _SECURITY,
    "S108": _SECURITY_NOTE,
    "S113": _SECURITY,
    "S201": _SECURITY,
    "S202": _SECURITY,
    "S30": _SECURITY,
    "S310": _SECURITY_NOTE,
    "S311": _SECURITY_NOTE,
    "S312": _SECURITY,
    "S321": _SECURITY,
    "S323": _SECURITY,
    "S324": _SECURITY,
    "S5": _SECURITY,
    "S601": _SECURITY,
    "S602": _SECURITY,
    "S604": _SECURITY,
    "S605": _SECURITY,
    "S608": _SECURITY,
    "S609": _SECURITY,
    "S610": _SECURITY,
    "S611": _SECURITY,
    "S612": _SECURITY,
    "S7": _SECURITY,
}
"""Ruff's selectors, each with what its findings are; the longest one that fits a rule decides."""

MAX_COMPLEXITY = 15
"""A function gets C901 above this many independent paths (McCabe); ruff's own default is 10."""

_LENIENT_IN_TESTS = frozenset(
    {
        "B018",
        "RUF032",
        "S105",
        "S106",
        "S107",
        "S113",
        "S301",
        "S308",
        "S323",
        "S324",
        "S501",
        "S608",
        "S701",
        "SIM115",
    }
)
"""Made-up passwords, calls to a local server, files left to the interpreter and an attribute that is only read because
that must fail are part of many a sound test."""

_PASSWORD_RULES = frozenset({"S105", "S106", "S107"})
_ABOUT_A_PASSWORD = re.compile(
    r"\"\w*(?:type|name|url|uri|path|field|header|prefix|suffix|format|label|title|help|param|parameter|key_id|pattern|regex|length|file|special|char|delimiter|separator)s?\"\Z",
    re.IGNORECASE,
)
"""`token_type="bearer"`, `password_field="pw"`: what such a name holds is no password."""

_SUGGESTIONS = {
    "S102": "call the code itself, or look the function up in a dict, instead of running a string",
    "S105": "read it from the environment or a secret store",
    "S106": "read it from the environment or a secret store",
    "S107": "read it from the environment or a secret store",
    "S110": "handle or log the exception, or catch only the one that is expected",
    "S112": "handle or log the exception, or catch only the one that is expected",
    "S113": "pass timeout=…, or the call may wait for ever",
    "S301": "use json or msgspec for data that others can write",
    "S307": "use ast.literal_eval for literals, or parse the input",
    "S324": "use hashlib.sha256, or usedforsecurity=False where it is no matter of security",
    "S501": "leave certificate checks on",
    "S506": "use yaml.safe_load",
    "S602": "pass a list of arguments and leave shell out",
    "S605": "use subprocess.run with a list of arguments",
    "S608": "pass values as query parameters",
    "E722": "name the exception that is expected",
    "F821": "define or import it",
    "SIM115": "open the file in a with statement",
    "T100": "take the breakpoint out",
}


def kind_of(rule: str) -> Kind:
    """Return what a rule's findings are; a rule that no selector fits is a note."""
    if rule == INVALID_SYNTAX:
        return _SYNTAX
    for length in range(len(rule), 0, -1):
        if kind := RULES.get(rule[:length]):
            return kind
    return Category.STYLE, Severity.NOTE


def kind_in_file(rule: str, *, is_test: bool, message: str = "") -> Kind:
    """Return what a rule's finding is in a test or elsewhere, by what ruff says of it."""
    category, severity = kind_of(rule)
    lenient = (is_test and rule in _LENIENT_IN_TESTS) or (
        rule in _PASSWORD_RULES and _ABOUT_A_PASSWORD.search(message) is not None
    )
    return (category, Severity.NOTE) if lenient else (category, severity)


def suggestion_for(rule: str) -> str:
    """Return what usually helps, in words; empty where the message says it all."""
    return _SUGGESTIONS.get(rule, "")


INVALID_SYNTAX = "invalid-syntax"
"""What ruff's server gives as the rule of a syntax error."""
