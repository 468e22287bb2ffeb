"""Where ReasoningBank keeps its files, as one value computed from the environment.

``RB_HOME`` puts everything under one folder (tests, scratch banks). Otherwise the XDG folders are used:
configuration under ``$XDG_CONFIG_HOME``, the bank under ``$XDG_DATA_HOME``, spool, logs and indexes under
``$XDG_STATE_HOME``, the socket under ``$XDG_RUNTIME_DIR`` (or the state folder where there is none).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

SOCKET_PATH_LIMIT_BYTES = 107
"""The longest path that fits `sockaddr_un` on Linux."""


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """Name every file and folder that the product reads or writes."""

    config_file: Path
    data_dir: Path
    state_dir: Path
    runtime_dir: Path

    @property
    def bank(self) -> Path:
        """The SQLite database: the truth."""
        return self.data_dir / "memory.db"

    @property
    def backups(self) -> Path:
        """Copies of the bank, taken before a migration."""
        return self.data_dir / "backups"

    @property
    def watermark(self) -> Path:
        """The last acknowledged sequence, noted outside the database."""
        return self.state_dir / "watermark.json"

    @property
    def indexes(self) -> Path:
        """Derived indexes; may be deleted at any time while the daemon is down."""
        return self.state_dir / "indexes"

    @property
    def spool(self) -> Path:
        """Events that no daemon has stored yet, one file each."""
        return self.state_dir / "spool"

    @property
    def logs(self) -> Path:
        """The daemon's logs."""
        return self.state_dir / "logs"

    @property
    def hook_dir(self) -> Path:
        """The installed hook program and the files it needs."""
        return self.data_dir / "hooks"

    @property
    def private_folders(self) -> tuple[Path, ...]:
        """The folders that the daemon writes to, and that nobody else may enter; a folder comes before its parts."""
        return self.data_dir, self.state_dir, self.runtime_dir, self.spool, self.logs, self.indexes

    @property
    def socket(self) -> Path:
        """The daemon's socket."""
        return self.runtime_dir / "bus.sock"

    @property
    def lock(self) -> Path:
        """The lock that makes it one daemon; beside the bank, because it is the bank that it guards."""
        return self.data_dir / "daemon.lock"

    @property
    def endpoint(self) -> str:
        """The ZeroMQ address of `socket`."""
        return f"ipc://{self.socket}"


def resolve_paths(environment: Mapping[str, str], *, home: Path) -> Paths:
    """Compute the paths from an environment and the user's home directory.

    Examples
    --------
    >>> resolve_paths({"RB_HOME": "/tmp/rb"}, home=Path("/home/me")).bank
    PosixPath('/tmp/rb/data/memory.db')
    """
    if root := environment.get("RB_HOME"):
        base = Path(root)
        return Paths(
            config_file=base / "config.toml",
            data_dir=base / "data",
            state_dir=base / "state",
            runtime_dir=base / "run",
        )

    def folder(variable: str, default: str) -> Path:
        value = environment.get(variable, "")
        # The XDG specification: a relative path is invalid and is to be ignored.
        return Path(value) if value.startswith("/") else home / default

    state = folder("XDG_STATE_HOME", ".local/state") / "reasoningbank"
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    return Paths(
        config_file=folder("XDG_CONFIG_HOME", ".config") / "reasoningbank" / "config.toml",
        data_dir=folder("XDG_DATA_HOME", ".local/share") / "reasoningbank",
        state_dir=state,
        runtime_dir=Path(runtime) / "reasoningbank" if runtime.startswith("/") else state / "run",
    )
