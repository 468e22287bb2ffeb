"""A scripted stand-in for the Anthropic Messages API, so that the real `claude` runs without a network.

Loopback only. It keeps every request it got. A script is ``{marker: [turn, …]}``: the last user text that
names a marker decides, and the assistant messages since that marker's first text are counted, so it is
stateless and serves subagents, which carry a marker of their own, beside the main thread. A turn is
``{"text": …}`` or ``{"tools": [{"name": …, "input": …}]}``; the last one repeats.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Script = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Billed:
    """The usage that one answer reported, tokens of every kind that has a price of its own."""

    marker: str | None
    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int

    def as_usage(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_read_input_tokens": self.cache_read_tokens,
            "cache_creation_input_tokens": self.cache_write_5m_tokens + self.cache_write_1h_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.cache_write_5m_tokens,
                "ephemeral_1h_input_tokens": self.cache_write_1h_tokens,
            },
        }


@dataclass
class FakeAnthropic:
    """The server, its script, and what it saw."""

    script: Script
    requests: list[dict[str, Any]] = field(default_factory=list)
    billed: list[Billed] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    """For ids: two answers may be made in one nanosecond of the clock."""
    _billing: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def bill(self, marker: str | None, model: str, length: int) -> Billed:
        """Make up the usage of one answer: odd numbers, different each time, below the bound of long prompts."""
        with self._billing:
            number = len(self.billed)
            billed = Billed(
                marker=marker,
                model=model,
                input_tokens=length // 40 + 101 * number % 977 + 1,
                output_tokens=20 + 37 * number % 311,
                cache_read_tokens=12_345 + 1_013 * number % 9_973,
                cache_write_5m_tokens=1_234 + 211 * number % 1_999,
                cache_write_1h_tokens=321 + 97 * number % 1_009,
            )
            self.billed.append(billed)
        return billed

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def message_requests(self) -> list[dict[str, Any]]:
        """The requests for a model's answer, in order."""
        return [request for request in self.requests if request["path"].endswith("/v1/messages")]

    def models_of(self, marker: str) -> set[str]:
        """The models that were asked to go on with one script."""
        return {bill.model for bill in self.billed if bill.marker == marker}


def use(tool: str, **tool_input: Any) -> dict[str, Any]:
    """Make a turn that uses one tool."""
    return {"tools": [{"name": tool, "input": tool_input}]}


def delegate(prompt: str, *, model: str | None = None) -> dict[str, Any]:
    """Make the use of a subagent that is waited for; ``prompt`` names the script of its own."""
    asked: dict[str, Any] = {
        "description": "A part of the work",
        "prompt": prompt,
        "subagent_type": "general-purpose",
        "run_in_background": False,
    }
    return {"name": "Agent", "input": asked if model is None else {**asked, "model": model}}


def request_text(request: dict[str, Any]) -> str:
    """Everything the model would read, as one text."""
    return json.dumps(request["body"].get("messages")) + json.dumps(request["body"].get("system"))


def _user_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content or [] if block.get("type") == "text")


def _pick(script: Script, body: dict[str, Any]) -> tuple[str | None, int, dict[str, Any]]:
    first_seen: dict[str, int] = {}
    marker, answered = None, 0
    for message in body.get("messages", []):
        if message["role"] == "assistant":
            answered += 1
        elif message["role"] == "user":
            text = _user_text(message["content"])
            hits = [(text.rfind(key), key) for key in script if key in text]
            if hits:
                marker = max(hits)[1]
                first_seen.setdefault(marker, answered)
    if marker is None:
        return None, 0, {"text": "ok"}
    index = min(answered - first_seen[marker], len(script[marker]) - 1)
    return marker, index, script[marker][index]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: FakeAnthropic

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self._json({"data": [], "has_more": False})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        path = self.path.split("?")[0]
        self.api.requests.append({"path": path, "body": body, "at": time.time()})
        if path.endswith("/count_tokens"):
            self._json({"input_tokens": length // 4})
        elif not path.endswith("/v1/messages"):
            self._json({"type": "error", "error": {"type": "not_found_error", "message": path}}, status=404)
        else:
            self._answer(body, length)

    def _answer(self, body: dict[str, Any], length: int) -> None:
        marker, index, turn = _pick(self.api.script, body)
        blocks: list[dict[str, Any]] = []
        if turn.get("text"):
            blocks.append({"type": "text", "text": turn["text"]})
        for number, tool in enumerate(turn.get("tools", [])):
            name = re.sub(r"[^A-Za-z0-9]", "", marker or "x")
            identifier = f"toolu_{name}_{index}_{number}_{next(self.api.numbers)}"
            blocks.append(
                {"type": "tool_use", "id": identifier, "name": tool["name"], "input": tool["input"]}
            )
        stop = "tool_use" if turn.get("tools") else "end_turn"
        billed = self.api.bill(marker, str(body.get("model", "")), length)
        message: dict[str, Any] = {
            "id": f"msg_{next(self.api.numbers)}_{time.time_ns()}",
            "type": "message",
            "role": "assistant",
            "model": body.get("model"),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": billed.as_usage(),
        }
        if not body.get("stream"):
            self._json({**message, "content": blocks, "stop_reason": stop})
            return
        self._stream(message, blocks, stop, billed.output_tokens)

    def _stream(self, message: dict[str, Any], blocks: list[dict[str, Any]], stop: str, output: int) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("cache-control", "no-cache")
        self.send_header("request-id", f"req_{time.time_ns()}")
        self.send_header("connection", "close")
        self.end_headers()
        self._event("message_start", message=message)
        for index, block in enumerate(blocks):
            if block["type"] == "text":
                start: dict[str, Any] = {"type": "text", "text": ""}
                delta: dict[str, Any] = {"type": "text_delta", "text": block["text"]}
            else:
                start = {**block, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            self._event("content_block_start", index=index, content_block=start)
            self._event("content_block_delta", index=index, delta=delta)
            self._event("content_block_stop", index=index)
        self._event(
            "message_delta",
            delta={"stop_reason": stop, "stop_sequence": None},
            usage={"output_tokens": output},
        )
        self._event("message_stop")
        self.close_connection = True

    def _event(self, kind: str, **data: Any) -> None:
        self.wfile.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode())
        self.wfile.flush()

    def _json(self, value: Any, status: int = 200) -> None:
        raw = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
