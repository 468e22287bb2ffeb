"""What a rule is, for readers of a report who have not met it: our own rules' pages, and where others document theirs."""

from __future__ import annotations

import functools
import re
from types import ModuleType

import msgspec

from reasoningbank_daemon.quality.patterns.catalogue import rule_modules
from reasoningbank_daemon.quality.rule_pages import rule_pages
from reasoningbank_schema.verdicts import Issue, Severity

_PAGES = {
    # ruff's documentation forwards a code to the page of the rule's name.
    "ruff": (re.compile(r"[A-Z]+[0-9]+"), "https://docs.astral.sh/ruff/rules/{rule}/"),
    "shellcheck": (re.compile(r"SC[0-9]+"), "https://www.shellcheck.net/wiki/{rule}"),
    "ty": (re.compile(r"[a-z-]+"), "https://docs.astral.sh/ty/reference/rules/#{rule}"),
}


class RuleDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in words. `uri` is empty where no page is known; `markdown` and `severity` are of our own rules alone."""

    short: str
    full: str
    help: str
    markdown: str = ""
    uri: str = ""
    severity: Severity | None = None


def describe_rule(issue: Issue) -> RuleDescription:
    """Return what can be said of the rule that an issue names."""
    module = _modules().get(issue.rule)
    if module is not None:
        return _own(module)
    name = f"{issue.rule} ({issue.category.value}), found by {issue.engine}"
    uri = _page(issue)
    parts = [issue.suggestion.rstrip("."), f"See {uri}" if uri else ""]
    advice = ". ".join(part for part in parts if part)
    return RuleDescription(
        short=name, full=f"{name}.", help=advice or f"{issue.engine} documents it.", uri=uri
    )


@functools.cache
def _modules() -> dict[str, ModuleType]:
    return {module.RULE.rule: module for module in rule_modules()}


@functools.cache
def _own(module: ModuleType) -> RuleDescription:
    rule = module.RULE
    text = (module.__doc__ or "").strip()
    return RuleDescription(
        short=text.split("\n", 1)[0],
        full=text,
        help=rule.suggestion or text,
        markdown=rule_pages((module,))[f"{rule.rule}.md"],
        severity=rule.severity,
    )


def _page(issue: Issue) -> str:
    shape, address = _PAGES.get(issue.engine, (None, ""))
    return address.format(rule=issue.rule) if shape is not None and shape.fullmatch(issue.rule) else ""
