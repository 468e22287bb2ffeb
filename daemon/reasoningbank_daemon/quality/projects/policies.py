"""Put together what applies to a file: the user's word, the project's, its linters', and what was called a false alarm."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping

import structlog

from reasoningbank_daemon.quality.projects.known_names import engine_names, rule_names
from reasoningbank_daemon.quality.projects.linter_files import LinterFiles
from reasoningbank_daemon.quality.projects.policy import Mode, Policy
from reasoningbank_daemon.quality.projects.project import project_root
from reasoningbank_daemon.quality.projects.project_config import NOTHING, ProjectConfigError, ProjectConfigs

_log = structlog.get_logger(__name__)

_MOST_TOLD = 100


class Policies:
    """Finds the policy of a file. Safe for several threads.

    `mode` and `engines_off` are the user's own; `false_alarms` counts, by rule, those of the project in a folder.
    """

    def __init__(
        self,
        *,
        mode: Callable[[], Mode] = lambda: Mode.ADVISE,
        engines_off: Callable[[], Collection[str]] = frozenset,
        false_alarms: Callable[[str], Mapping[str, int]] = lambda _root: {},
    ) -> None:
        self._mode = mode
        self._engines_off = engines_off
        self._false_alarms = false_alarms
        self._configs = ProjectConfigs(rules=rule_names, engines=engine_names)
        self._linters = LinterFiles()
        self._lock = threading.Lock()
        self._told: OrderedDict[str, None] = OrderedDict()

    def policy_for(self, path: str) -> Policy:
        """Return what applies to an absolute path; raise `ProjectConfigError` where the project's file is no good."""
        root = project_root(path)
        if root is None:
            return Policy(engines_off=frozenset(self._engines_off()), mode=self._mode())
        table = self._configs.config_of(root).quality
        gated = self._mode() is Mode.GATE and table.mode is not Mode.ADVISE
        return Policy(
            severities=table.severities,
            false_alarms=self._false_alarms(root),
            linters=self._linters.settings_for(path),
            engines_off=frozenset(self._engines_off()) | frozenset(table.engines_off),
            complexity=table.thresholds.complexity,
            told=table.thresholds.told,
            mode=Mode.GATE if gated else Mode.ADVISE,
        )

    def policy_or_default(self, path: str) -> Policy:
        """Return what applies to a path; where the project's file is no good, say so in the log and leave it out."""
        try:
            return self.policy_for(path)
        except ProjectConfigError as error:
            self._tell_once(str(error))
            return Policy(
                severities=NOTHING.quality.severities,
                false_alarms=self._false_alarms(project_root(path) or ""),
                linters=self._linters.settings_for(path),
                engines_off=frozenset(self._engines_off()),
                mode=self._mode(),
            )

    def _tell_once(self, reason: str) -> None:
        """Log a fault in a project's file, which is met at each edit there, once until others have come."""
        with self._lock:
            known = reason in self._told
            self._told[reason] = None
            if len(self._told) > _MOST_TOLD:
                self._told.popitem(last=False)
        if not known:
            _log.warning("project_config_unusable", reason=reason)
