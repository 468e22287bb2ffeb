"""A scripted stand-in for the Anthropic Messages API, so that the real `claude` runs without a network.

Loopback only. It keeps every request it got. A script is ``{marker: [turn, …]}``: the last user text that
names a marker decides, and the assistant messages since that marker's first text are counted, so it is
stateless and serves subagents, which carry a marker of their own, beside the main thread. A turn is
``{"text": …}`` or ``{"tools": [{"name": …, "input": …}]}``; the last one repeats.
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Script = dict[str, list[dict[str, Any]]]


@dataclass
class Billed:
    """The usage that one answer reported."""

    model: str
    input_tokens: int
    output_tokens: int


@dataclass
class FakeAnthropic:
    """The server, its script, and what it saw."""

    script: Script
    requests: list[dict[str, Any]] = field(default_factory=list)
    billed: list[Billed] = field(default_factory=list)

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

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def message_requests(self) -> list[dict[str, Any]]:
        """The requests for a model's answer, in order."""
        return [request for request in self.requests if request["path"].endswith("/v1/messages")]


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
            identifier = (
                f"toolu_{re.sub(r'[^A-Za-z0-9]', '', marker or 'x')}_{index}_{number}_{time.time_ns()}"
            )
            blocks.append(
                {"type": "tool_use", "id": identifier, "name": tool["name"], "input": tool["input"]}
            )
        stop = "tool_use" if turn.get("tools") else "end_turn"
        billed = Billed(model=body.get("model", ""), input_tokens=max(1, length // 4), output_tokens=20)
        self.api.billed.append(billed)
        usage = {
            "input_tokens": billed.input_tokens,
            "output_tokens": billed.output_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        }
        message: dict[str, Any] = {
            "id": f"msg_{time.time_ns()}",
            "type": "message",
            "role": "assistant",
            "model": body.get("model"),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
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
