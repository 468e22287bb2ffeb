"""What says which program made a vector: written beside vectors in the bank, in snapshots and in exports."""

from __future__ import annotations

import msgspec


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """Say what made a vector; vectors of different stamps are never compared."""

    model: str
    dimension: int
    version: str
