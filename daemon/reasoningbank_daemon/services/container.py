"""Everything that handlers and jobs work with, opened in one place and closed in one place."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from reasoningbank_daemon.config import Config
from reasoningbank_daemon.learning import experience, goals, outcome
from reasoningbank_daemon.learning.strategies import strategy_of
from reasoningbank_daemon.quality.desk import EditDesk
from reasoningbank_daemon.services.clock import Clock, SystemClock
from reasoningbank_daemon.services.edit_desk import open_edit_desk
from reasoningbank_daemon.services.embedders import chosen_embedder
from reasoningbank_daemon.services.library import Library
from reasoningbank_daemon.services.projects import project_key
from reasoningbank_daemon.services.selector import Selector
from reasoningbank_daemon.services.settings import Settings
from reasoningbank_daemon.storage.records import Effects
from reasoningbank_daemon.storage.rules import Rules
from reasoningbank_daemon.storage.store import SqliteStore
from reasoningbank_daemon.telemetry import Counters, RateLimited
from reasoningbank_schema.events import Origin
from reasoningbank_schema.paths import Paths

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Services:
    """Hold what is shared; every part is safe to use from any thread."""

    paths: Paths
    clock: Clock
    settings: Settings
    store: SqliteStore
    library: Library
    selector: Selector
    edits: EditDesk
    counters: Counters
    noise: RateLimited

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should hear about the bank: how it was found, and why nothing can be stored now."""
        trouble = (self.store.trouble,) if self.store.trouble else ()
        return (*self.store.warnings, *trouble)

    def project_of(self, origin: Origin) -> int | None:
        """Return the project of an event's folder, None when the bank has not seen it yet."""
        return self.store.project_id(project_key(origin.cwd))

    def running_model(self, origin: Origin) -> str | None:
        """Return the model that a session runs on, None when its host has not told."""
        return origin.model or self.store.session_model(origin.host, origin.session_id)

    def close(self) -> None:
        """Store what waits, bring the index up to it, end the engines."""
        self.library.rest()
        self.store.close()
        self.library.close()
        self.edits.close()


def open_services(paths: Paths, config: Config) -> Services:
    """Open the bank and what belongs to it.

    Raises
    ------
    StoreError
        When the bank can't be used.
    IndexFolderError
        When its indexes have no folder. Nothing is left open in either case.
    """
    settings = Settings(config)
    selector = Selector(settings)
    library = Library(paths, on_tasks=selector.follow)
    counters = Counters()

    def on_commit(effects: Effects) -> None:
        library.follow(effects)

    store = SqliteStore(paths, rules=standard_rules(settings), project_key=project_key, on_commit=on_commit)
    try:
        selector.open(store)
        library.open(store)
    except BaseException:
        store.close()
        raise
    library.use(chosen_embedder(config.recall))
    settings.listen(lambda changed: library.use(chosen_embedder(changed.recall)))
    clock = SystemClock()
    return Services(
        paths=paths,
        clock=clock,
        settings=settings,
        store=store,
        library=library,
        selector=selector,
        edits=open_edit_desk(store, settings, clock, idle_s=library.idle_s),
        counters=counters,
        noise=RateLimited(log),
    )


def standard_rules(settings: Settings) -> Rules:
    """Return the learning rules that the store applies, with what is configured at the moment of each."""

    def continues(prompt: str | None, goal: goals.OpenGoal, now_ns: int) -> goals.GoalDecision:
        idle_ns = round(settings.current.tasks.idle_minutes * 60e9)
        return goals.continues(prompt, goal, now_ns=now_ns, idle_ns=idle_ns)

    return Rules(
        continues=continues,
        react=lambda prompt, at_ns: outcome.next_prompt_evidence(prompt, at_ns, joins=False),
        gather=outcome.gather,
        judge=outcome.judge,
        tell=experience.tell,
        name_strategy=lambda trajectory: strategy_of(trajectory.steps),
        document=experience.document_text,
    )
