"""Ask `ty server` about the types of Python texts, where ty is installed.

Types need the project around a text: the server reads it from disk, under the text's real address. So its first answer
about a project takes seconds, and it is a second opinion that comes after the verdict.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import monotonic

from reasoningbank_daemon.quality.engine import (
    Document,
    EngineAbsentError,
    EngineTimeoutError,
    RawIssue,
    TextRefusedError,
)
from reasoningbank_daemon.quality.engines.programs import HOW_TO_INSTALL
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.processes import lsp, rpc
from reasoningbank_daemon.quality.processes.engine_process import Conversation, EngineProcess, ProcessSpec
from reasoningbank_daemon.quality.processes.supervisor import Supervisor
from reasoningbank_daemon.quality.projects.project import project_root
from reasoningbank_daemon.quality.projects.project_files import (
    Stamp,
    TooManyFilesError,
    changes,
    python_files,
)
from reasoningbank_schema.verdicts import Category, Severity

NAME = "ty"
MAX_TEXT_CHARACTERS = 300_000
MOST_PROJECTS = 2
"""A server holds one project; the one that was not asked for longest ends when a third is needed."""

MOST_FILES = 10_000
"""A larger project takes too long to read, and too long to look through for changes."""

_RETIRE_BYTES = 1024**3
_HANG_TIMEOUT_S = 60.0
_NICENESS = 19
_CLOSING_S = 1.0

RULES = frozenset(
    {
        "call-non-callable",
        "index-out-of-bounds",
        "invalid-argument-type",
        "invalid-await",
        "invalid-context-manager",
        "missing-argument",
        "missing-attribute",
        "no-matching-overload",
        "not-iterable",
        "parameter-already-assigned",
        "positional-only-parameter-as-kwarg",
        "too-many-positional-arguments",
        "unknown-argument",
        "unresolved-attribute",
        "unsupported-operator",
        "unused-awaitable",
    }
)
"""What fails when the line is reached. Declarations that do not fit are between the project and its type checker;
names and imports are ruff's, which need not know what is installed."""


class TyEngine:
    """Finds calls that do not fit and attributes that are not there, in files of a project on disk."""

    name = NAME
    languages: frozenset[Language] | None = frozenset({Language.PYTHON})

    def __init__(
        self,
        find_program: Callable[[], str | None],
        *,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._find_program = find_program
        self._environment = {"TY_MAX_PARALLELISM": "1", "RAYON_NUM_THREADS": "1", **(environment or {})}
        self._clock = clock
        self._lock = threading.Lock()
        self._servers: OrderedDict[str, _Server] = OrderedDict()
        self._closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the servers that run."""
        with self._lock:
            return tuple(pid for each in self._servers.values() if (pid := each.supervisor.pid) is not None)

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:
        """Return ty's findings; raises as `Engine.analyse` says."""
        if len(document.text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(document.text):,} characters, ty gets up to {MAX_TEXT_CHARACTERS:,}"
            )
        if not _is_unicode(document.path):
            raise TextRefusedError("ty takes no path that is not UTF-8")
        root = project_root(document.path)
        if root is None:
            raise TextRefusedError("types need the files around a text, and its path is in no project")
        items = self._server(root).diagnostics(document, deadline)
        return tuple(_issue(item) for item in items if item.code in RULES)

    def close(self) -> None:
        """End the servers."""
        with self._lock:
            self._closed = True
            servers = list(self._servers.values())
            self._servers.clear()
        for server in servers:
            server.supervisor.close()

    def _server(self, root: str) -> _Server:
        unneeded: _Server | None = None
        with self._lock:
            server = self._servers.pop(root, None)
            if server is None:
                supervisor = Supervisor(partial(self._spec, root), clock=self._clock)
                server = _Server(root, supervisor, self._clock)
            self._servers[root] = server
            if len(self._servers) > MOST_PROJECTS:
                _, unneeded = self._servers.popitem(last=False)
            closed = self._closed
        if unneeded is not None:
            unneeded.supervisor.close()
        if closed:
            server.supervisor.close()
        return server

    def _spec(self, root: str) -> ProcessSpec:
        program = self._find_program()
        if program is None:
            raise EngineAbsentError(f"ty is not installed; `{HOW_TO_INSTALL[NAME]}` adds it")
        return ProcessSpec(
            name=NAME,
            command=(program, "server"),
            prepare=partial(_prepare, root),
            environment=self._environment,
            retire_bytes=_RETIRE_BYTES,
            hang_timeout_s=_HANG_TIMEOUT_S,
            niceness=_NICENESS,
        )


class _Server:
    """The server of one project, and what it knows of the files."""

    def __init__(self, root: str, supervisor: Supervisor, clock: Callable[[], float]) -> None:
        self.supervisor = supervisor
        self._clock = clock
        self._root = root
        self._lock = threading.Lock()
        self._process: EngineProcess | None = None
        self._known: dict[str, Stamp] = {}

    def diagnostics(self, document: Document, deadline: float) -> list[lsp.Diagnostic]:
        """Ask about one text at a time: whatever else the server is told meanwhile would cancel the question."""
        if not self._lock.acquire(timeout=max(0.0, deadline - self._clock())):
            raise EngineTimeoutError("ty was busy with another text at the deadline")
        try:
            process, changed = self._ready(deadline)
            address = Path(document.path).as_uri()
            pending = process.begin(
                lambda identity: (
                    changed + lsp.open_and_ask(identity, address, language="python", text=document.text)
                ),
                deadline,
            )
            try:
                return lsp.decode_report(pending.result(), server=NAME)
            finally:
                process.tell(lsp.closing(address), self._clock() + _CLOSING_S)
        finally:
            self._lock.release()

    def _ready(self, deadline: float) -> tuple[EngineProcess, bytes]:
        """Return the running server, and the message that tells it which files changed since the last question."""
        try:
            found = python_files(self._root, most=MOST_FILES)
        except TooManyFilesError as error:
            raise TextRefusedError(str(error)) from error
        process = self.supervisor.ready_process(deadline)
        if process is not self._process:  # a new one has read nothing yet
            self._process, self._known = process, found
        changed = changes(self._known, found)
        self._known = found
        # ty 0.0.104 panics at an address that is not UTF-8, and its other files lose their findings with it.
        events = [{"uri": Path(path).as_uri(), "type": kind} for path, kind in changed if _is_unicode(path)]
        if not events:
            return process, b""
        return process, rpc.notification("workspace/didChangeWatchedFiles", {"changes": events})


def _is_unicode(path: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in path)


def _prepare(root: str, conversation: Conversation) -> None:
    folder = Path(root).as_uri()
    conversation.ask(
        0,
        "initialize",
        {
            "processId": None,
            "rootUri": folder,
            "workspaceFolders": [{"uri": folder, "name": "project"}],
            "capabilities": lsp.CAPABILITIES,
            "initializationOptions": {"diagnosticMode": "openFilesOnly", "logLevel": "error"},
        },
    )
    conversation.tell(rpc.notification("initialized", {}))


def _issue(item: lsp.Diagnostic) -> RawIssue:
    message, suggestion = lsp.one_line(item.message)
    return RawIssue(
        line=item.range.start.line + 1,
        column=item.range.start.character + 1,
        rule=str(item.code),
        category=Category.TYPES,
        severity=Severity.WARNING,
        message=message,
        suggestion=suggestion,
        engine=NAME,
    )
