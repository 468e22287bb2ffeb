"""The configuration in force: read by many threads, replaced as a whole by one."""

from __future__ import annotations

from reasoningbank_daemon.config import Config


class Settings:
    """Hold the current configuration; a reader takes ``current`` once and uses that one throughout."""

    def __init__(self, config: Config) -> None:
        self.current = config

    def replace(self, config: Config) -> None:
        """Put a new configuration in force for whoever asks next."""
        self.current = config
