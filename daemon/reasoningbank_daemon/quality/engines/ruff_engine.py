"""Ask one warm `ruff server` about Python texts, over the Language Server Protocol."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from time import monotonic

import structlog

from reasoningbank_daemon.quality.engine import (
    Document,
    EngineUnavailableError,
    RawIssue,
    TextRefusedError,
)
from reasoningbank_daemon.quality.engines.ruff_rules import (
    INVALID_SYNTAX,
    MAX_COMPLEXITY,
    RULES,
    kind_in_file,
    suggestion_for,
)
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.processes import lsp, rpc
from reasoningbank_daemon.quality.processes.engine_process import Conversation, PendingAnswer, ProcessSpec
from reasoningbank_daemon.quality.processes.supervisor import Supervisor

_log = structlog.get_logger(__name__)

NAME = "ruff"
MAX_TEXT_CHARACTERS = 1_000_000

_PROBE_TEXT = "x = eval(input())\n"
_PROBE_RULE = "S307"
_UNKNOWN_SELECTOR = re.compile(r"Unknown rule selector[:]?\s*`([A-Z0-9]+)`")
_NEWER_SYNTAX = "syntax was added in"
"""Ruff calls syntax newer than its target version an error; the project's version is not known here."""


class RuffEngine:
    """Finds what ruff's chosen rules find in Python. `find_binary` is asked at each start of the server.

    The selection of rules is sent with the server's options and no configuration file of the user or the project is
    read, so a verdict does not depend on where a file lies. Documents get a made-up address for the same reason: ruff
    would skip one under `build/` or `.venv/`.
    """

    name = NAME
    languages: frozenset[Language] | None = frozenset({Language.PYTHON})

    def __init__(
        self,
        *,
        find_binary: Callable[[], str] | None = None,
        rules: tuple[str, ...] = tuple(RULES),
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._find_binary = find_binary or _installed_ruff
        self._rules = rules
        self._environment = {"RAYON_NUM_THREADS": "1", "RUFF_NO_CACHE": "true", **(environment or {})}
        self._addresses = itertools.count()
        self._supervisor = Supervisor(self._spec, clock=clock, learn=self._drop_unknown_rule)

    @property
    def pid(self) -> int | None:
        """Return the server's process id; None where none runs."""
        return self._supervisor.pid

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:
        """Return ruff's findings; raises as `Engine.analyse` says."""
        return self.begin(document, deadline).result()

    def begin(self, document: Document, deadline: float) -> RuffAnswer:
        """Send a text to the server, started if need be, and return at once."""
        if len(document.text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(document.text):,} characters, ruff gets up to {MAX_TEXT_CHARACTERS:,}"
            )
        # Some rules mind `__init__.py`, and `.pyi` is a stub.
        address = lsp.made_up_address(next(self._addresses), document.path, (".py", ".pyi"), "text.py")
        pending = self._supervisor.begin(
            lambda identity: lsp.question(identity, address, language="python", text=document.text),
            deadline,
            path=document.path,
        )
        return RuffAnswer(pending, is_test=is_test_path(document.path))

    def close(self) -> None:
        """End the server."""
        self._supervisor.close()

    def _spec(self) -> ProcessSpec:
        try:
            binary = self._find_binary()
        except (ImportError, FileNotFoundError) as error:
            raise EngineUnavailableError(
                f"ruff is not installed: {error}; `pip install ruff` adds it"
            ) from error
        return ProcessSpec(
            name=NAME,
            command=(binary, "server"),
            prepare=self._prepare,
            environment=self._environment,
        )

    def _prepare(self, conversation: Conversation) -> None:
        """Bring the server up, and make sure that our rules are in force: it falls back to its own in silence."""
        conversation.ask(0, "initialize", _initialization(self._rules))
        conversation.tell(rpc.notification("initialized", {}))
        conversation.tell(lsp.question(1, "file:///text/probe.py", language="python", text=_PROBE_TEXT))
        found = {item.code for item in lsp.decode_report(conversation.hear(1), server=NAME)}
        if found != {_PROBE_RULE}:
            raise EngineUnavailableError(
                f"ruff does not apply the rules it was given: its answer to a probe was {sorted(map(str, found))}"
            )

    def _drop_unknown_rule(self, cause: str) -> bool:
        """Leave out a rule that this version of ruff does not have; say whether there was one."""
        unknown = _UNKNOWN_SELECTOR.search(cause)
        if unknown is None or unknown[1] not in self._rules:
            return False
        _log.warning("ruff_rule_unknown", rule=unknown[1])
        self._rules = tuple(rule for rule in self._rules if rule != unknown[1])
        return True


class RuffAnswer:
    """Ruff's answer about one text, decoded by the thread that waits for it."""

    def __init__(self, pending: PendingAnswer, *, is_test: bool) -> None:
        self._pending = pending
        self._is_test = is_test

    def result(self) -> tuple[RawIssue, ...]:
        """Wait for the findings; raises as `Engine.analyse` says."""
        items = lsp.decode_report(self._pending.result(), server=NAME)
        return tuple(
            _issue(item, is_test=self._is_test) for item in items if _NEWER_SYNTAX not in item.message
        )


def _installed_ruff() -> str:
    """Return the path of the binary that came with the `ruff` package, which PATH may shadow with another."""
    # Imported here because a daemon that never sees Python does not need it; the package ships no types.
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]  # noqa: PLC0415

    return str(find_ruff_bin())


def _initialization(rules: tuple[str, ...]) -> dict[str, object]:
    configuration = {
        "target-version": "py313",
        "lint": {
            "select": list(rules),
            "extend-select": [],
            "ignore": [],
            "preview": False,
            "mccabe": {"max-complexity": MAX_COMPLEXITY},
        },
    }
    settings = {
        "configuration": configuration,
        "configurationPreference": "editorOnly",
        "fixAll": False,
        "organizeImports": False,
        "showSyntaxErrors": True,
        "logLevel": "error",
    }
    return {
        "processId": None,
        "rootUri": None,
        "capabilities": lsp.CAPABILITIES,
        "initializationOptions": {"settings": settings, "globalSettings": settings},
    }


def _issue(item: lsp.Diagnostic, *, is_test: bool) -> RawIssue:
    rule = INVALID_SYNTAX if item.code is None else str(item.code)
    message, _, help_text = item.message.partition("\n\nhelp: ")
    category, severity = kind_in_file(rule, is_test=is_test, message=message)
    return RawIssue(
        line=item.range.start.line + 1,
        column=item.range.start.character + 1,
        rule=rule,
        category=category,
        severity=severity,
        message=" ".join(message.split()),
        engine=NAME,
        suggestion=suggestion_for(rule) or " ".join(help_text.split()),
    )
