"""From frames to handlers: decode, hand the event to the writer first, then ask for advice.

One `Exchange` is one request under way. Its two halves, advice and stored, arrive from different threads and
are sent as they come, by the poller thread alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import structlog

from reasoningbank_daemon.handlers.adviser import Answer, adviser_for
from reasoningbank_daemon.handlers.memory import recall as answer_recall
from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.services.intake import Event, Refusal, Understood, understand
from reasoningbank_daemon.storage.records import Outcome
from reasoningbank_schema.envelope import (
    MAX_BODY_BYTES,
    PROTOCOL_VERSION,
    AnswerHeader,
    Code,
    EnvelopeError,
    RequestHeader,
    Stored,
    pack_answer,
    unpack_request,
)
from reasoningbank_schema.messages import (
    Control,
    Failure,
    HookEvent,
    Recall,
    Reply,
    Request,
    Status,
    decode_request,
    encode_reply,
)

log = structlog.get_logger(__name__)

INLINE_DECODE_BYTES = 1 << 20
"""A larger payload is decoded by a worker: it would hold up everybody else's for milliseconds."""


class Exchange:
    """Answer one request in up to two parts; `settle` may be called from any thread, all else on the poller's."""

    def __init__(
        self,
        identity: bytes,
        header: RequestHeader,
        *,
        expires_s: float,
        send: Callable[[list[bytes]], None],
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self._identity = identity
        self._nonce = header.nonce
        self._send = send
        self._post = post
        self._advice_final = False
        self._stored = Stored.PENDING
        self.expires_s = expires_s
        """The deadline as a point on the monotonic clock."""

    def advise(self, code: Code, body: bytes) -> None:
        """Give the advice, final, whatever it is."""
        self._advice_final = True
        self._transmit(code, body)

    def settle(self, stored: Stored, body: bytes = b"") -> None:
        """Say what became of the event."""
        self._post(lambda: self._deliver(stored, body))

    def finish(self, code: Code, stored: Stored, body: bytes) -> None:
        """Give both halves in one answer."""
        self._advice_final = True
        self._stored = stored
        self._transmit(code, body)

    def preset(self, stored: Stored) -> None:
        """Fix what the answer says of storing before the advice is there."""
        self._stored = stored

    def expect_no_advice(self) -> None:
        """Let the answer that says `stored` be the only one."""
        self._advice_final = True

    def _deliver(self, stored: Stored, body: bytes) -> None:
        self._stored = stored
        self._transmit(Code.OK, body)

    def _transmit(self, code: Code, body: bytes) -> None:
        header = AnswerHeader(
            nonce=self._nonce, code=code, advice_final=self._advice_final, stored=self._stored
        )
        self._send([self._identity, pack_answer(header), body])


class Lanes(msgspec.Struct, frozen=True):
    """Hold the ways into the worker pools; each says False when no worker is free.

    ``large`` events have one of their own: that they are stored must not wait for anybody's advice.
    """

    pre_task: Callable[[Callable[[], None]], bool]
    others: Callable[[Callable[[], None]], bool]
    large: Callable[[Callable[[], None]], bool]


class Dispatcher:
    """Take each request from the poller thread to the writer, a worker, or straight to its answer."""

    def __init__(
        self,
        services: Services,
        *,
        lanes: Lanes,
        send: Callable[[list[bytes]], None],
        post: Callable[[Callable[[], None]], None],
        control: Callable[[Control], Reply],
        status: Callable[[], Reply],
    ) -> None:
        self._services = services
        self._lanes = lanes
        self._send = send
        self._post = post
        self._control = control
        self._status = status
        # As many as the pools hold: to look through them takes microseconds.
        self._unadvised: set[Exchange] = set()
        self._earliest_s = math.inf
        self._crowded = False

    def take(self, frames: list[bytes]) -> None:
        """Handle one multipart message, whatever it holds; never raises for what a peer sent."""
        counters = self._services.counters
        counters.add("requests")
        try:
            identity, raw_header, body = frames
            header = unpack_request(raw_header)
        except (ValueError, EnvelopeError) as error:
            counters.add("malformed")
            self._services.noise.warning("malformed_frame", reason=str(error), frames=len(frames))
            return
        exchange = self._open(identity, header)
        try:
            self._judge(exchange, header, body)
        except Exception as defect:  # noqa: BLE001  logged with its traceback; the sender waits for an answer
            self._defect(exchange, defect)

    def answer_late(self) -> float:
        """Answer LATE to everybody whose advice is not there by his deadline; on the poller thread.

        So nobody waits for a worker that is slow, or that is not free. Returns how many seconds there are until the
        next deadline; infinite where nobody waits for advice.
        """
        now_s = self._services.clock.monotonic_s()
        if now_s >= self._earliest_s:
            for exchange in [each for each in self._unadvised if each.expires_s <= now_s]:
                self._late(exchange)
            self._earliest_s = min((each.expires_s for each in self._unadvised), default=math.inf)
        return self._earliest_s - now_s

    def _judge(self, exchange: Exchange, header: RequestHeader, body: bytes) -> None:
        """Answer what can't be a request, and pass on what can."""
        if header.version != PROTOCOL_VERSION:
            self._fail(
                exchange,
                Code.WRONG_VERSION,
                f"this daemon speaks protocol {PROTOCOL_VERSION}, the request {header.version}: "
                "upgrade the older of the two, then run: reasoningbank down && reasoningbank up",
                # Nothing is wrong with the event: the daemon after the upgrade will take it.
                stored=Stored.NOT_STORED,
            )
            return
        if len(body) > MAX_BODY_BYTES:
            self._fail(
                exchange, Code.TOO_LARGE, f"a body may have {MAX_BODY_BYTES} bytes, this one {len(body)}"
            )
            return
        try:
            request = decode_request(body)
        except msgspec.ValidationError as error:
            unknown = "Invalid value" in str(error) and "$.type" in str(error)
            self._fail(exchange, Code.UNKNOWN_MESSAGE if unknown else Code.MALFORMED, str(error))
            return
        except msgspec.DecodeError as error:
            self._fail(exchange, Code.MALFORMED, f"the body is not MessagePack: {error}")
            return
        self._route(exchange, header, request, len(body))

    def _open(self, identity: bytes, header: RequestHeader) -> Exchange:
        deadline_ms = header.deadline_ms or self._services.settings.current.daemon.default_deadline_ms
        return Exchange(
            identity,
            header,
            expires_s=self._services.clock.monotonic_s() + deadline_ms / 1000,
            send=self._send,
            post=self._post,
        )

    def _route(self, exchange: Exchange, header: RequestHeader, request: Request, size: int) -> None:
        if isinstance(request, Status):
            exchange.finish(Code.OK, Stored.NOTHING, encode_reply(self._status()))
        elif isinstance(request, Control):
            exchange.finish(Code.OK, Stored.NOTHING, encode_reply(self._control(request)))
        elif isinstance(request, Recall):
            recall = request
            self._in_lane(
                self._lanes.pre_task,
                exchange,
                lambda: Answer(body=encode_reply(answer_recall(self._services, recall))),
                stored=Stored.NOTHING,
            )
        elif size > INLINE_DECODE_BYTES:
            if not self._lanes.large(lambda: self._post_event(exchange, header, request)):
                # An event that was read is never dropped: this one is decoded here, and others wait for it.
                self._event(exchange, header, request)
        else:
            self._event(exchange, header, request)

    def _post_event(self, exchange: Exchange, header: RequestHeader, request: Event) -> None:
        """Understand a large event on a worker thread, and go on with it on the poller's."""

        def begin(understood: Understood | Refusal) -> None:
            try:
                self._begin(exchange, request, understood)
            except Exception as defect:  # noqa: BLE001  as in `take`
                self._defect(exchange, defect)

        try:
            understood = understand(header, request, clock=self._services.clock)
        except Exception as error:  # noqa: BLE001  as in `take`
            defect = error
            self._post(lambda: self._defect(exchange, defect))
            return
        self._post(lambda: begin(understood))

    def _event(self, exchange: Exchange, header: RequestHeader, request: Event) -> None:
        self._begin(exchange, request, understand(header, request, clock=self._services.clock))

    def _begin(self, exchange: Exchange, request: Request, understood: Understood | Refusal) -> None:
        """Hand the event to the writer, then to a worker if there is advice to give; on the poller thread."""
        if isinstance(understood, Refusal):
            self._services.counters.add("rejected")
            self._services.store.submit(understood.record, None)
            self._fail(exchange, Code.REFUSED, understood.reason, stored=Stored.REFUSED)
            return
        adviser = adviser_for(self._services, request, understood)
        if adviser is None:
            exchange.expect_no_advice()
        self._services.store.submit(understood, lambda outcome: self._settle(exchange, request, outcome))
        if adviser is None:
            return
        lane = self._lanes.pre_task if adviser.urgent else self._lanes.others
        self._in_lane(lane, exchange, adviser.work, stored=None)

    def _settle(self, exchange: Exchange, request: Request, outcome: Outcome) -> None:
        """Say that an event is stored, or why not; called on the writer thread."""
        if outcome.stored is Stored.STORED:
            self._services.counters.add("stored")
        if isinstance(request, HookEvent):
            # A hook prints every body that it gets: what only says `stored` has none.
            exchange.settle(outcome.stored)
        else:
            exchange.settle(outcome.stored, encode_reply(outcome.receipt or Failure(message=outcome.reason)))

    def _in_lane(
        self,
        lane: Callable[[Callable[[], None]], bool],
        exchange: Exchange,
        work: Callable[[], Answer],
        *,
        stored: Stored | None,
    ) -> None:
        if stored is not None:
            exchange.preset(stored)
        self._unadvised.add(exchange)
        self._earliest_s = min(self._earliest_s, exchange.expires_s)
        self._mind_crowd()
        if not lane(lambda: self._work(exchange, work)):
            self._services.counters.add("busy")
            self._advise(exchange, Code.BUSY, encode_reply(Failure(message="no worker is free; ask again")))

    def _work(self, exchange: Exchange, work: Callable[[], Answer]) -> None:
        """Run a handler on a worker thread; its answer is dropped when its time is over, and the handler told so."""
        clock = self._services.clock
        if clock.monotonic_s() >= exchange.expires_s:
            self._post(lambda: self._late(exchange))
            return
        code = Code.OK
        try:
            answer = work()
        except Exception:
            log.exception("handler_defect")
            self._services.counters.add("defects")
            code = Code.INTERNAL
            answer = Answer(
                body=encode_reply(Failure(message="a defect in the daemon; see: reasoningbank logs"))
            )
        if code is Code.OK and clock.monotonic_s() >= exchange.expires_s:
            self._post(lambda: self._late(exchange))
            if answer.unheard is not None:
                answer.unheard()
            return
        self._post(lambda: self._advise(exchange, code, answer.body, unheard=answer.unheard))

    def _advise(
        self, exchange: Exchange, code: Code, body: bytes, *, unheard: Callable[[], None] | None = None
    ) -> None:
        """Give advice to who still waits for it; on the poller thread."""
        if exchange not in self._unadvised:
            if unheard is not None:
                unheard()
            return
        self._unadvised.remove(exchange)
        if not self._unadvised:
            self._earliest_s = math.inf
        self._mind_crowd()
        exchange.advise(code, body)

    def _late(self, exchange: Exchange) -> None:
        """Say to who still waits for advice that there will be none; on the poller thread."""
        if exchange in self._unadvised:
            self._services.counters.add("late")
            failure = Failure(message="the deadline passed before the advice was ready")
            self._advise(exchange, Code.LATE, encode_reply(failure))

    def _mind_crowd(self) -> None:
        """Store in larger groups while more than one waits for advice; one alone has the interpreter to himself."""
        crowded = len(self._unadvised) > 1
        if crowded != self._crowded:
            self._crowded = crowded
            self._services.store.gather(crowded)

    def _defect(self, exchange: Exchange, defect: Exception) -> None:
        """Answer a request on which our own code failed: its sender keeps the event; on the poller thread."""
        log.error("dispatch_defect", exc_info=defect)
        self._services.counters.add("defects")
        self._unadvised.discard(exchange)
        self._mind_crowd()
        failure = Failure(message="a defect in the daemon; see: reasoningbank logs")
        exchange.finish(Code.INTERNAL, Stored.NOT_STORED, encode_reply(failure))

    def _fail(self, exchange: Exchange, code: Code, message: str, *, stored: Stored = Stored.REFUSED) -> None:
        if code is not Code.REFUSED:
            self._services.counters.add("malformed")
        self._services.noise.warning("request_failed", code=code.name, reason=message[:300])
        exchange.finish(code, stored, encode_reply(Failure(message=message)))
