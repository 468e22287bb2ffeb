"""The configuration: one TOML file, decoded once into a frozen value; a missing file means the defaults."""

from __future__ import annotations

from reasoningbank_daemon.config.loading import (
    Config,
    ConfigError,
    config_hash,
    configured_models,
    load_config,
    parse_config,
    restart_keys,
)
from reasoningbank_daemon.config.models import ModelEntry, ModelTable, price_document, price_version
from reasoningbank_daemon.config.sections import (
    DaemonSection,
    EmbedderName,
    EngineName,
    LogLevel,
    QualitySection,
    RecallSection,
    SelectionSection,
    TasksSection,
)

__all__ = [
    "Config",
    "ConfigError",
    "DaemonSection",
    "EmbedderName",
    "EngineName",
    "LogLevel",
    "ModelEntry",
    "ModelTable",
    "QualitySection",
    "RecallSection",
    "SelectionSection",
    "TasksSection",
    "config_hash",
    "configured_models",
    "load_config",
    "parse_config",
    "price_document",
    "price_version",
    "restart_keys",
]
