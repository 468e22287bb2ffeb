"""Time and randomness, handed in so that tests can set them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import msgspec

from reasoningbank_schema.envelope import NONCE_BYTES


def _nonce() -> bytes:
    return os.urandom(NONCE_BYTES)


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a client takes from the machine: seconds that never go back, the date in ns, 16 random bytes."""

    monotonic_s: Callable[[], float] = time.monotonic
    now_ns: Callable[[], int] = time.time_ns
    nonce: Callable[[], bytes] = _nonce


SYSTEM = Sources()
