from __future__ import annotations

import json
from collections.abc import Callable

import msgspec

from reasoningbank_daemon.quality.engines.tree_sitter_parse import Parsed, TextParser
from reasoningbank_daemon.quality.engines.tree_sitter_worker import reply
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.processes import rpc

FAR = 1e18


class FaultyParser(TextParser):
    """As a rule of ours with a fault would: it fails on some texts."""

    def parse(self, language: Language, data: bytes, deadline: float, clock: Callable[[], float]) -> Parsed:
        if b"fault" in data:
            raise RecursionError("too deep")
        return super().parse(language, data, deadline, clock)


def asked(parser: TextParser, text: str, language: str = "go") -> dict[str, object]:
    params = {"language": language, "text": text, "deadline": FAR}
    question = rpc.Message(id=1, method="analyse", params=msgspec.Raw(msgspec.json.encode(params)))
    [payload] = rpc.FrameReader().feed(reply(question, parser))
    answer: dict[str, object] = json.loads(payload)
    return answer


def test_fault_of_ours_costs_the_text_and_not_the_process() -> None:
    parser = FaultyParser()

    failed = asked(parser, "package fault\n")
    sound = asked(parser, "package a\n\nfunc f( {\n")

    assert failed["error"] == {"code": 1, "message": "it failed: RecursionError: too deep"}
    assert isinstance(sound["result"], list)
    assert sound["result"]


def test_question_that_is_none_is_refused() -> None:
    refused = asked(TextParser(), "x", language="cobol")
    unknown = reply(rpc.Message(id=2, method="dance"), TextParser())

    assert "cobol" in str(refused["error"])
    assert b"unknown method dance" in unknown
    assert reply(rpc.Message(method="exit"), TextParser()) == b""
