"""What a bank that can't be used is replaced by: a copy made before its schema changed, else a new bank."""

from __future__ import annotations

from pathlib import Path

import msgspec


class WayOut(msgspec.Struct, frozen=True, kw_only=True):
    """Say how to go on without a bank's file: ``advice`` as a sentence, ``commands`` as what to type."""

    advice: str
    commands: str


def newest_backup(bank: Path) -> Path | None:
    """Return the backup that was made last, None when there is none.

    The ``found-…`` folders beside them are no backups: they hold files as they were when they were in doubt.
    """
    found = (bank.parent / "backups").glob("memory-schema*.db")
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)


def way_out(bank: Path) -> WayOut:
    """Look for a backup, and say what to do with it or without one.

    The database's log is moved away with it: beside another database it would be taken for that one's.
    """
    backup = newest_backup(bank)
    aside = bank.parent / "unusable"
    move = f"mkdir -p {aside} && mv {bank}* {aside}"
    if backup is None:
        return WayOut(
            advice="There is no backup: move it away, and a new bank begins",
            commands=f"reasoningbank down; {move} && reasoningbank up",
        )
    return WayOut(
        advice=f"Put a backup in its place; the newest is {backup}",
        commands=f"reasoningbank down; {move} && cp {backup} {bank} && reasoningbank up",
    )
