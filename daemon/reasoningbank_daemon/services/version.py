"""Which version of the program runs; apart, because finding out costs 25 ms that the parsers' start need not pay."""

from __future__ import annotations

from importlib.metadata import version

CODE_VERSION = version("reasoningbank")
