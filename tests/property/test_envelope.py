"""Headers survive the wire, and no bytes make the codecs raise anything but their own errors."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_schema.envelope import (
    AnswerHeader,
    Code,
    EnvelopeError,
    RequestHeader,
    Stored,
    pack_answer,
    pack_request,
    unpack_answer,
    unpack_request,
)
from reasoningbank_schema.messages import decode_reply, decode_request

NONCES = st.binary(min_size=16, max_size=16)


@given(NONCES, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.integers(0, 255), st.booleans())
def test_request_header_survives_the_wire(
    nonce: bytes, sent_ns: int, deadline_ms: int, version: int, copy: bool
) -> None:
    header = RequestHeader(nonce=nonce, sent_ns=sent_ns, deadline_ms=deadline_ms, version=version, copy=copy)

    assert unpack_request(pack_request(header)) == header


@given(NONCES, st.sampled_from(Code), st.booleans(), st.sampled_from(Stored))
def test_answer_header_survives_the_wire(nonce: bytes, code: Code, final: bool, stored: Stored) -> None:
    header = AnswerHeader(nonce=nonce, code=code, advice_final=final, stored=stored)

    assert unpack_answer(pack_answer(header)) == header


@given(st.binary(max_size=40))
def test_any_bytes_are_a_header_or_an_envelope_error(frame: bytes) -> None:
    for unpack in (unpack_request, unpack_answer):
        try:
            unpack(frame)
        except EnvelopeError:
            continue


@given(st.binary(max_size=200))
def test_any_bytes_are_a_body_or_a_decoding_error(body: bytes) -> None:
    for decode in (decode_request, decode_reply):
        try:
            decode(body)
        except msgspec.MsgspecError:
            continue


def test_text_that_is_not_utf8_is_a_decoding_error() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_request(b"\x82\xa4type\xa7unknown\xa1x\xc2")
