"""Check JSON and TOML with the parsers of the standard library, YAML with that of PyYAML."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import yaml  # type: ignore[import-untyped]  # the package ships no types

from reasoningbank_daemon.quality.engine import Document, EngineError, RawIssue, TextRefusedError
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_schema.verdicts import Category, Severity

NAME = "data-files"
MAX_TEXT_CHARACTERS = 1_000_000
MAX_YAML_CHARACTERS = 300_000
"""libyaml's events take about 0.5 s per million characters, in a process that has other things to do."""

# libyaml's parser, where the wheel has it, else the same in Python; both stop at events and build nothing.
_YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a class of an untyped package
_YAML_TEMPLATE = re.compile(r"\{\{|\{%|<%|^\s*[#-]*\s*@[a-z]+@", re.MULTILINE)
"""Helm, Jinja, Ansible, ERB: what is YAML only after it was rendered."""
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class DataFilesEngine:
    """Finds the first error of a JSON, TOML or YAML text."""

    name = NAME
    languages: frozenset[Language] | None = frozenset({Language.JSON, Language.TOML, Language.YAML})

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:  # noqa: ARG002 - it takes no time
        """Return at most one issue: these parsers stop at the first."""
        if len(document.text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(document.text):,} characters, this parser gets up to {MAX_TEXT_CHARACTERS:,}"
            )
        try:
            if document.language is Language.YAML:
                return _yaml_issues(document.text)
            if document.language is Language.JSON:
                json.loads(document.text)
            else:
                tomllib.loads(document.text)
        except json.JSONDecodeError as error:
            return (_issue("json-syntax", error.lineno, error.colno, error.msg),)
        except tomllib.TOMLDecodeError as error:
            return (_toml_issue(str(error), document.text),)
        except RecursionError as error:
            raise EngineError("the text is nested too deeply for this parser") from error
        except ValueError as error:  # an integer with more digits than Python converts
            raise EngineError(f"the parser gave up: {error}") from error
        return ()

    def close(self) -> None:
        """Do nothing: it holds nothing."""


def _yaml_issues(text: str) -> tuple[RawIssue, ...]:
    if len(text) > MAX_YAML_CHARACTERS:
        raise TextRefusedError(
            f"the text has {len(text):,} characters, the YAML parser gets up to {MAX_YAML_CHARACTERS:,}"
        )
    if _YAML_TEMPLATE.search(text):
        raise TextRefusedError("it is a template, and YAML only once it is rendered")
    try:
        for _ in yaml.parse(text, Loader=_YAML_LOADER):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return (_issue("yaml-syntax", line, column, error.problem or "it is not YAML"),)
    except yaml.YAMLError as error:
        return (_issue("yaml-syntax", 1, 1, " ".join(str(error).split())),)
    return ()


def _toml_issue(message: str, text: str) -> RawIssue:
    place = _TOML_PLACE.search(message)
    if place is None or place[1] is None:
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    else:
        line, column = int(place[1]), int(place[2])
    return _issue("toml-syntax", line, column, _TOML_PLACE.sub("", message))


def _issue(rule: str, line: int, column: int, message: str) -> RawIssue:
    return RawIssue(
        line=line,
        column=column,
        rule=rule,
        category=Category.SYNTAX,
        severity=Severity.ERROR,
        message=message,
        engine=NAME,
    )
