from __future__ import annotations

import math

import pytest

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.engines.plain_text import PlainTextEngine
from reasoningbank_daemon.quality.languages import Language

AWS_KEY = "AKIA" + "Q3EGRVTMLD8PUWZS"


def found(text: str, language: Language | None = None) -> list[tuple[str, int, int]]:
    issues = PlainTextEngine().analyse(Document(path="a", language=language, text=text), math.inf)
    return [(each.rule, each.line, each.column) for each in issues]


def test_conflict_is_found_at_its_first_marker() -> None:
    text = "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> feature\n"

    assert found(text) == [("merge-conflict", 2, 1)]


@pytest.mark.parametrize(
    "text", ["Title\n=======\n", "<<<<<<< HEAD\n", "a <<<<<<< b\n=======\n>>>>>>> c\n", "<<<<<<<<< x\n"]
)
def test_part_of_a_conflict_is_none(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "secret",
    [
        AWS_KEY,
        "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8",
        "xoxb-" + "2345678901-abcdefghijklmn",
        "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "AIza" + "SyD9f8a7s6d5f4g3h2j1k0l9q8w7e6r5t4y",
        "glpat-" + "a1b2c3d4e5f6g7h8i9j0",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAq7",
    ],
)
def test_secret_is_found_in_any_text(secret: str) -> None:
    assert found(f"one\nkey = '{secret}'\n") == [("secret", 2, 8)]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "AKIA" + "X" * 16,
        "MAKIAQ3EGRVTMLD8PUWZS9",
        "-----BEGIN PUBLIC KEY-----\nMIIEowIBAAKCAQEAq7",
        "ghp_short",
    ],
)
def test_made_up_or_unlike_key_is_no_secret(text: str) -> None:
    assert found(text) == []


def test_nul_breaks_a_source_text_and_no_other() -> None:
    assert found("a\nb\0\0", Language.PYTHON) == [("nul-character", 2, 2)]
    assert found("a\nb\0\0", None) == []
