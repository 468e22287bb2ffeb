"""The configuration in force: read by many threads, replaced as a whole by one."""

from __future__ import annotations

from collections.abc import Callable

from reasoningbank_daemon.config import Config, config_hash, restart_keys


class Settings:
    """Hold the current configuration; a reader takes ``current`` once and uses that one throughout."""

    def __init__(self, config: Config) -> None:
        self.current = config
        self.sha256 = config_hash(config)
        self._listeners: list[Callable[[Config], None]] = []

    def listen(self, listener: Callable[[Config], None]) -> None:
        """Call ``listener`` with each configuration that is put in force from now on; it must return at once."""
        self._listeners.append(listener)

    def replace(self, config: Config) -> tuple[str, ...]:
        """Put a new configuration in force; return the keys that take effect only after a restart."""
        waiting = restart_keys(self.current, config)
        self.current = config
        self.sha256 = config_hash(config)
        for listener in self._listeners:
            listener(config)
        return waiting
