"""Ask each engine once whether it works, for `reasoningbank doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
) -> Iterator[EngineHealth]:
    """Start each engine, ask it about an empty text, and yield how it is.

    `folder` is an empty folder of our own: an engine that reads the project around a text gets this one.
    """
    (folder / ".git").mkdir()  # the mark of a project, so that none is looked for further up
    for engine in engines:
        languages = tuple(sorted(engine.languages or ()))
        path = folder / "empty"
        document = Document(path=str(path), language=languages[0] if languages else None, text="")
        health, reason = _asked(engine, document, clock() + PATIENCE_S)
        yield EngineHealth(engine=engine.name, languages=languages, health=health, reason=reason)


def _asked(engine: Engine, document: Document, deadline: float) -> tuple[Health, str]:
    try:
        engine.analyse(document, deadline)
    except EngineAbsentError as error:
        return Health.ABSENT, str(error)
    except EngineError as error:
        return Health.FAILS, str(error)
    return Health.ANSWERS, ""
