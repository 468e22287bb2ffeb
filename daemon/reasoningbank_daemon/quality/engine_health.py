"""Ask each engine once whether it works, all at the same time, for `reasoningbank doctor`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path

import msgspec

from reasoningbank_daemon.quality.engine import Document, Engine, EngineAbsentError, EngineError
from reasoningbank_daemon.quality.languages import Language

PATIENCE_S = 10.0
"""For one engine: the first start of oxlint on a cold disk takes seconds."""


class Health(StrEnum):
    """How an engine is."""

    ANSWERS = "answers"
    ABSENT = "absent"
    FAILS = "fails"


class EngineHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One engine, how it is, and why it gives no answer where it gives none."""

    engine: str
    languages: tuple[Language, ...]
    health: Health
    reason: str = ""


def engine_health(
    engines: Sequence[Engine], folder: Path, *, clock: Callable[[], float]
) -> tuple[EngineHealth, ...]:
    """Start all engines at once, ask each about an empty text, and return how each is, in their order.

    `folder` is an empty folder of our own: an engine that reads the project around a text gets this one.
    """
    if not engines:
        return ()
    (folder / ".git").mkdir()  # the mark of a project, so that none is looked for further up
    path = str(folder / "empty")
    deadline = clock() + PATIENCE_S
    # One thread each: most of an engine's start is its process's own work.
    with ThreadPoolExecutor(len(engines)) as pool:
        return tuple(pool.map(lambda engine: _health(engine, path, deadline), engines))


def _health(engine: Engine, path: str, deadline: float) -> EngineHealth:
    languages = tuple(sorted(engine.languages or ()))
    document = Document(path=path, language=languages[0] if languages else None, text="")
    health, reason = _asked(engine, document, deadline)
    return EngineHealth(engine=engine.name, languages=languages, health=health, reason=reason)


def _asked(engine: Engine, document: Document, deadline: float) -> tuple[Health, str]:
    try:
        engine.analyse(document, deadline)
    except EngineAbsentError as error:
        return Health.ABSENT, str(error)
    except EngineError as error:
        return Health.FAILS, str(error)
    return Health.ANSWERS, ""
