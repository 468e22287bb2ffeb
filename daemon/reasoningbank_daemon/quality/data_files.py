"""Check JSON and TOML with the parsers of the standard library."""

from __future__ import annotations

import json
import re
import tomllib

from reasoningbank_daemon.quality.engine import Document, EngineError, RawIssue, TextRefusedError
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_schema.verdicts import Category, Severity

NAME = "data-files"
MAX_TEXT_CHARACTERS = 1_000_000

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class DataFilesEngine:
    """Finds the first error of a JSON or TOML text."""

    name = NAME
    languages: frozenset[Language] | None = frozenset({Language.JSON, Language.TOML})

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:  # noqa: ARG002 - it takes no time
        """Return at most one issue: these parsers stop at the first."""
        if len(document.text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(document.text):,} characters, this parser gets up to {MAX_TEXT_CHARACTERS:,}"
            )
        try:
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
