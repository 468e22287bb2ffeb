"""The threshold as it was derived last, kept beside the indexes: to derive it took half of a start."""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog

from reasoningbank_daemon.index.threshold import Threshold
from reasoningbank_schema.durable_files import replace_file

log = structlog.get_logger(__name__)

FORMAT = 1
"""To be raised when goals are compared or thresholds derived in another way: what was kept before is not used then."""


class KeptThreshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold the threshold of a bank by words, and of how many experiences it had when it was derived."""

    format: int = 0
    bank_id: str
    experiences: int
    threshold: Threshold


def read_threshold(file: Path, *, bank_id: str) -> KeptThreshold | None:
    """Return what was kept for a bank; None where nothing was, or where it is of no use: it can be derived again."""
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=KeptThreshold)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("threshold_derived_again", reason=f"{file} can't be read: {error}")
        return None
    return kept if (kept.format, kept.bank_id) == (FORMAT, bank_id) else None


def keep_threshold(file: Path, threshold: Threshold, *, bank_id: str, experiences: int) -> None:
    """Keep a threshold for the next start; where it can't be written, the next start derives it again."""
    kept = KeptThreshold(format=FORMAT, bank_id=bank_id, experiences=experiences, threshold=threshold)
    try:
        replace_file(file, msgspec.json.encode(kept))
    except OSError as error:
        log.warning("threshold_not_kept", reason=str(error), effect="the next start takes longer")
