"""The daemon: receives events, answers with advice, records what happened and learns from it."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("reasoningbank")
