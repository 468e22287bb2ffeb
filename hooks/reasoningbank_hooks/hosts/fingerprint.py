"""Tell when two hook installations report the same event."""

from __future__ import annotations

import hashlib

from reasoningbank_schema.events import Origin

FINGERPRINT_BYTES = 16


def fingerprint(host: str, event: str, origin: Origin, payload: bytes) -> bytes:
    """Return 16 bytes that two reports of one event share.

    They cover the session, the event's name, the subagent, the turn and the SHA-256 of the bytes (tool call
    ids are among the bytes). An event may well occur twice: the n-th report by one installation is the twin
    of the n-th by another, so equal fingerprints from one installation are two events.
    """
    digest = hashlib.sha256(payload).digest()
    names = (host, event, origin.session_id, origin.agent_id or "", origin.turn_id or "")
    return hashlib.sha256("\0".join(names).encode() + digest).digest()[:FINGERPRINT_BYTES]
