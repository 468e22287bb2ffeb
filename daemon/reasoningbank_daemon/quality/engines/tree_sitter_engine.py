"""Ask the parser's process about texts in the languages that have a tree-sitter grammar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from time import monotonic

import msgspec

from reasoningbank_daemon.quality.engine import Document, EngineError, RawIssue, TextRefusedError
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.processes import rpc
from reasoningbank_daemon.quality.processes.engine_process import Conversation, PendingAnswer, ProcessSpec
from reasoningbank_daemon.quality.processes.supervisor import Supervisor

NAME = "tree-sitter"
MAX_TEXT_CHARACTERS = 1_000_000

LANGUAGES = frozenset(set(Language) - {Language.JSON, Language.TOML, Language.YAML})

_WORKER = "reasoningbank_daemon.quality.engines.tree_sitter_worker"
_MEMORY_BYTES = 2 * 1024**3
_RETIRE_BYTES = 200 * 1024**2
_HANG_TIMEOUT_S = 5.0
"""A new process is there within 0.2 s, so there is no reason to wait long for one that is lost in a text."""

_issues_decoder = msgspec.json.Decoder(tuple[RawIssue, ...])


class TreeSitterEngine:
    """Finds parse errors and the patterns of `patterns.catalogue`.

    The parser works in a process of its own: it holds the interpreter lock while it parses, and the C code of a
    grammar may end the process it runs in.
    """

    name = NAME
    languages: frozenset[Language] | None = LANGUAGES

    def __init__(
        self, *, environment: Mapping[str, str] | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        self._environment = dict(environment or {})
        self._supervisor = Supervisor(self._spec, clock=clock)

    @property
    def pid(self) -> int | None:
        """Return the parser's process id; None where none runs."""
        return self._supervisor.pid

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:
        """Return parse errors and matches; raises as `Engine.analyse` says."""
        return self.begin(document, deadline).result()

    def begin(self, document: Document, deadline: float) -> TreeSitterAnswer:
        """Send a text to the parser, started if need be, and return at once."""
        if len(document.text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(document.text):,} characters, the parser gets up to {MAX_TEXT_CHARACTERS:,}"
            )
        params = {"language": document.language, "text": document.text, "deadline": deadline}
        return TreeSitterAnswer(
            self._supervisor.begin(
                lambda identity: rpc.request(identity, "analyse", params), deadline, path=document.path
            )
        )

    def close(self) -> None:
        """End the parser's process."""
        self._supervisor.close()

    def _spec(self) -> ProcessSpec:
        return ProcessSpec(
            name=NAME,
            command=(sys.executable, "-I", "-m", _WORKER),
            prepare=_prepare,
            environment=self._environment,
            memory_bytes=_MEMORY_BYTES,
            retire_bytes=_RETIRE_BYTES,
            hang_timeout_s=_HANG_TIMEOUT_S,
        )


class TreeSitterAnswer:
    """The parser's answer about one text, decoded by the thread that waits for it."""

    def __init__(self, pending: PendingAnswer) -> None:
        self._pending = pending

    def result(self) -> tuple[RawIssue, ...]:
        """Wait for the findings; raises as `Engine.analyse` says."""
        try:
            return _issues_decoder.decode(self._pending.result())
        except msgspec.DecodeError as error:
            raise EngineError(f"the parser's answer is not a list of issues: {error}") from error


def _prepare(conversation: Conversation) -> None:
    conversation.ask(0, "ready", None)
