"""All of the daemon's own jobs, and when each is due; a new job is a line in `_jobs`."""

from __future__ import annotations

from collections.abc import Callable

from reasoningbank_daemon.jobs.git_evidence import GitEvidenceJob
from reasoningbank_daemon.jobs.scheduler import Job, Scheduler
from reasoningbank_daemon.jobs.spool import SpoolJob
from reasoningbank_daemon.jobs.transcripts import TranscriptsJob
from reasoningbank_daemon.jobs.watch import FolderWatch
from reasoningbank_daemon.services.allocator import return_freed
from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.storage.records import SweepRecord


class Housekeeping:
    """Run the jobs; watch the spool and the configuration so that a change is noticed at once."""

    def __init__(self, services: Services, *, on_config_change: Callable[[], object]) -> None:
        self._services = services
        self._spool = SpoolJob(services)
        self._scheduler = Scheduler(self._jobs(), clock=services.clock)
        self._watch = FolderWatch()
        self._watch.add(services.paths.spool, self.drain_spool)
        self._watch.add_file(services.paths.config_file, lambda: _ignore(on_config_change()))

    def start(self) -> None:
        """Begin; what lies in the spool is taken in first."""
        self._scheduler.start()
        self._watch.start()
        self._scheduler.trigger("spool")

    def drain_spool(self) -> None:
        """Take in the spool now; returns at once."""
        self._scheduler.trigger("spool")

    def spool_waiting(self) -> int:
        """How many events wait in the spool."""
        return self._spool.waiting()

    def spool_dropped(self) -> int:
        """How many events the spool had no room for."""
        return self._spool.dropped()

    def close(self, *, timeout_s: float) -> bool:
        """End the running round and stop; False when it did not end in time."""
        self._watch.close()
        return self._scheduler.close(timeout_s=timeout_s)

    def _jobs(self) -> tuple[Job, ...]:
        services = self._services
        return (
            Job(name="spool", every_s=5.0, run=self._spool.run),
            Job(name="transcripts", every_s=0.25, run=TranscriptsJob(services).run),
            Job(name="sweep", every_s=60.0, run=self._sweep),
            Job(name="git", every_s=1800.0, run=GitEvidenceJob(services).run),
            Job(name="noise", every_s=10.0, run=services.noise.flush),
            Job(name="memory", every_s=10.0, run=lambda: _ignore(return_freed())),
        )

    def _sweep(self) -> None:
        idle_s = self._services.settings.current.tasks.idle_minutes * 60
        self._services.store.submit(SweepRecord(now_ns=self._services.clock.now_ns(), idle_s=idle_s), None)


def _ignore(_result: object) -> None:
    """Drop a result that nothing here depends on: it was logged where it was made, or says that nothing was done."""
