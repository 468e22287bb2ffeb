"""What the hook writes by hand is what the schema reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_hooks import rb_hook
from reasoningbank_schema import envelope
from reasoningbank_schema.messages import HookEvent, decode_request

# Arguments are decoded by the interpreter: bytes that are no UTF-8 arrive as lone surrogates.
arguments = st.text(alphabet=st.characters(exclude_characters="\0"))


def call(*words: str, deadline_ms: int = 150) -> rb_hook.Call:
    return rb_hook.Call(list(words), deadline_ms)


def shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@given(
    host=arguments,
    event=arguments,
    via=arguments,
    rest=st.lists(arguments, max_size=3),
    payload=st.binary(),
    truncated=st.booleans(),
)
def test_the_body_is_the_hook_event_of_the_schema(
    host: str, event: str, via: str, rest: list[str], payload: bytes, *, truncated: bool
) -> None:
    body = call(host, event, "--via", via, *rest).body(payload, truncated=truncated)

    assert decode_request(body) == HookEvent(
        host=shown(host),
        event=shown(event),
        payload=payload,
        via=shown(via),
        args=tuple(shown(argument) for argument in rest),
        truncated=truncated,
    )


def test_texts_of_every_length_class_are_encoded() -> None:
    for size in (0, 31, 32, 255, 256, 65_535, 65_536):
        text = "x" * size

        event = decode_request(call("git", text).body(b"", truncated=False))

        assert isinstance(event, HookEvent)
        assert event.event == text


def test_the_header_is_that_of_the_envelope() -> None:
    made = call("git", "post-commit", deadline_ms=150)

    header = envelope.unpack_request(made.header())

    assert (header.nonce, header.sent_ns) == (made.nonce, made.sent_ns)
    assert (header.version, header.copy) == (envelope.PROTOCOL_VERSION, False)
    assert 100 < header.deadline_ms <= 145


def test_a_deadline_that_has_passed_is_not_negative() -> None:
    header = envelope.unpack_request(call("git", "post-commit", deadline_ms=0).header())

    assert header.deadline_ms == 1


def test_an_installation_that_does_not_name_itself_is_the_settings() -> None:
    assert call("git", "post-commit", "abc").via == "settings"
    assert call("git", "post-commit", "abc").arguments == ["abc"]


states = st.sampled_from(list(envelope.Stored))


@given(
    answers=st.lists(
        st.tuples(st.sampled_from(list(envelope.Code)), st.booleans(), states, st.binary(max_size=8)),
        max_size=5,
    )
)
def test_the_first_final_advice_and_the_last_known_state_count(
    answers: list[tuple[envelope.Code, bool, envelope.Stored, bytes]],
) -> None:
    made = call("claude-code", "Stop")

    for code, final, stored, body in answers:
        header = envelope.AnswerHeader(nonce=made.nonce, code=code, advice_final=final, stored=stored)
        made.take([envelope.pack_answer(header), body])

    advice = [b"" if code else body for code, final, _, body in answers if final]
    known = [stored for _, _, stored, _ in answers if stored is not envelope.Stored.PENDING]
    assert made.answer == (advice[0] if advice else b"")
    assert made.stored == (known[-1] if known else envelope.Stored.PENDING)


def test_the_constants_are_those_of_the_schema() -> None:
    done = {envelope.Stored.STORED, envelope.Stored.REFUSED, envelope.Stored.NOTHING}
    assert set(rb_hook._DONE) == done
    assert rb_hook._PENDING == envelope.Stored.PENDING
    assert rb_hook._VERSION == envelope.PROTOCOL_VERSION
    assert rb_hook.MAX_SENT_BYTES < envelope.MAX_BODY_BYTES
