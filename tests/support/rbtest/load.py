"""Clients that write events and keep a journal of what was acknowledged."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

from rbtest.wire import Wire
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.messages import (
    EndSession,
    PostCommand,
    PostEdit,
    PostTask,
    PreTask,
    Remember,
    Request,
    decode_reply,
)
from reasoningbank_schema.messages import Receipt as ReceiptReply

_WORDS = [
    "parser",
    "cache",
    "socket",
    "retry",
    "upload",
    "token",
    "session",
    "schema",
    "index",
    "worker",
    "queue",
    "timeout",
    "login",
    "invoice",
    "chart",
    "export",
    "filter",
    "migration",
    "header",
    "footer",
    "locale",
    "webhook",
    "thumbnail",
    "lexer",
    "cursor",
    "snapshot",
    "quota",
    "ledger",
]

DEADLINE_MS = 1_000
PATIENCE_S = 15.0
"""The daemon answers at the deadline, stored and advised or LATE; what is more is for a machine that stands still."""


@dataclass
class Journal:
    """Every write that was answered `stored`, as the client saw it: nonce → (sequence, what it was).

    ``unanswered`` are those of which nothing, or only a half, was heard for `PATIENCE_S` while the daemon ran.
    """

    acknowledged: dict[bytes, tuple[int, str]] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, nonce: bytes, sequence: int, kind: str) -> None:
        with self._lock:
            self.acknowledged[nonce] = (sequence, kind)


def requests_of_a_task(rng: random.Random, session: str) -> list[Request]:
    """One small task as a program would report it, with words of its own."""
    words = rng.sample(_WORDS, 6)
    path = f"src/{words[0]}_{words[1]}.py"
    before = f"def {words[2]}(x):\n    return x + {rng.randrange(1000)}\n"
    return [
        PreTask(
            session=session, prompt=f"Fix the {' '.join(words)} in {path}", cwd=f"/tmp/project-{words[0]}"
        ),
        PostEdit(session=session, path=path, before=before, after=before + f"\n\n{words[3].upper()} = 1\n"),
        PostCommand(
            session=session, command=f"pytest tests/test_{words[0]}.py", exit_status=rng.randrange(2)
        ),
        Remember(text=f"The {words[0]} needs {words[4]} before {words[5]}", title=f"{words[0]} order"),
        PostTask(session=session, success=rng.random() < 0.5),
        EndSession(session=session),
    ]


class LoadClient(threading.Thread):
    """Write tasks one after another until told to stop or until the daemon is gone."""

    def __init__(self, endpoint: str, journal: Journal, *, seed: int) -> None:
        super().__init__(daemon=True)
        self._endpoint = endpoint
        self._journal = journal
        self._rng = random.Random(seed)
        self._seed = seed
        self.stop = threading.Event()

    def run(self) -> None:
        with Wire(self._endpoint) as wire:
            number = 0
            while not self.stop.is_set():
                session = f"load-{self._seed}-{number}"
                number += 1
                for request in requests_of_a_task(self._rng, session):
                    if self.stop.is_set() or not self._write(wire, request):
                        return

    def _write(self, wire: Wire, request: Request) -> bool:
        """Write one event and note its acknowledgement; False when none came: the client gives up."""
        try:
            nonce = wire.send(request, deadline_ms=DEADLINE_MS)
            answers = wire.collect(nonce, timeout_s=PATIENCE_S, given_up=self.stop.is_set)
        except AssertionError:  # not connected any more
            answers = None
        if answers is None:
            if not self.stop.is_set():
                self._journal.unanswered.append(type(request).__name__)
            return False
        if answers.stored is Stored.STORED:
            receipts = [
                reply for body in answers.bodies if isinstance(reply := decode_reply(body), ReceiptReply)
            ]
            self._journal.note(answers.nonce, receipts[-1].sequence, type(request).__name__)
        return True
