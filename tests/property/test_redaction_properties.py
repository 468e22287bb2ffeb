from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasoningbank_schema.redaction import RULES, cap_text, redact, redact_bytes


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


corpus = load(Path(__file__).parents[1] / "fixtures" / "secrets" / "corpus.py")
SAMPLES = corpus.samples(7, per_format=1)

LITERALS = sorted({literal for rule in RULES for literal in rule.literals})
# What the rules look at around a secret; glued together at random it makes what no one writes.
GLUE = [
    *("\\", "\\\\", '"', "'", "`", '\\"', '\\\\"', '", "', "=", ":", ": ", "==", "/", "//", "@", "@host/", ",", ";", "(", ")"),
    *("[", "]", "{", "}", "<", ">", "<private>", "</private>", "\\u003cprivate\\u003e", "[redacted:", "[redacted:key]"),
    *("\n", "\r\n", "\t", " ", "\\n", "\\u0022", "\\u002b", "é", "→", "\udc80", "$", "${", "-", "_", ".", "%3D"),
    *("a", "A", "1", "aB3", "aB3" * 12, "AKIA" + "A" * 16, "gh" + "p_" + "aB3" * 12, "hunter2", "password=", "api_key: "),
    *("-----BEGIN " + "PRIVATE KEY-----", "-----END " + "PRIVATE KEY-----", "curl -u ", " -p", "Authorization: ", "Bearer "),
]  # fmt: skip
fragments = st.lists(st.sampled_from(LITERALS) | st.sampled_from(GLUE), max_size=14).map("".join)
texts = fragments | st.text(st.characters(exclude_categories=()), max_size=60)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(texts | st.just("password"), inner, max_size=4)
    ),
    max_leaves=8,
)


def as_json(document: object, *, ascii_only: bool) -> bytes:
    return json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


@given(texts)
@settings(max_examples=400)
def test_redacting_again_changes_nothing(text: str) -> None:
    once = redact(text)

    again = redact(once.text)

    assert again == (once.text, {})


@given(texts)
@settings(max_examples=200)
def test_a_text_without_hits_is_returned_as_it_is(text: str) -> None:
    result = redact(text)

    assert bool(result.counts) == (result.text != text)


@given(st.binary(max_size=80) | fragments.map(lambda text: text.encode("utf-8", "replace")[1:-1]))
@settings(max_examples=300)
def test_any_bytes_are_accepted_and_redacting_again_changes_nothing(payload: bytes) -> None:
    once, _ = redact_bytes(payload)

    assert redact_bytes(once) == (once, 0)


@given(documents, st.booleans())
@settings(max_examples=400)
def test_a_json_document_stays_one_of_the_same_shape(document: object, ascii_only: bool) -> None:
    payload = as_json([document], ascii_only=ascii_only)

    cleaned, _ = redact_bytes(payload)

    assert shape(json.loads(cleaned.decode("utf-8", "surrogatepass"))) == shape(
        json.loads(payload.decode("utf-8", "surrogatepass"))
    )


def shape(document: object) -> object:
    """Return the containers of a document and their sizes: what redaction must leave as it was.

    Two keys that were secrets can become one, so the size of an object is not part of it.
    """
    if isinstance(document, list):
        return [shape(item) for item in document]
    return "object" if isinstance(document, dict) else "scalar"


@given(st.sampled_from(SAMPLES), fragments, fragments, st.integers(0, 3))
@settings(max_examples=300)
def test_a_planted_secret_is_gone_whatever_lines_stand_around_it_and_however_deep_it_is_nested(
    sample: corpus.Sample,  # type: ignore[name-defined]
    before: str,
    after: str,
    depth: int,
) -> None:
    text = sample.in_context_texts["output"]
    for _ in range(depth):
        text = json.dumps({"before": before, "text": text, "after": [after]})

    cleaned, hits = redact_bytes(text.encode("utf-8", "surrogatepass"))

    assert hits >= 1
    left = cleaned.decode("utf-8", "surrogatepass")
    assert [needle for needle in sample.needles if needle in left] == []


@given(texts, st.integers(0, 200))
@settings(max_examples=200)
def test_capped_text_is_never_longer_than_its_limit_and_capping_again_changes_nothing(
    text: str, limit: int
) -> None:
    capped = cap_text(text, limit)

    assert len(capped) <= max(limit, 0)
    assert cap_text(capped, limit) == capped
    assert capped == text or len(text) > limit


FILLERS = ("", "a", "aB3", "-", "=", ":", "/", "\\", " ", '"', "'", "@", "<")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("filler", FILLERS, ids=repr)
def test_no_literal_repeated_through_a_long_text_takes_more_than_linear_work(filler: str) -> None:
    # Linear work is over in a second or two; quadratic or worse would outlast the generous limit above.
    for literal in LITERALS:
        part = literal + filler

        cleaned, _ = redact_bytes(part.encode() * (20_000 // len(part)))

        assert len(cleaned) < 200_000


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "part",
    [
        "key=",
        "password: ",
        'key="',
        'key=\\"\\\\',
        "<private>",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ",
        "://a:",
        "\\",
        '"',
        "curl -u ",
    ],
)
def test_a_megabyte_of_one_thing_is_redacted(part: str) -> None:
    cleaned, _ = redact_bytes(part.encode() * (1_000_000 // len(part)))

    assert len(cleaned) < 5_000_000
