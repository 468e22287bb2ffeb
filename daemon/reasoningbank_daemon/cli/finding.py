"""What a check of `doctor` yields."""

from __future__ import annotations

import enum

import msgspec


class Mark(enum.StrEnum):
    """Say how a check ended; only an error makes `doctor` fail."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one thing that was looked at; ``next_step`` is what to do, empty when nothing is."""

    about: str
    mark: Mark
    message: str
    next_step: str = ""
