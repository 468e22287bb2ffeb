"""What `doctor` says of events that came and were not understood: an agent may have changed what it sends."""

from __future__ import annotations

from collections.abc import Iterator

from reasoningbank_daemon.cli import wording
from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.finding import Check, Mark
from reasoningbank_daemon.cli.reading import open_bank
from reasoningbank_daemon.storage.queries.upkeep import rejected_events

_ABOUT = "events"
RECENT_NS = 7 * 24 * 3600 * 1_000_000_000
MOST_COUNTED = 1_000
"""The bank keeps no more of them."""


def check_events(context: Context) -> Iterator[Check]:
    """Count the events of the last week that the daemon could not understand, and show the latest."""
    if not context.paths.bank.exists():
        return
    try:
        with open_bank(context) as db:
            rejected = rejected_events(db, limit=MOST_COUNTED)
    except CommandError:
        return  # said by `checks.check_bank`
    recent = [event for event in rejected if event.at_ns > context.now_ns() - RECENT_NS]
    if not recent:
        yield Check(about=_ABOUT, mark=Mark.OK, message="every event of the last week was understood")
        return
    latest = recent[0]
    yield Check(
        about=_ABOUT,
        mark=Mark.WARNING,
        message=f"{wording.count(len(recent), 'event')} of the last week not understood, the latest "
        f"{latest.event} of {latest.host}: {latest.reason}",
        next_step="if the agent was updated lately, update reasoningbank too",
    )
