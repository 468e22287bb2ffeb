"""Ask one warm `oxlint --lsp` about JavaScript and TypeScript, where oxlint is installed."""

from __future__ import annotations

import functools
import itertools
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic

from reasoningbank_daemon.quality.engine import (
    Document,
    EngineAbsentError,
    EngineUnavailableError,
    RawIssue,
    TextRefusedError,
)
from reasoningbank_daemon.quality.engines.programs import HOW_TO_INSTALL
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.processes import lsp, rpc
from reasoningbank_daemon.quality.processes.engine_process import Conversation, PendingAnswer, ProcessSpec
from reasoningbank_daemon.quality.processes.supervisor import Supervisor
from reasoningbank_schema.verdicts import Category, Severity

NAME = "oxlint"
MAX_TEXT_CHARACTERS = 1_000_000

SYNTAX_RULE = "js-syntax"
_RULES_FILE = Path(__file__).with_name("oxlint.json")
_MEMORY_BYTES = 16 * 1024**3
"""Of address space: Node reserves far more than it uses. What it uses is bounded by `retire_bytes`."""
_LANGUAGE_IDS = {
    Language.JAVASCRIPT: "javascript",
    Language.TYPESCRIPT: "typescript",
    Language.TSX: "typescriptreact",
}
_SUFFIXES = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx")
_DEFAULT_NAMES = {Language.JAVASCRIPT: "text.js", Language.TYPESCRIPT: "text.ts", Language.TSX: "text.tsx"}
_NAME_RULES = frozenset(
    {"no-undef", "no-unassigned-vars", "no-unused-vars", "jsx-no-undef", "no-unused-labels"}
)
_NOTES = frozenset({"no-unused-vars", "no-unused-labels"})
"""Agents import and declare first and use next."""
_PROBE_TEXT = "const a = 1;\na = 2;\n"
_PROBE_RULE = "eslint(no-const-assign)"


class OxlintEngine:
    """Finds what the rules of `oxlint.json` find, and what the language forbids beyond its grammar.

    `find_program` returns oxlint's own file (a script for Node, or a binary), None where there is none.
    No configuration of the project is read by oxlint: texts get made-up addresses. What a project's
    configuration switches off is left out afterwards (`linter_settings`).
    """

    name = NAME
    languages: frozenset[Language] | None = frozenset(_LANGUAGE_IDS)

    def __init__(
        self,
        find_program: Callable[[], str | None],
        *,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._find_program = find_program
        self._environment = dict(environment or {})
        self._addresses = itertools.count()
        self._supervisor = Supervisor(self._spec, clock=clock)

    @property
    def pid(self) -> int | None:
        """Return the server's process id; None where none runs."""
        return self._supervisor.pid

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:
        """Return oxlint's findings; raises as `Engine.analyse` says."""
        return self.begin(document, deadline).result()

    def begin(self, document: Document, deadline: float) -> OxlintAnswer:
        """Send a text to the server, started if need be, and return at once."""
        if len(document.text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(document.text):,} characters, oxlint gets up to {MAX_TEXT_CHARACTERS:,}"
            )
        language = document.language or Language.JAVASCRIPT
        address = lsp.made_up_address(
            next(self._addresses), document.path, _SUFFIXES, _DEFAULT_NAMES[language]
        )
        return OxlintAnswer(
            self._supervisor.begin(
                lambda identity: lsp.question(
                    identity, address, language=_LANGUAGE_IDS[language], text=document.text
                ),
                deadline,
                path=document.path,
            ),
            document.text,
        )

    def close(self) -> None:
        """End the server."""
        self._supervisor.close()

    def _spec(self) -> ProcessSpec:
        program = self._find_program()
        if program is None:
            raise EngineAbsentError(
                f"oxlint is not installed; `{HOW_TO_INSTALL[NAME]}` adds it, "
                "or name its file: reasoningbank config set quality.oxlint PATH"
            )
        return ProcessSpec(
            name=NAME,
            command=command_of(program),
            prepare=_prepare,
            environment=self._environment,
            memory_bytes=_MEMORY_BYTES,
        )


class OxlintAnswer:
    """Oxlint's answer about one text, decoded by the thread that waits for it."""

    def __init__(self, pending: PendingAnswer, text: str) -> None:
        self._pending = pending
        self._text = text

    def result(self) -> tuple[RawIssue, ...]:
        """Wait for the findings; raises as `Engine.analyse` says."""
        items = lsp.decode_report(self._pending.result(), server=NAME)
        found = (_issue(item) for item in lsp.in_characters(items, self._text) if item.severity != lsp.HINT)
        return tuple(issue for issue in found if issue.rule == SYNTAX_RULE or issue.rule in rules())


def command_of(program: str) -> tuple[str, ...]:
    """Return how to start oxlint's server: npm installs a script for Node, other ways a binary."""
    path = Path(program).resolve()
    try:
        with path.open("rb") as file:
            is_script = file.read(2) == b"#!"
    except OSError as error:
        raise EngineUnavailableError(f"{program} can't be read: {error.strerror}") from error
    if not is_script:
        return (str(path), "--lsp")
    node = shutil.which("node")
    if node is None:
        raise EngineUnavailableError(f"{program} needs Node, and there is no `node` on the PATH")
    return (node, str(path), "--lsp")


@functools.cache
def rules() -> dict[str, Severity]:
    """Return oxlint's chosen rules, without their plugin, and what each weighs."""
    chosen: dict[str, str] = json.loads(_RULES_FILE.read_text(encoding="utf-8"))["rules"]
    kinds = {"error": Severity.ERROR, "warn": Severity.WARNING}
    short = {name.partition("/")[2]: kinds[kind] for name, kind in chosen.items()}
    return {name: Severity.NOTE if name in _NOTES else kind for name, kind in short.items()}


def _prepare(conversation: Conversation) -> None:
    """Bring the server up, and make sure that our rules are in force."""
    folder = "file:///text"
    options = {"run": "onType", "configPath": str(_RULES_FILE), "disableNestedConfig": True}
    conversation.ask(
        0,
        "initialize",
        {
            "processId": None,
            "rootUri": folder,
            "workspaceFolders": [{"uri": folder, "name": "text"}],
            "capabilities": lsp.CAPABILITIES,
            "initializationOptions": [{"workspaceUri": folder, "options": options}],
        },
    )
    conversation.tell(rpc.notification("initialized", {}))
    conversation.tell(lsp.question(1, f"{folder}/probe.js", language="javascript", text=_PROBE_TEXT))
    found = {item.code for item in lsp.decode_report(conversation.hear(1), server=NAME)}
    if _PROBE_RULE not in found:
        raise EngineUnavailableError(
            f"oxlint does not apply the rules it was given: its answer to a probe was {sorted(map(str, found))}"
        )


def _issue(item: lsp.Diagnostic) -> RawIssue:
    """Translate one finding; oxlint writes a rule as `plugin(rule)`."""
    rule = str(item.code).partition("(")[2].rstrip(")") or str(item.code)
    message, suggestion = lsp.one_line(item.message)
    if not item.code or str(item.code).isdigit():  # no rule: a syntax error, or a name declared twice
        return _syntax_error(item, message)
    return RawIssue(
        line=item.range.start.line + 1,
        column=item.range.start.character + 1,
        rule=rule,
        category=Category.NAMES if rule in _NAME_RULES else Category.BUGS,
        severity=rules().get(rule, Severity.NOTE),
        message=message,
        suggestion=suggestion,
        engine=NAME,
    )


def _syntax_error(item: lsp.Diagnostic, message: str) -> RawIssue:
    """Return an error of the language. Approximate: the text may be in a dialect (Flow) that oxlint does not read."""
    return RawIssue(
        line=item.range.start.line + 1,
        column=item.range.start.character + 1,
        rule=SYNTAX_RULE,
        category=Category.SYNTAX,
        severity=Severity.ERROR,
        message=message,
        engine=NAME,
        approximate=True,
    )
