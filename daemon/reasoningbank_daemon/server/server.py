"""The life of the daemon in one place: open, bind, serve, drain, close."""

from __future__ import annotations

import os
import resource
import threading
from pathlib import Path

import structlog

from reasoningbank_daemon.config import ConfigError, load_config
from reasoningbank_daemon.dispatch import Dispatcher, Lanes
from reasoningbank_daemon.jobs.housekeeping import Housekeeping
from reasoningbank_daemon.quality.processes.accounts import descendants
from reasoningbank_daemon.server.connections import connected_clients
from reasoningbank_daemon.server.loop import Loop
from reasoningbank_daemon.server.outbox import Outbox
from reasoningbank_daemon.server.pools import Pool
from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.services.version import CODE_VERSION
from reasoningbank_daemon.telemetry import set_level
from reasoningbank_daemon.telemetry.service_manager import ServiceManager
from reasoningbank_schema.messages import Control, ControlAction, DaemonStatus, Done, Failure, Reply

log = structlog.get_logger(__name__)


class Server:
    """Serve one bank until asked to stop.

    The caller holds the daemon's lock and has opened the services; `serve` returns after everything that was
    under way is answered, every event that was read is on disk, and the socket's file is gone. The services
    are closed by whoever opened them.
    """

    def __init__(self, services: Services, *, service_manager: ServiceManager) -> None:
        daemon = services.settings.current.daemon
        self._services = services
        self._service_manager = service_manager
        self._outbox = Outbox()
        self._pre_task = Pool("pre-task", size=daemon.workers_pre_task, limit=daemon.queue_limit)
        self._others = Pool("worker", size=daemon.workers_other, limit=daemon.queue_limit)
        self._large = Pool("large", size=1, limit=daemon.queue_limit)
        self._loop = Loop(
            paths=services.paths,
            outbox=self._outbox,
            on_frames=self._take,
            on_tick=self._tick,
            on_unsent=lambda: services.counters.add("unsent"),
        )
        self._dispatcher = Dispatcher(
            services,
            lanes=Lanes(
                pre_task=self._pre_task.try_submit,
                others=self._others.try_submit,
                large=self._large.try_submit,
            ),
            send=self._loop.send,
            post=self._outbox.put,
            control=self._control,
            status=self._status,
        )
        self._reloading = threading.Lock()
        self._refused_config = ""
        self._housekeeping = Housekeeping(services, on_config_change=self._reload)
        self._started_s = services.clock.monotonic_s()
        self._last_request_s = self._started_s
        self._next_idle_check_s = self._started_s

    def serve(self) -> None:
        """Bind, answer until stopped, drain, close.

        Raises
        ------
        SocketPathError
            When the socket can't be bound.
        """
        self._loop.bind()
        self._housekeeping.start()
        self._service_manager.ready(f"serving {self._services.paths.bank}")
        log.info("serving", socket=str(self._services.paths.socket), bank=str(self._services.paths.bank))
        try:
            self._loop.run()
        finally:
            self._drain()

    def stop(self) -> None:
        """Make `serve` drain and return; safe from a signal handler."""
        self._loop.stop()

    def _drain(self) -> None:
        """Finish what was read while the poller goes on answering it, then close the socket."""
        self._service_manager.stopping()
        ended = threading.Event()
        threading.Thread(target=self._finish_work, args=(ended,), name="drain", daemon=True).start()
        self._loop.drain(ended)
        self._loop.close()
        self._outbox.close()

    def _finish_work(self, ended: threading.Event) -> None:
        """Finish workers first, then the writer, whom they may have left events for."""
        pools = (self._large, self._pre_task, self._others)
        timeout_s = self._services.settings.current.daemon.drain_timeout_s
        log.info("draining", waiting=sum(pool.waiting for pool in pools))
        try:
            quiet = self._housekeeping.close(timeout_s=timeout_s)
            for pool in pools:
                quiet &= pool.close(timeout_s=timeout_s)
            # What a worker has understood is handed to the writer by the poller.
            delivered = threading.Event()
            self._outbox.put(delivered.set)
            quiet &= delivered.wait(timeout_s)
            quiet &= self._services.store.flush(timeout_s=timeout_s)
            if not quiet:
                log.warning("drain_timeout", seconds=timeout_s, effect="work under way was given up")
        finally:
            ended.set()
            self._outbox.wake()

    def _take(self, frames: list[bytes]) -> None:
        self._last_request_s = self._services.clock.monotonic_s()
        try:
            self._dispatcher.take(frames)
        except Exception:
            # One request must not end the service of all others; the log has what it needs to be mended.
            self._services.counters.add("defects")
            log.exception("dispatch_defect", frames=len(frames))

    def _tick(self) -> float:
        """Do what is due at this moment; return after how many seconds something is again."""
        self._service_manager.ping()
        self._leave_if_idle()
        return self._dispatcher.answer_late()

    def _leave_if_idle(self) -> None:
        now = self._services.clock.monotonic_s()
        idle_s = self._services.settings.current.daemon.idle_exit_hours * 3600
        if idle_s <= 0 or now - self._last_request_s < idle_s or now < self._next_idle_check_s:
            return
        self._next_idle_check_s = now + 60
        if connected_clients(self._services.paths.socket) == 0:
            log.info("leaving", reason="idle and nothing is connected", idle_hours=idle_s / 3600)
            self._loop.stop()

    def _control(self, request: Control) -> Reply:
        match request.action:
            case ControlAction.PING:
                return Done()
            case ControlAction.STOP:
                log.info("stop_requested")
                self._loop.stop()
                return Done()
            case ControlAction.RELOAD:
                return self._reload()
            case ControlAction.DRAIN_SPOOL:
                self._housekeeping.drain_spool()
                return Done()

    def _reload(self) -> Reply:
        """Put an edited configuration in force, or keep the old one and say what is wrong with the new."""
        # A client may ask while the watch has read the file already: what was read last must win.
        with self._reloading:
            try:
                config = load_config(self._services.paths.config_file)
            except ConfigError as error:
                self._refuse_config(str(error))
                return Failure(message=str(error))
            self._refused_config = ""
            waiting = self._services.settings.replace(config)
            set_level(config.daemon.log_level)
            log.info("config_reloaded", after_restart=waiting)
        return Done()

    def _refuse_config(self, reason: str) -> None:
        """Note why the file is not in force: the log says each reason once, `status` until it is mended."""
        if reason != self._refused_config:
            log.error("config_refused", reason=reason, effect="the previous configuration stays in force")
        self._refused_config = reason

    def _config_warnings(self) -> tuple[str, ...]:
        refused = self._refused_config
        return (f"the configuration was refused, the previous one is in force: {refused}",) if refused else ()

    def _status(self) -> DaemonStatus:
        services = self._services
        counts = services.counters.snapshot()
        stored = services.store.counts()
        library = services.library.status()
        return DaemonStatus(
            version=CODE_VERSION,
            pid=os.getpid(),
            state=self._loop.state,
            uptime_s=services.clock.monotonic_s() - self._started_s,
            home=str(services.paths.data_dir),
            bank=str(services.paths.bank),
            tasks=stored.tasks,
            experiences=stored.experiences,
            sequence=stored.sequence,
            requests=counts.get("requests", 0),
            stored=counts.get("stored", 0),
            rejected=counts.get("rejected", 0),
            malformed=counts.get("malformed", 0),
            busy=counts.get("busy", 0),
            late=counts.get("late", 0),
            unsent=counts.get("unsent", 0),
            spooled=self._housekeeping.spool_waiting(),
            spool_dropped=self._housekeeping.spool_dropped(),
            embedder=library.embedder,
            lexical_documents=library.lexical_documents,
            vector_documents=library.vector_documents,
            vectors_waiting=library.vectors_waiting,
            threshold=library.threshold,
            threshold_basis=library.threshold_basis,
            rss_bytes=_resident_bytes(),
            children=len([*descendants(os.getpid())]),
            warnings=(*services.warnings, *library.warnings, *self._config_warnings()),
        )


def _resident_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:  # not Linux: the peak is the best there is without a dependency
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize()
