"""Decode hosts' JSON: typed, quick, and forgiving where a host's own encoder is."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from reasoningbank_hooks.hosts.base import PayloadError

T = TypeVar("T")

# JavaScript strings may end in half an emoji, and JSON.stringify writes it as a lone surrogate, which no strict
# decoder takes. The other alternatives keep what is whole, and escaped backslashes, from being mistaken.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


def decode_json(decoder: msgspec.json.Decoder[T], payload: bytes | msgspec.Raw) -> T:
    """Decode a payload.

    Raises
    ------
    PayloadError
        When it is not JSON, is nested deeper than the decoder goes, or a field has another type.
    """
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise PayloadError(f"{error}: not what this host sends") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _decode_mended(decoder, bytes(payload), error)
    except RecursionError as error:
        raise PayloadError("the JSON is nested too deeply") from error


def _decode_mended(decoder: msgspec.json.Decoder[T], payload: bytes, cause: Exception) -> T:
    """Decode with broken characters replaced; what was wrong without them is reported as it was."""
    text = payload.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").encode()
    mended = _ESCAPE.sub(lambda match: rb"\ufffd" if match[1] else match[0], text)
    if mended == payload:
        raise PayloadError(f"not JSON: {cause}") from cause
    try:
        return decoder.decode(mended)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PayloadError(f"not JSON: {cause}") from error
