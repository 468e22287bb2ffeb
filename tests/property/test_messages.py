"""Every request and reply comes back from the wire as it went; bytes of any other kind are an error of their own."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_schema.messages import (
    Reply,
    Request,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)

# MessagePack has integers of 64 bits, and JSON's missing numbers are not what is tested here.
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


def values(kind: Any) -> st.SearchStrategy[Any]:  # Any: what annotations are
    """Return values of a type; of Structs those that decoding allows."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        fields = {field: values(hints[field]) for field in kind.__struct_fields__}
        return st.builds(kind, **fields)
    arguments = get_args(kind)
    if arguments and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if arguments and hasattr(kind, "__origin__") and kind.__origin__ is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=3)
    if arguments:
        return st.one_of([values(argument) for argument in arguments])
    return st.from_type(kind)


@pytest.mark.parametrize("kind", get_args(Request), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_request_survives_the_wire(kind: type[Request], data: st.DataObject) -> None:
    request = data.draw(values(kind))

    assert decode_request(encode_request(request)) == request


@pytest.mark.parametrize("kind", get_args(Reply), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_reply_survives_the_wire(kind: type[Reply], data: st.DataObject) -> None:
    reply = data.draw(values(kind))

    assert decode_reply(encode_reply(reply)) == reply


@given(raw=st.binary(max_size=200))
def test_bytes_that_are_no_message_are_a_decode_error(raw: bytes) -> None:
    try:
        request = decode_request(raw)
    except msgspec.DecodeError:
        return

    assert decode_request(encode_request(request)) == request
