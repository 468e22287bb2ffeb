"""What became of a task's commits: kept on a branch, or reverted."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import msgspec
import structlog

from reasoningbank_daemon.learning.trajectory import Evidence, EvidenceKind
from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.storage.records import EvidenceRecord

log = structlog.get_logger(__name__)

LOOK_BACK_S = 14 * 86_400
"""How long after its end a task's commits are followed."""

KEPT_AFTER_S = 86_400
"""How long a commit must have stood before that speaks for it."""

GIT_TIMEOUT_S = 10

_REVERTS = re.compile(r"\bThis reverts commit ([0-9a-f]{40,64})\b")


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the log says of one commit; ``at_s`` is the committer's time."""

    sha: str
    at_s: int
    message: str


def reverted_shas(commits: tuple[Commit, ...]) -> frozenset[str]:
    r"""Return the commits that another one says it reverts, in `git revert`'s own words; newest first, as git logs them.

    A revert that was reverted itself takes nothing away.

    Examples
    --------
    >>> [one, two, three] = ["1" * 40, "2" * 40, "3" * 40]
    >>> undone = Commit(sha=two, at_s=2, message=f"Revert it\n\nThis reverts commit {one}.")
    >>> again = Commit(sha=three, at_s=3, message=f"Reapply it\n\nThis reverts commit {two}.")
    >>> reverted_shas((undone,)) == {one}, reverted_shas((again, undone)) == {two}
    (True, True)
    """
    reverted: set[str] = set()
    for commit in commits:
        if commit.sha not in reverted:
            reverted.update(_REVERTS.findall(commit.message))
    return frozenset(reverted)


def commit_evidence(
    commits: tuple[Commit, ...], *, started_s: float, ended_s: float, now_s: float
) -> Evidence | None:
    """Judge the commits made while a task ran; None while there is nothing to say yet."""
    own = [commit for commit in commits if started_s <= commit.at_s <= ended_s]
    if not own:
        return None
    reverted = reverted_shas(commits)
    gone = [commit for commit in own if commit.sha in reverted]
    if gone:
        return Evidence(
            kind=EvidenceKind.COMMIT_REVERTED,
            at_ns=round(now_s * 1e9),
            value=-1.0,
            detail=f"{len(gone)} of {len(own)} commits of this task were reverted ({gone[0].sha[:10]})",
        )
    if now_s - ended_s < KEPT_AFTER_S:
        return None
    return Evidence(
        kind=EvidenceKind.COMMIT_KEPT,
        at_ns=round(now_s * 1e9),
        value=1.0,
        detail=f"{len(own)} commits of this task still stand after {(now_s - ended_s) / 86_400:.0f} days",
    )


def read_commits(git_dir: Path, *, since_s: float) -> tuple[Commit, ...]:
    """Read the commits of all branches since a time (seconds since the epoch).

    Raises
    ------
    subprocess.SubprocessError
        When git fails or does not answer in time; it is reaped either way.
    """
    done = subprocess.run(
        [
            "git",
            f"--git-dir={git_dir}",
            "log",
            "--branches",
            f"--since={since_s:.0f}",
            "--format=%H%x00%ct%x00%B%x01",
        ],
        capture_output=True,
        check=True,
        timeout=GIT_TIMEOUT_S,
        # A caller's GIT_* (we may have been started from a git hook) would point git elsewhere.
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
    )
    rows = (row.strip("\n").split("\0", 2) for row in done.stdout.decode("utf-8", "replace").split("\x01"))
    return tuple(Commit(sha=row[0], at_s=int(row[1]), message=row[2]) for row in rows if len(row) == 3)


class GitEvidenceJob:
    """Look at the repositories of recently closed tasks that committed something."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def run(self) -> None:
        """Do one round: one `git log` per repository, one piece of evidence per task and kind."""
        now_s = self._services.clock.now_ns() / 1e9
        tasks = self._services.store.tasks_with_commits(since_ns=round((now_s - LOOK_BACK_S) * 1e9))
        logs: dict[str, tuple[Commit, ...]] = {}
        for task in tasks:
            if task.project_key not in logs:
                logs[task.project_key] = self._commits(task.project_key, now_s)
            evidence = commit_evidence(
                logs[task.project_key],
                started_s=task.started_ns / 1e9,
                ended_s=task.ended_ns / 1e9,
                now_s=now_s,
            )
            if evidence is not None and evidence.kind not in task.known:
                self._services.store.submit(EvidenceRecord(task_id=task.id, evidence=evidence), None)

    def _commits(self, project_key: str, now_s: float) -> tuple[Commit, ...]:
        git_dir = Path(project_key)
        if not (git_dir / "HEAD").is_file():
            return ()
        try:
            return read_commits(git_dir, since_s=now_s - LOOK_BACK_S)
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("git_log_failed", repository=project_key, reason=_why(error))
            return ()


def _why(error: Exception) -> str:
    """Return what git said itself where it ended with an error, else what kept it from running."""
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else None
    return said.decode("utf-8", "replace").strip() if said else str(error)
