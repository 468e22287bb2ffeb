"""Have edits judged in a process of its own, which the daemon's own threads need not share an interpreter with.

Judging takes a few milliseconds of Python and of regular expressions, which hold the interpreter while they search: whoever
asks for advice at that moment would wait. A rule that does not come to an end ends with its process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from time import monotonic
from typing import Protocol

import msgspec
import structlog

from reasoningbank_daemon.quality.edit import Edit, content_sha256, readable_text
from reasoningbank_daemon.quality.engine import Document, EngineDiedError, EngineError
from reasoningbank_daemon.quality.issue_cache import MOST_ENTRIES
from reasoningbank_daemon.quality.judge_messages import (
    LOG,
    Judged,
    Method,
    Question,
    Role,
    judged_decoder,
    log_line_decoder,
    question_frame,
)
from reasoningbank_daemon.quality.judging.comparison import Analysis
from reasoningbank_daemon.quality.judging.judge import EngineReport, judge
from reasoningbank_daemon.quality.languages import Language, language_named, language_of
from reasoningbank_daemon.quality.processes import rpc
from reasoningbank_daemon.quality.processes.engine_process import Conversation, ProcessSpec
from reasoningbank_daemon.quality.processes.supervisor import Supervisor
from reasoningbank_daemon.quality.projects.policy import STANDARD, Policy
from reasoningbank_daemon.quality.reviewer import Findings, Review, second_languages
from reasoningbank_schema.verdicts import MissingEngine

_log = structlog.get_logger(__name__)

NAME = "judge"
"""What a verdict gives as the missing engine where the whole process gave no answer."""

_WORKER = "reasoningbank_daemon.quality.judge_worker"
_MEMORY_BYTES = 16 * 1024**3
"""Of address space, as much as any engine may take: a process can't give its children more than it has."""
_GRACE_S = 0.25
"""The judge says at the deadline which engines are missing; this long its answer may take to arrive."""
_WARMING_S = 70.0
"""Until it and its engines are ready: longer than one of them may take to start."""
_HANG_TIMEOUT_S = {Role.FIRST: 5.0, Role.AGAIN: 60.0}
_NICENESS = {Role.FIRST: 10, Role.AGAIN: 20}
"""With a judge its engines stand back. At 5 and below, those who ask for advice waited for it where there were two cores; a
second look runs only when nothing else wants the processor."""
_LEVELS = ("debug", "info", "warning", "error", "critical")


class Judge(Protocol):
    """Judges edits: a `Reviewer` in the same process, or one apart. Safe for several threads."""

    def examine(
        self, edit: Edit, deadline: float, *, policy: Policy = STANDARD, history: Findings = ()
    ) -> Review:
        """Return the verdict on one edit and what it rests on; never raises for what the texts hold."""
        ...

    def warm(self) -> None:
        """Make ready what any edit may need, and return when it is."""
        ...

    def reads(self, edit: Edit) -> bool:
        """Tell whether an engine reads the language of a file."""
        ...

    def close(self) -> None:
        """Give back what it holds; calls under way end with a verdict that says so."""
        ...


class JudgeApart:
    """Asks a judge in a process of its own, which is started when it is first needed, and again when it has died.

    `role` says which engines it has. `engines_off` are not started; `oxlint` is the user's word on which one to run, asked
    for at each edit. A judge that has had a question for `hang_timeout_s` is killed. Of `most_remembered` pairs of an engine and
    a text it knows the findings.
    """

    def __init__(
        self,
        role: Role,
        *,
        engines_off: Collection[str] = (),
        oxlint: Callable[[], str] = lambda: "",
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = monotonic,
        hang_timeout_s: float | None = None,
        most_remembered: int = MOST_ENTRIES,
    ) -> None:
        self._role = role
        self._hang_timeout_s = hang_timeout_s or _HANG_TIMEOUT_S[role]
        self._most_remembered = most_remembered
        self._engines_off = tuple(sorted(engines_off))
        self._languages = None if role is Role.FIRST else second_languages(engines_off)
        self._oxlint = oxlint
        self._environment = dict(environment or {})
        self._clock = clock
        self._supervisor = Supervisor(self._spec, clock=clock)

    @property
    def pid(self) -> int | None:
        """Return the judge's process id; None where none runs."""
        return self._supervisor.pid

    def examine(
        self, edit: Edit, deadline: float, *, policy: Policy = STANDARD, history: Findings = ()
    ) -> Review:
        """Return the verdict on one edit; one without findings that names the judge where it gave none."""
        question = Question(
            edit=edit, deadline=deadline, policy=policy, history=history, oxlint=self._oxlint()
        )
        try:
            judged = self._asked(question)
        except (EngineError, msgspec.DecodeError) as error:
            return _without_findings(edit, str(error))
        verdict = msgspec.structs.replace(
            judged.verdict, path=edit.path, content_sha256=content_sha256(edit.after)
        )
        return Review(
            verdict=verdict,
            issues=judged.issues,
            text=readable_text(edit.after),
            may_quote_secrets=judged.may_quote_secrets,
        )

    def warm(self) -> None:
        """Start the judge and its engines for Python, and wait until they have answered once, or can't."""
        deadline = self._clock() + _WARMING_S
        try:
            self._supervisor.begin(
                lambda identity: rpc.request(identity, Method.WARM, None), deadline
            ).result()
        except EngineError as error:
            _log.warning("judge_not_warm", reason=str(error))
        else:
            _log.info("judge_warm")

    def reads(self, edit: Edit) -> bool:
        """Tell whether an engine reads the language of a file."""
        return self._languages is None or _language(edit) in self._languages

    def close(self) -> None:
        """End the judge, and with it its engines."""
        self._supervisor.close()

    def _asked(self, question: Question) -> Judged:
        """Ask, and once more where the judge died: it may have been of another's question."""
        try:
            return self._asked_once(question)
        except EngineDiedError:
            return self._asked_once(question)

    def _asked_once(self, question: Question) -> Judged:
        method = Method.LOOK_AGAIN if self._role is Role.AGAIN else Method.EXAMINE
        pending = self._supervisor.begin(
            lambda identity: question_frame(identity, method, question),
            question.deadline + _GRACE_S,
            path=question.edit.path,
        )
        return judged_decoder.decode(pending.result())

    def _spec(self) -> ProcessSpec:
        return ProcessSpec(
            name=NAME if self._role is Role.FIRST else f"{NAME} of the second look",
            command=(
                *(sys.executable, "-I", "-m", _WORKER),
                *(self._role, str(self._most_remembered), *self._engines_off),
            ),
            prepare=_prepare,
            environment={"PATH": os.pathsep.join(os.get_exec_path()), **self._environment},
            memory_bytes=_MEMORY_BYTES,
            hang_timeout_s=self._hang_timeout_s,
            niceness=_NICENESS[self._role],
            hear=_hear,
        )


def _prepare(conversation: Conversation) -> None:
    conversation.ask(0, Method.READY, None)


def _hear(method: str, params: msgspec.Raw) -> None:
    """Put what the judge's process has to say into our log."""
    if method == LOG:
        line = log_line_decoder.decode(params)
        level = line.level if line.level in _LEVELS else "error"
        getattr(_log, level)(line.event, **line.fields)


def _language(edit: Edit) -> Language | None:
    return language_of(edit.path, edit.after) if edit.language is None else language_named(edit.language)


def _without_findings(edit: Edit, reason: str) -> Review:
    text = readable_text(edit.after)
    after = Document(path=edit.path, language=_language(edit), text=text)
    before = None if edit.before is None else msgspec.structs.replace(after, text=readable_text(edit.before))
    verdict = judge(
        None if before is None else Analysis(document=before, issues=()),
        Analysis(document=after, issues=()),
        content_sha256=content_sha256(edit.after),
        report=EngineReport(missing=(MissingEngine(engine=NAME, reason=reason),)),
    )
    return Review(verdict=verdict, issues=(), text=text)
