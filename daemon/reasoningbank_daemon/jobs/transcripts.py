"""Read what sessions cost from their transcripts, off the hot path."""

from __future__ import annotations

import os
import stat

import structlog

from reasoningbank_daemon.learning.pricing import PriceList, canonical_model, price_usage
from reasoningbank_daemon.learning.transcripts import MessageUsage, parse_lines
from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.storage.queries.upkeep import SETTLED_NS, Transcript
from reasoningbank_daemon.storage.records import Outcome, UsageMessage, UsageRecord
from reasoningbank_schema.envelope import Stored

log = structlog.get_logger(__name__)

CHUNK_BYTES = 8 * 1024 * 1024
PRICED_HOSTS = frozenset({"claude-code"})
"""Hosts whose transcripts `learning.transcripts` can read."""

REFUSED_KEPT = 1_000


class TranscriptsJob:
    """Follow each transcript from where it was left; a host writes them late, so they are looked at again."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._refused: dict[str, int] = {}

    def run(self) -> None:
        """Do one round over the transcripts that may have grown."""
        prices: PriceList | None = None
        for transcript in self._services.store.transcripts_to_read():
            prices = prices or self._services.selector.prices()
            self._read(transcript, prices)

    def _read(self, transcript: Transcript, prices: PriceList) -> None:
        now_ns = self._services.clock.now_ns()
        chunk = self._chunk(transcript) if self._wanted(transcript) else b""
        usages, offset = parse_lines(chunk, transcript.byte_offset)
        if offset == transcript.byte_offset and now_ns < transcript.mentioned_ns + SETTLED_NS:
            return
        # Where nothing is new and the time is over, that is noted too: it would be looked at for ever.
        record = UsageRecord(
            host=transcript.host,
            session_id=transcript.session_id,
            agent_id=transcript.agent_id,
            path=transcript.path,
            byte_offset=offset,
            at_ns=now_ns,
            messages=tuple(_message(usage, prices) for usage in usages),
            price_list=prices.version,
        )
        self._services.store.submit(record, lambda outcome: self._note(transcript, outcome))

    def _chunk(self, transcript: Transcript) -> bytes:
        """Return what is new in a transcript; where it can't be read, its cost stays unknown, which the task says."""
        try:
            return _read_chunk(transcript.path, transcript.byte_offset)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return b""  # not written yet, removed by its owner, or no path at all (a null byte)
        except OSError as error:
            self._services.noise.warning("transcript_unreadable", reason=error.strerror)  # not its path
            return b""

    def _wanted(self, transcript: Transcript) -> bool:
        refused = self._refused.get(transcript.path) == transcript.mentioned_ns
        return transcript.host in PRICED_HOSTS and not refused

    def _note(self, transcript: Transcript, outcome: Outcome) -> None:
        """Leave a transcript that the bank refuses (no turn of its session has come) until its session speaks."""
        if outcome.stored is not Stored.REFUSED:
            self._refused.pop(transcript.path, None)
            return
        log.info("transcript_refused", reason=outcome.reason)
        if len(self._refused) >= REFUSED_KEPT:
            self._refused.clear()
        self._refused[transcript.path] = transcript.mentioned_ns


def _read_chunk(path: str, offset: int) -> bytes:
    """Return what follows an offset; empty when nothing does, or when the path names no file.

    Raises OSError or ValueError where it can't be opened or read. The path is what a hook's payload said it is: a
    named pipe or a device in its place must neither hold this thread up nor be read for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return os.pread(descriptor, CHUNK_BYTES, offset)
    finally:
        os.close(descriptor)


def _message(usage: MessageUsage, prices: PriceList) -> UsageMessage:
    cost = price_usage(usage, prices)
    return UsageMessage(
        message_id=usage.message_id,
        at_ns=usage.at_ns,
        model=canonical_model(usage.model),
        tokens_input=usage.input,
        tokens_output=usage.output,
        tokens_cache_read=usage.cache_read,
        tokens_cache_write_5m=usage.cache_write_5m,
        tokens_cache_write_1h=usage.cache_write_1h,
        cost_usd=cost.usd,
        cost_unknown=cost.reason or None,
    )
