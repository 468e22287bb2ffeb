"""The pages of `docs/rules`, written from each rule's docstring and examples. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import ModuleType

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import (
    ChangeExample,
    ChangeRule,
    Example,
    HistoryRule,
    Rule,
)

INDEX = "README.md"
_MOST_EXAMPLES = 3
_FENCES = {Language.CSHARP: "csharp", Language.TSX: "tsx"}


def rule_pages(modules: Iterable[ModuleType]) -> Mapping[str, str]:
    """Return the text of each page by its file name: one a rule, and one that lists them."""
    modules = tuple(modules)
    pages = {f"{each.RULE.rule}.md": "\n".join(_page(each)) + "\n" for each in modules}
    return {INDEX: "\n".join(_index(modules)) + "\n", **pages}


def _index(modules: tuple[ModuleType, ...]) -> Iterator[str]:
    yield "# Our own rules"
    yield ""
    yield "Written by `make docs` from the rules' modules in `quality/patterns/rules`; do not edit."
    yield ""
    yield "| rule | about | weighs | finds |"
    yield "|---|---|---|---|"
    for module in sorted(modules, key=lambda each: (each.RULE.category.value, each.RULE.rule)):
        rule: Rule = module.RULE
        first = (module.__doc__ or "").strip().split("\n", 1)[0]
        yield f"| [`{rule.rule}`]({rule.rule}.md) | {rule.category.value} | {rule.severity.value} | {first} |"


def _page(module: ModuleType) -> Iterator[str]:
    rule: Rule = module.RULE
    yield f"# {rule.rule}"
    yield ""
    yield f"{rule.category.value} · {rule.severity.value} · {_languages(rule)}"
    yield ""
    yield from (module.__doc__ or "").strip().splitlines()
    yield ""
    yield f"An agent reads: *{rule.message} — {rule.suggestion}*"
    if isinstance(rule, HistoryRule):
        yield from _histories("Found", rule.fires)
        yield from _histories("Not found", rule.quiet)
    elif isinstance(rule, ChangeRule):
        yield from _changes("Found", rule.fires)
        yield from _changes("Not found", rule.quiet)
    else:
        yield from _examples("Found", rule.fires)
        yield from _examples("Not found", rule.quiet)
    yield ""
    yield "## To keep it quiet"
    yield ""
    yield f"In one place: a comment `reasoningbank: ignore[{rule.rule}]` with the reason, on the line or the one before."
    yield f'In a project: `{rule.rule} = "off"` under `[quality.rules]` in `.reasoningbank.toml`.'


def _languages(rule: Rule) -> str:
    return "every text" if rule.languages is None else ", ".join(each.value for each in rule.languages)


def _changes(title: str, examples: tuple[ChangeExample, ...]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    for _, before, after in examples[:_MOST_EXAMPLES]:
        lines = difflib.ndiff((before or "").splitlines(), after.splitlines())
        yield ""
        yield "```diff"
        yield from (f"{line[0]} {line[2:]}".rstrip() for line in lines if line[0] != "?")
        yield "```"


def _histories(title: str, examples: tuple[tuple[Language, tuple[str, ...]], ...]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    for _, texts in examples[:_MOST_EXAMPLES]:
        yield ""
        yield f"A file that was {', then '.join(f'`{text.strip()!r}`' for text in texts)}."


def _examples(title: str, examples: tuple[Example, ...]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    for language, text in islice(_one_a_language(examples), _MOST_EXAMPLES):
        yield ""
        yield f"```{_FENCES.get(language, language.value)}"
        yield from text.replace("\0", "␀").strip("\n").splitlines()
        yield "```"


def _one_a_language(examples: tuple[Example, ...]) -> list[Example]:
    """Return the examples, those of a language not shown before first."""
    seen: set[Language] = set()
    first: list[Example] = []
    others: list[Example] = []
    for example in examples:
        (others if example[0] in seen else first).append(example)
        seen.add(example[0])
    return [*first, *others]
