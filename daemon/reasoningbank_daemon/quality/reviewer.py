"""Give the verdict on an edit: ask every engine about both texts, and judge what changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from time import monotonic

import msgspec
import structlog

from reasoningbank_daemon.quality.edit import Edit, content_sha256, readable_text
from reasoningbank_daemon.quality.engine import (
    Answer,
    Document,
    Engine,
    EngineAbsentError,
    EngineError,
    EngineTimeoutError,
    PipelinedEngine,
    RawIssue,
    TextRefusedError,
)
from reasoningbank_daemon.quality.engines.data_files import DataFilesEngine
from reasoningbank_daemon.quality.engines.oxlint_engine import OxlintEngine
from reasoningbank_daemon.quality.engines.plain_text import PlainTextEngine
from reasoningbank_daemon.quality.engines.programs import Programs
from reasoningbank_daemon.quality.engines.ruff_engine import RuffEngine
from reasoningbank_daemon.quality.engines.shellcheck_engine import ShellCheckEngine
from reasoningbank_daemon.quality.engines.tree_sitter_engine import TreeSitterEngine
from reasoningbank_daemon.quality.engines.ty_engine import TyEngine
from reasoningbank_daemon.quality.issue_cache import IssueCache, Key, TextKey, text_key
from reasoningbank_daemon.quality.judging.changes import change_issues
from reasoningbank_daemon.quality.judging.comparison import Analysis
from reasoningbank_daemon.quality.judging.judge import EngineReport, judge
from reasoningbank_daemon.quality.languages import Language, language_named, language_of
from reasoningbank_daemon.quality.projects.policy import STANDARD, Policy, wanted
from reasoningbank_schema.redaction import redact
from reasoningbank_schema.verdicts import Category, EditVerdict, Issue, MissingEngine

_log = structlog.get_logger(__name__)

Findings = tuple[RawIssue, ...]

_QUOTE = re.compile("[`'\"]")
_QUOTING = frozenset({RuffEngine.name, TreeSitterEngine.name, PlainTextEngine.name})
"""Who puts words of the text between quotes, but for syntax errors."""


def standard_engines(
    *, environment: Mapping[str, str] | None = None, programs: Programs | None = None
) -> tuple[Engine, ...]:
    """Return the engines that answer within milliseconds; none of them starts a process before it is needed.

    `environment` is what their processes get; they need none, except where Python itself does (`LD_LIBRARY_PATH`).
    """
    return (
        RuffEngine(environment=environment),
        TreeSitterEngine(environment=environment),
        OxlintEngine((programs or Programs()).oxlint, environment=environment),
        DataFilesEngine(),
        PlainTextEngine(),
    )


def second_engines(
    *, environment: Mapping[str, str] | None = None, programs: Programs | None = None
) -> tuple[Engine, ...]:
    """Return the engines that take longer; their opinion comes after the verdict."""
    found = programs or Programs()
    return (
        ShellCheckEngine(found.shellcheck, environment=environment),
        TyEngine(found.ty, environment=environment),
    )


def second_languages(engines_off: Collection[str] = ()) -> frozenset[Language]:
    """Return the languages that engines of the second look read, those that are off left out."""
    read = {ShellCheckEngine.name: ShellCheckEngine.languages, TyEngine.name: TyEngine.languages}
    return frozenset().union(*(each for name, each in read.items() if each and name not in engines_off))


_WARMING_S = 60.0

_UNCACHED = frozenset({TyEngine.name})
"""What these engines find depends on more than the text."""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, and all issues of the text after: the new ones and those that stood there before."""

    verdict: EditVerdict
    issues: Findings
    text: str
    """The text after as the engines read it; the lines of the issues are its lines."""
    may_quote_secrets: bool = False
    """There is a secret in the text, and issues whose messages may quote of it."""


class Reviewer:
    """Reviews edits; every method may be called from several threads.

    It owns its engines and closes them. An engine that fails costs its own findings and nothing else: it is named in
    the verdict with the reason.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        *,
        clock: Callable[[], float] = monotonic,
        cache: IssueCache | None = None,
    ) -> None:
        self._engines = tuple(engines)
        self._begin = {each.name: each.begin for each in self._engines if isinstance(each, PipelinedEngine)}
        self._clock = clock
        self._cache = IssueCache() if cache is None else cache

    def review(self, edit: Edit, deadline: float, *, policy: Policy = STANDARD) -> EditVerdict:
        """Return the verdict on one edit. `deadline` is a point of the clock, in seconds.

        It never raises for what the texts hold. An engine that has not answered by the deadline is left out and named.
        """
        return self.examine(edit, deadline, policy=policy).verdict

    def reads(self, edit: Edit) -> bool:
        """Tell whether an engine of this reviewer reads the language of a file."""
        language = _document(edit, edit.after).language
        return any(each.languages is None or language in each.languages for each in self._engines)

    def examine(
        self, edit: Edit, deadline: float, *, policy: Policy = STANDARD, history: Findings = ()
    ) -> Review:
        """Return the verdict on one edit and what it rests on; else as `review`.

        `history` is what the rules over the steps of the file found.
        """
        after = _document(edit, edit.after)
        before = None if edit.before is None else _document(edit, edit.before)
        texts = [(text_key(each), each) for each in ((after,) if before is None else (after, before))]
        started = self._clock()
        inquiries = [
            self._inquiry(engine)
            for engine in self._engines_for(after.language)
            if engine.name not in policy.engines_off
        ]
        for inquiry in sorted(inquiries, key=_asked_last):
            inquiry.ask(texts, deadline)
        changed = (*change_issues(before, after), *history)  # while the engines work
        answers = [answer for inquiry in inquiries if not (answer := inquiry.gather()).absent]
        report = EngineReport(
            run=tuple(answer.engine for answer in answers if answer.reason is None),
            missing=(*_unread(after), *(_missing(answer) for answer in answers if answer.reason is not None)),
            ms=(self._clock() - started) * 1000.0,
        )
        found = [answer.findings for answer in answers if answer.reason is None]
        after_issues = wanted(without_cleared(_in_order(each[0] for each in found)), after, policy)
        verdict = judge(
            None
            if before is None
            else Analysis(
                document=before,
                issues=wanted(without_cleared(_in_order(each[1] for each in found)), before, policy),
            ),
            Analysis(document=after, issues=after_issues),
            content_sha256=content_sha256(edit.after),
            report=report,
            change_issues=wanted(changed, after, policy),
        )
        return Review(
            verdict=verdict,
            issues=after_issues,
            text=after.text,
            may_quote_secrets=any(map(_may_quote, verdict.issues)) and _holds_a_secret(after),
        )

    def warm(self, languages: Iterable[Language] = (Language.PYTHON,)) -> None:
        """Start the engines of some languages and wait until they have answered once, or can't."""
        for language in languages:
            self.review(Edit(path="", after="", language=language.value), self._clock() + _WARMING_S)

    def close(self) -> None:
        """Close all engines; calls under way end with a verdict that names them as missing."""
        for engine in self._engines:
            engine.close()

    def _engines_for(self, language: Language | None) -> list[Engine]:
        return [each for each in self._engines if each.languages is None or language in each.languages]

    def _inquiry(self, engine: Engine) -> _Inquiry:
        return _Inquiry(engine, self._begin.get(engine.name), self._cache, self._clock)


class _Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What one engine said of each text, or why it said nothing."""

    engine: str
    findings: tuple[Findings, ...] = ()
    reason: str | None = None
    absent: bool = False


class _Inquiry:
    """One engine's work on the texts of one edit, from the first question to the last answer."""

    def __init__(
        self,
        engine: Engine,
        begin: Callable[[Document, float], Answer] | None,
        cache: IssueCache,
        clock: Callable[[], float],
    ) -> None:
        self.engine = engine.name
        self._engine = engine
        self._begin = begin
        self._cache = cache
        self._clock = clock
        self._failure: str | None = None
        self._absent = False
        self._keys: list[Key] = []
        self._answers: dict[Key, Answer] = {}

    def ask(self, texts: Sequence[tuple[TextKey, Document]], deadline: float) -> None:
        """Ask about each text that is not known; an engine in a process of its own begins to work."""
        for text, document in texts:
            key = (self.engine, text)
            self._keys.append(key)
            if key not in self._answers and self._failure is None:
                self._failure = self._attempt(partial(self._ask_about, key, document, deadline))

    def gather(self) -> _Gathered:
        """Wait for the answers. A failure on one text is one on all: without a pair there is no comparison."""
        if self._failure is None:
            self._failure = self._attempt(self._collect)
        if self._failure is not None:
            return _Gathered(engine=self._engine.name, reason=self._failure, absent=self._absent)
        return _Gathered(
            engine=self._engine.name, findings=tuple(self._answers[key].result() for key in self._keys)
        )

    def _ask_about(self, key: Key, document: Document, deadline: float) -> None:
        known = None if self._engine.name in _UNCACHED else self._cache.get(key)
        if known is not None:
            self._answers[key] = _Known(known)
        elif document.language is not None and self._engine.languages is not None and "\0" in document.text:
            raise TextRefusedError("the text holds NUL characters: it is binary, or not in UTF-8")
        elif self._begin is not None:
            self._answers[key] = self._begin(document, deadline)
        elif self._clock() >= deadline:
            raise EngineTimeoutError("the deadline had passed before its turn came")
        else:
            self._answers[key] = _Known(self._engine.analyse(document, deadline))

    def _collect(self) -> None:
        for key, answer in self._answers.items():
            findings = answer.result()
            if not isinstance(answer, _Known):
                self._answers[key] = _Known(findings)
            if self._engine.name not in _UNCACHED:
                self._cache.put(key, findings)

    def _attempt(self, work: Callable[[], None]) -> str | None:
        """Do some of the work; return the reason where the engine failed."""
        try:
            work()
        except EngineError as error:
            self._absent = isinstance(error, EngineAbsentError)
            return str(error)
        except Exception as error:  # noqa: BLE001 - a fault in one engine must not cost the others' findings
            _log.exception("engine_failed", engine=self._engine.name)
            return f"it failed: {type(error).__name__}: {error}"
        return None


class _Known:
    """An answer that is there already."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def result(self) -> Findings:
        return self._findings


def _asked_last(inquiry: _Inquiry) -> bool:
    """Tell who is asked after the parser, which takes longest."""
    return inquiry.engine != TreeSitterEngine.name


def _may_quote(issue: Issue) -> bool:
    """Tell whether a message may hold words of the text."""
    return (
        issue.engine not in _QUOTING
        or issue.category is Category.SYNTAX
        or _QUOTE.search(issue.message + issue.suggestion) is not None
    )


def _holds_a_secret(document: Document) -> bool:
    return redact(document.text).text != document.text


def _document(edit: Edit, text: str) -> Document:
    language = language_of(edit.path, edit.after) if edit.language is None else language_named(edit.language)
    return Document(path=edit.path, language=language, text=readable_text(text))


def _unread(document: Document) -> tuple[MissingEngine, ...]:
    if document.language is not None:
        return ()
    return (MissingEngine(engine="parser", reason="no engine reads files of this kind"),)


def _missing(answer: _Gathered) -> MissingEngine:
    return MissingEngine(engine=answer.engine, reason=answer.reason or "")


def without_cleared(issues: Findings) -> Findings:
    """Drop the findings that another engine has evidence against, and the evidence."""
    cleared = {(issue.line, rule) for issue in issues for rule in issue.clears}
    if not cleared:
        return issues
    return tuple(issue for issue in issues if not issue.clears and (issue.line, issue.rule) not in cleared)


def _in_order(findings: Iterable[Findings]) -> Findings:
    return tuple(
        sorted((issue for each in findings for issue in each), key=lambda issue: (issue.line, issue.column))
    )
