"""Whatever a peer sends in whatever order, a client says of an event only what it was told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_client.answer import Answer, Wait
from reasoningbank_client.errors import ReasoningBankError
from reasoningbank_client.exchange import Exchange
from reasoningbank_client.outcome import conclude
from reasoningbank_schema.envelope import NONCE_BYTES, AnswerHeader, Code, Stored, pack_answer
from reasoningbank_schema.messages import Done, Failure, PostCommand, Recall, Receipt, Request, encode_reply

NONCE = b"n" * NONCE_BYTES
BODIES = st.sampled_from(
    [
        b"",
        b"\xc1",
        encode_reply(Done()),
        encode_reply(Failure(message="because")),
        encode_reply(Receipt(sequence=1)),
    ]
)
ANSWERS = st.builds(
    lambda nonce, code, stored, body, *, final, version: [
        pack_answer(AnswerHeader(nonce=nonce, code=code, advice_final=final, stored=stored, version=version)),
        body,
    ],
    st.sampled_from([NONCE, NONCE, NONCE, b"other nonce 1234"]),
    st.sampled_from(Code),
    st.sampled_from(Stored),
    BODIES,
    final=st.booleans(),
    version=st.sampled_from([1, 1, 1, 1, 2]),
)
MESSAGES = st.lists(ANSWERS | st.lists(st.binary(max_size=40), max_size=4), max_size=6)
REQUESTS = st.sampled_from([PostCommand(session="s", command="make", exit_status=0), Recall(query="make")])


def _states(messages: list[list[bytes]]) -> set[Stored]:
    """Return what was said of our event by answers of our version."""
    return {
        Stored(message[0][5])
        for message in messages
        if len(message) == 2 and len(message[0]) == 24 and message[0][8:] == NONCE and message[0][2] == 1
    }


@given(request=REQUESTS, messages=MESSAGES, wait=st.sampled_from(Wait))
def test_nothing_is_said_to_be_stored_that_no_answer_said(
    request: Request, messages: list[list[bytes]], wait: Wait
) -> None:
    exchange = Exchange(request, nonce=NONCE, sent_ns=1, wait=wait)
    for message in messages:
        exchange.feed(message)

    result: Answer[Done] | ReasoningBankError
    try:
        result = conclude(exchange, Done, trouble=None, timeout_s=1, spool=None)
    except ReasoningBankError as error:
        result = error

    assert result.stored in {Stored.PENDING, *_states(messages)}
    assert str(result) if isinstance(result, ReasoningBankError) else True


@given(messages=MESSAGES, wait=st.sampled_from(Wait))
def test_event_whose_storing_is_open_never_passes_for_an_answer_unless_only_advice_was_wanted(
    messages: list[list[bytes]], wait: Wait
) -> None:
    request = PostCommand(session="s", command="make", exit_status=0)
    exchange = Exchange(request, nonce=NONCE, sent_ns=1, wait=wait)
    for message in messages:
        exchange.feed(message)

    try:
        answer = conclude(exchange, Done, trouble=None, timeout_s=1, spool=None)
    except ReasoningBankError:
        return

    assert answer.stored in (Stored.STORED, Stored.NOTHING) or wait is Wait.ADVICE


@given(messages=MESSAGES)
def test_exchange_that_is_done_stays_done(messages: list[list[bytes]]) -> None:
    exchange = Exchange(Recall(query="make"), nonce=NONCE, sent_ns=1)
    done = False

    for message in messages:
        exchange.feed(message)
        assert exchange.done or not done
        done = exchange.done
