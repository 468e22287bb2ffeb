"""The parser's process: answer requests for the issues in a text, until the input ends.

Started by `tree_sitter_engine` as `python -m reasoningbank_daemon.quality.engines.tree_sitter_worker`; it speaks JSON-RPC on its
standard streams and reads no file.
"""

from __future__ import annotations

import os
import sys

import msgspec

from reasoningbank_daemon.quality.engine import EngineError
from reasoningbank_daemon.quality.engines.syntax_tree import find_issues
from reasoningbank_daemon.quality.engines.tree_sitter_parse import TextParser
from reasoningbank_daemon.quality.flow.python_memory import FlowMemory
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.processes import rpc

ANALYSE = "analyse"
READY = "ready"

_READ_BYTES = 256 * 1024
_METHOD_NOT_FOUND = -32601
_NO_FINDINGS = 1


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A text to look at. `deadline` is a point of the machine's monotonic clock, which processes share."""

    language: Language
    text: str
    deadline: float


_question_decoder = msgspec.json.Decoder(Question)


def reply(message: rpc.Message, parser: TextParser, flows: FlowMemory | None = None) -> bytes:
    """Return the frame that answers one request; empty for a notification."""
    if message.id is None:
        return b""
    if message.method == READY:
        return rpc.answer(message.id, None)
    if message.method != ANALYSE:
        return rpc.refusal(message.id, _METHOD_NOT_FOUND, f"unknown method {message.method}")
    try:
        question = _question_decoder.decode(message.params)
        found = find_issues(question.language, question.text, question.deadline, parser=parser, flows=flows)
        return rpc.answer(message.id, found)
    except (EngineError, msgspec.DecodeError) as error:
        return rpc.refusal(message.id, _NO_FINDINGS, str(error))
    except Exception as error:  # noqa: BLE001 - a fault in one rule costs this text, not the process and the next texts
        return rpc.refusal(message.id, _NO_FINDINGS, f"it failed: {type(error).__name__}: {error}")


def main() -> None:
    """Answer until the input ends."""
    frames = rpc.FrameReader()
    parser, flows = TextParser(), FlowMemory()
    while data := os.read(sys.stdin.fileno(), _READ_BYTES):
        for payload in frames.feed(data):
            _write_all(reply(rpc.decode(payload), parser, flows))


def _write_all(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(sys.stdout.fileno(), left) :]


if __name__ == "__main__":
    main()
