"""How values are written for a person: durations, sizes, money, times, tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence


def duration(seconds: float | None) -> str:
    """Write a duration in at most two units.

    Examples
    --------
    >>> duration(3725), duration(0.25), duration(None)
    ('1 h 2 min', '0.2 s', '-')
    """
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if hours == 0:
        return f"{minutes} min {int(seconds) % 60} s"
    return f"{hours} h {minutes % 60} min" if days == 0 else f"{days} d {hours % 24} h"


def size(bytes_: int) -> str:
    """Write a number of bytes in the unit that suits it.

    Examples
    --------
    >>> size(900), size(5_300_000)
    ('900 B', '5.3 MB')
    """
    value, unit = float(bytes_), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def money(usd: float | None, *, unknown: str = "-") -> str:
    """Write US dollars: cents from a dollar on, four digits below.

    Examples
    --------
    >>> money(12.3), money(0.01234), money(None)
    ('$12.30', '$0.0123', '-')
    """
    if usd is None:
        return unknown
    return f"${usd:.2f}" if usd >= 1 else f"${usd:.4f}"


def moment(at_ns: int | None) -> str:
    """Write a time in the local zone, to the second."""
    if at_ns is None:
        return "-"
    local = dt.datetime.fromtimestamp(at_ns / 1e9, tz=dt.UTC).astimezone()
    return local.strftime("%Y-%m-%d %H:%M:%S")


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> count(1, "task"), count(2, "entry", "entries")
    ('1 task', '2 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def shorten(text: str, width: int) -> str:
    """Put a text on one line of at most ``width`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def project(key: str) -> str:
    """Write a project as the folder that people know: the bank's key of a repository is its ``.git``.

    Examples
    --------
    >>> project("/home/me/shop/.git"), project("/home/me/notes")
    ('/home/me/shop', '/home/me/notes')
    """
    return key.removesuffix("/.git")


def goal(text: str, width: int) -> str:
    """Write what a task is about; a task whose prompt no hook reported says so.

    Examples
    --------
    >>> goal("Mend  it", 20), goal("", 20)
    ('Mend it', '(no prompt seen)')
    """
    return shorten(text, width) or "(no prompt seen)"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Align columns, the first row being their names; numbers (all but the first row digits) to the right."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    numeric = [all(row[column][:1] in "$-0123456789" for row in rows[1:]) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
    ]
