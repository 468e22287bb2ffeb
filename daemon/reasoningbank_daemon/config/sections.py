"""What can be configured: one frozen Struct a section, each key with its range, default and meaning.

The descriptions are the documentation: `docs/configuration.md` and `reasoningbank config show` are made of
them. A key whose ``extra`` says ``restart`` is read once at start; every other one is in force as soon as the
file is saved.
"""

from __future__ import annotations

import enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

_RESTART: dict[str, Any] = {"restart": True}  # msgspec's own type for `extra`


class LogLevel(enum.StrEnum):
    """Name the least severe line that is logged; only ``debug`` shows what users and agents wrote."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class EmbedderName(enum.StrEnum):
    """Name what finds similar tasks: words alone, or words and a sentence embedding."""

    LEXICAL = "lexical"
    MINILM = "minilm"


class VerdictMode(enum.StrEnum):
    """Name what an edit that breaks its file leads to: words, or a hook that stops the agent."""

    ADVISE = "advise"
    GATE = "gate"


class EngineName(enum.StrEnum):
    """Name an engine that judges edits, as verdicts name it."""

    RUFF = "ruff"
    TREE_SITTER = "tree-sitter"
    OXLINT = "oxlint"
    DATA_FILES = "data-files"
    TEXT = "text"
    SHELLCHECK = "shellcheck"
    TY = "ty"


class DaemonSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the daemon runs."""

    workers_pre_task: Annotated[
        int, Meta(ge=1, le=16, description="threads that answer at the start of a task", extra=_RESTART)
    ] = 2
    workers_other: Annotated[
        int, Meta(ge=1, le=16, description="threads for edit verdicts and everything else", extra=_RESTART)
    ] = 2
    queue_limit: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="requests that may wait for a thread of each pool before an answer says BUSY",
            extra=_RESTART,
        ),
    ] = 64
    default_deadline_ms: Annotated[
        int, Meta(ge=1, le=60_000, description="time for a request that names no deadline, in milliseconds")
    ] = 1000
    idle_exit_hours: Annotated[
        float,
        Meta(ge=0, le=8760, description="leave after this long without a request; 0 = stay for good"),
    ] = 8.0
    drain_timeout_s: Annotated[
        float,
        Meta(ge=0.1, le=300, description="time to finish what is under way when asked to stop, in seconds"),
    ] = 10.0
    log_level: Annotated[
        LogLevel, Meta(description="least severe line in the log; `debug` shows prompts and outputs")
    ] = LogLevel.INFO


class RecallSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is found and told at the start of a task."""

    embedder: Annotated[
        EmbedderName,
        Meta(
            description="`lexical` finds by words and needs nothing; `minilm` finds by meaning as well and needs weights: see `reasoningbank embedder`"
        ),
    ] = EmbedderName.LEXICAL
    weights: Annotated[
        str,
        Meta(
            description="folder with the weights of `minilm`; empty = the installed package that carries them"
        ),
    ] = ""
    max_chars: Annotated[
        int, Meta(ge=200, le=1500, description="longest text told at the start of a task, in characters")
    ] = 1500


class QualitySection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which engines judge an edit."""

    enabled: Annotated[bool, Meta(description="judge edits and tell the agent what an edit made worse")] = (
        True
    )
    engines_off: Annotated[
        tuple[EngineName, ...],
        Meta(description="engines that are not run, by the name that a verdict gives them", extra=_RESTART),
    ] = ()
    mode: Annotated[
        VerdictMode,
        Meta(
            description="`gate` lets the hook stop an agent after an edit that breaks a file; `advise` tells it"
        ),
    ] = VerdictMode.ADVISE
    oxlint: Annotated[
        str, Meta(description="oxlint's file; empty means the one on the PATH", extra=_RESTART)
    ] = ""


class SelectionSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a model is chosen for a task."""

    default_model: Annotated[
        str,
        Meta(
            min_length=1,
            description="model that is named while there is no evidence: a name of the model list",
        ),
    ] = "claude-opus-5-5"
    apply_to_subagents: Annotated[
        bool,
        Meta(description="set the model of a subagent when its caller set none and evidence supports it"),
    ] = True
    min_evidence: Annotated[
        int,
        Meta(ge=1, le=10_000, description="judged tasks of a model before it may be chosen over the default"),
    ] = 20
    target_success: Annotated[
        float, Meta(ge=0.0, le=1.0, description="success rate that a cheaper model has to reach")
    ] = 0.8


class TasksSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When turns are one task."""

    idle_minutes: Annotated[
        float, Meta(gt=0, le=10_080, description="a task closes after this long without an event, in minutes")
    ] = 30.0
