"""Read what sessions cost from their transcripts, off the hot path."""

from __future__ import annotations

import structlog

from reasoningbank_daemon.learning.pricing import PriceList, canonical_model, price_usage
from reasoningbank_daemon.learning.transcripts import MessageUsage, parse_lines
from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.storage.queries.upkeep import Transcript
from reasoningbank_daemon.storage.records import UsageMessage, UsageRecord

log = structlog.get_logger(__name__)

CHUNK_BYTES = 8 * 1024 * 1024
PRICED_HOSTS = frozenset({"claude-code"})
"""Hosts whose transcripts `learning.transcripts` can read."""


class TranscriptsJob:
    """Follow each transcript from where it was left; a host writes them late, so they are looked at again."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def run(self) -> None:
        """Do one round over the transcripts that may have grown."""
        prices: PriceList | None = None
        for transcript in self._services.store.transcripts_to_read():
            if transcript.host not in PRICED_HOSTS:
                continue
            prices = prices or self._services.selector.prices()
            self._read(transcript, prices)

    def _read(self, transcript: Transcript, prices: PriceList) -> None:
        try:
            with open(transcript.path, "rb") as file:  # noqa: PTH123  a path of the host's, as it came
                file.seek(transcript.byte_offset)
                chunk = file.read(CHUNK_BYTES)
        except OSError:
            # Not written yet, or removed by its owner: the cost stays unknown, which the task says.
            return
        usages, offset = parse_lines(chunk, transcript.byte_offset)
        if offset == transcript.byte_offset:
            return
        record = UsageRecord(
            host=transcript.host,
            session_id=transcript.session_id,
            agent_id=transcript.agent_id,
            path=transcript.path,
            byte_offset=offset,
            at_ns=self._services.clock.now_ns(),
            messages=tuple(_message(usage, prices) for usage in usages),
            price_list=prices.version,
        )
        self._services.store.submit(record, None)


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
