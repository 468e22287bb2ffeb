"""Code, commands and output for generated banks, drawn word by word by a seeded generator.

They must compress no better than real ones: `generate_bank.calibrate` compares.
"""

from __future__ import annotations

import random
import re
from itertools import accumulate

from reasoningbank_schema.events import Hunk

NAMES_IN_SCOPE = 16
NEW_NAMES = 0.01
"""Share of names that a line does not have in common with the rest of its file."""

_VOCABULARY = """
account adapter agent alias amount archive array async audit author backend backup badge balance base
batch bind block body branch bucket buffer build bundle cache call cancel candidate card cell chain
change channel char check child chunk claim clause client clock cluster code collect column command
commit config connect content context control convert cookie copy core count coupon create cursor custom
daemon date debug decode default delay delete deploy depth detail device digest direct domain draft drain
drive edge effect email encode engine entry epoch error event exact export factor feature fetch field
file filter final fixture flag float flow flush fold format frame gate graph grid group guard handle hash
header health hint hook host image import index inner input insert invoice issue item jitter job join
journal keep label latest launch layer layout lease legacy length level limit line link list load local
lock locale margin mask match matrix member memory merge message meta method metric migrate minute mode
model module month mount move name network nonce note number object offset open option order origin outer
owner packet page pair parent parse part patch path pattern payload peer pending period phase pick pipe
plan plugin point policy pool port prefix price probe process profile prompt proxy query queue quota
random range rank rate raw reader ready reason record region reject relay release remote render repeat
reply report request reset resource result retry review role rotate route row rule runner sample scale
scan schema scope score search section select sender sequence series server session shape shard share
sheet shift signal size slice slot snapshot socket sort source span split stack stage start state status
step stock storage store stream string style submit suffix sum switch symbol sync table target task
template tenant term thread ticket timeout title token topic total trace track trade transfer tree
trigger turn type unit update upload user value vector verify version view visit volume wait watch weight
width window worker writer zone
"""
_PARTS = tuple(re.findall(r"\w+", _VOCABULARY))
_FORMS = (
    "{i}{a} = {b}({c}, {d})",
    "{i}if {a} is None or {b}.{c} != {d}:",
    "{i}return {a}.{b}({c}, {d}={e})",
    "{i}for {a}, {b} in {c}.{d}():",
    "{i}self.{a} = {b}[{c}] if {d} else {e}",
    '{i}raise {A}Error(f"{a} {b} of {{{c}}} is not {d}")',
    "{i}{a}.{b}({c})  # {d} {e} {f}",
    "{i}with {a}({b}, {c}={n}) as {d}:",
    "{i}assert {a}.{b} == {n}, {c}",
    '{i}{a}: dict[str, {A}] = {{"{b}": {c}, "{d}": {n}}}',
    "def {a}({b}: {A}, *, {c}: int = {n}) -> {B}:",
    '{i}"""{A} the {b} {c} of a {d}, {e} {f}."""',
    "{i}except {A}Error as {b}:",
    "{i}{a} += {b}.{c} * {n} - {d}({e})",
    '{i}log.info("{a}_{b}", {c}={d}, {e}={n})',
)
_SHORT_FORMS = (
    "",
    "{i})",
    "{i}else:",
    "{i}try:",
    "{i}pass",
    "{i}return",
    "{i}{a},",
    "{i}@property",
    "{i}]",
    "{i}continue",
)
"""A quarter of all lines of code say next to nothing."""

_COMMANDS = (
    "git status --short {p}",
    "grep -rn {a} {p} --include=*.py",
    "ls -la {p}/{a}",
    "python -m {a}.{b} --{c} {n}",
    "sed -n '{n},+40p' {p}/{a}.py",
    "ruff check {p}/{a}_{b}.py",
)


_INDENTS = (" " * 4, " " * 4, " " * 8, " " * 8, " " * 12)
_HOW_OFTEN = tuple(accumulate(0.72**place for place in range(NAMES_IN_SCOPE)))
"""How often a file's names are used, the most frequent first."""


class Author:
    """Write code, commands and output word by word; the same seed writes the same."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._scope: list[str] = []
        self.open_file()

    def open_file(self) -> None:
        """Begin another file: its code goes on about some sixteen names, as code does."""
        self._scope = [self.new_name() for _ in range(NAMES_IN_SCOPE)]

    def new_name(self) -> str:
        return "_".join(self._rng.choices(_PARTS, k=self._rng.choice((1, 2, 2, 3))))

    def name(self) -> str:
        return self._names(1)[0]

    def _names(self, count: int) -> list[str]:
        if self._rng.random() < NEW_NAMES * count:
            self._scope[self._rng.randrange(NAMES_IN_SCOPE)] = self.new_name()
        return self._rng.choices(self._scope, cum_weights=_HOW_OFTEN, k=count)

    def line(self) -> str:
        rng = self._rng
        indent = _INDENTS[int(rng.random() * len(_INDENTS))]
        if rng.random() < 0.25:
            return rng.choice(_SHORT_FORMS).format(i=indent, a=self._names(1)[0])
        a, b, c, d, e, f, kind, result = self._names(8)
        return _FORMS[int(rng.random() * len(_FORMS))].format(
            i=indent,
            a=a,
            b=b,
            c=c,
            d=d,
            e=e,
            f=f,
            A=kind.title().replace("_", ""),
            B=result.title().replace("_", ""),
            n=int(rng.random() * 9999),
        )

    def changed(self, line: str) -> str:
        """Return a line with one of its words replaced."""
        words = line.split(" ")
        words[self._rng.randrange(len(words))] = self.name()
        return " ".join(words)

    def hunk(self, start: int) -> Hunk:
        """Make a hunk of 20 changed lines: 8 removed, 12 added, 6 of them changed versions of the removed."""
        context = [self.line() for _ in range(6)]
        removed = [self.line() for _ in range(8)]
        added = [self.changed(line) for line in removed[:6]] + [self.line() for _ in range(6)]
        lines = (
            *(f" {line}" for line in context[:3]),
            *(f"-{line}" for line in removed),
            *(f"+{line}" for line in added),
            *(f" {line}" for line in context[3:]),
        )
        return Hunk(old_start=start, old_lines=14, new_start=start, new_lines=18, lines=lines)

    def command(self, folder: str) -> str:
        form = self._rng.choice(_COMMANDS)
        return form.format(
            a=self.name(), b=self.name(), c=self.name(), n=self._rng.randrange(1, 900), p=folder
        )

    def output(self, lines: int) -> str:
        return "\n".join(
            f"{self.name()}/{self.name()}.py:{self._rng.randrange(1, 2000)}: {self.line().strip()}"
            for _ in range(lines)
        )

    def test_run(self, folder: str, *, failed: int) -> str:
        passed = self._rng.randrange(20, 400)
        head = [f"{folder}/tests/test_{self.name()}.py " + "." * self._rng.randrange(3, 40) for _ in range(8)]
        bad = [
            f"FAILED {folder}/tests/test_{self.name()}.py::test_{self.name()} - {self.line().strip()}"
        ] * failed
        seconds = self._rng.uniform(0.2, 90)
        tail = (
            f"{failed} failed, {passed} passed in {seconds:.2f}s"
            if failed
            else f"{passed} passed in {seconds:.2f}s"
        )
        return "\n".join((*head, *bad, f"===== {tail} ====="))
