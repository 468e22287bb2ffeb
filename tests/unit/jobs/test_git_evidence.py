"""What a task's commits say of it, once they have stood for a while or were reverted."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.bank import SECOND_NS, START_NS, Play, scratch_paths
from rbtest.manual_clock import ManualClock
from structlog.testing import capture_logs

from reasoningbank_daemon.config import Config
from reasoningbank_daemon.jobs.git_evidence import (
    KEPT_AFTER_S,
    Commit,
    GitEvidenceJob,
    commit_evidence,
    read_commits,
    reverted_shas,
)
from reasoningbank_daemon.learning.trajectory import EvidenceKind
from reasoningbank_daemon.services.container import Services, open_services
from reasoningbank_daemon.services.folders import prepare_folders

DAY_S = 86_400
START_S = START_NS // SECOND_NS


def git(folder: Path, *arguments: str, at_s: int = START_S) -> str:
    when = f"@{at_s} +0000"
    done = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when},
    )
    return done.stdout.strip()


def commit(folder: Path, message: str, *, at_s: int) -> str:
    """Commit a change of the one file; return the commit."""
    with (folder / "a.txt").open("a", encoding="utf-8") as file:
        file.write(f"{message}\n")
    git(folder, "add", "a.txt")
    git(folder, "commit", f"--message={message}", at_s=at_s)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "begin", at_s=START_S - DAY_S)
    return folder


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    paths = scratch_paths(tmp_path / "bank")
    prepare_folders(paths)
    opened = open_services(paths, Config())
    yield dataclasses.replace(opened, clock=ManualClock(now_ns=START_NS + 2 * DAY_S * SECOND_NS))
    opened.close()


def play_task(services: Services, repository: Path) -> None:
    """Record a task that commits, and commit in its time."""
    play = Play(cwd=str(repository))
    records = [
        play.prompt("Fix the parser"),
        play.run("git commit --all --message fix"),
        play.stop(),
        play.end(),
    ]
    commit(repository, "fix", at_s=START_S + 2)
    for record in records:
        services.store.submit(record, None)
    assert services.store.flush(timeout_s=30)


def evidence(services: Services) -> list[tuple[str, float]]:
    """Do one round of the job and return what the bank holds of commits."""
    GitEvidenceJob(services).run()
    assert services.store.flush(timeout_s=30)
    detail = services.store.task(1)
    assert detail is not None
    kinds = (EvidenceKind.COMMIT_KEPT, EvidenceKind.COMMIT_REVERTED)
    return [(each.kind, each.value) for each in detail.evidence if each.kind in kinds]


def test_commits_that_stand_for_a_day_speak_for_their_task_once(services: Services, repository: Path) -> None:
    play_task(services, repository)

    first = evidence(services)
    again = evidence(services)

    assert first == [(EvidenceKind.COMMIT_KEPT, 1.0)]
    assert again == first


def test_commit_that_was_reverted_speaks_against_its_task(services: Services, repository: Path) -> None:
    play_task(services, repository)
    git(repository, "revert", "--no-edit", "HEAD", at_s=START_S + 60)

    assert evidence(services) == [(EvidenceKind.COMMIT_REVERTED, -1.0)]


def test_repository_that_git_can_not_read_is_logged_and_costs_no_other_task(
    services: Services, repository: Path
) -> None:
    play_task(services, repository)
    (repository / ".git" / "config").write_text("[nonsense", encoding="utf-8")

    with capture_logs() as lines:
        found = evidence(services)

    assert found == []
    assert [line["event"] for line in lines] == ["git_log_failed"]
    assert "bad config line" in lines[0]["reason"]


def test_commits_are_read_from_all_branches_newest_first_with_their_whole_message(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--create", "other")
    commit(repository, "one\n\nand more", at_s=START_S + 5)
    git(repository, "switch", "--quiet", "main")

    commits = read_commits(repository / ".git", since_s=START_S - 2 * DAY_S)

    assert [commit.at_s for commit in commits] == [START_S + 5, START_S - DAY_S]
    assert commits[0].message == "one\n\nand more"


def test_reverted_merge_is_recognised(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--create", "other")
    commit(repository, "one", at_s=START_S)
    git(repository, "switch", "--quiet", "main")
    git(repository, "merge", "--no-ff", "--message=merge", "other", at_s=START_S + 1)
    merge = git(repository, "rev-parse", "HEAD")
    git(repository, "revert", "--no-edit", "--mainline=1", "HEAD", at_s=START_S + 2)

    assert reverted_shas(read_commits(repository / ".git", since_s=START_S - 2 * DAY_S)) == {merge}


def test_revert_that_was_reverted_takes_nothing_away(repository: Path) -> None:
    one = commit(repository, "one", at_s=START_S)
    git(repository, "revert", "--no-edit", "HEAD", at_s=START_S + 1)
    git(repository, "revert", "--no-edit", "HEAD", at_s=START_S + 2)

    assert one not in reverted_shas(read_commits(repository / ".git", since_s=START_S - 2 * DAY_S))


@pytest.mark.parametrize(
    "message",
    [
        "This reverts commit ",
        "This reverts commit .",
        "This reverts commit that broke it.",
        "This reverts commit\n",
    ],
)
def test_message_that_names_no_commit_reverts_none(message: str) -> None:
    assert reverted_shas((Commit(sha="a" * 40, at_s=1, message=message),)) == frozenset()


def test_nothing_is_said_of_commits_of_others_or_too_early() -> None:
    own = Commit(sha="a" * 40, at_s=150, message="fix")
    other = Commit(sha="b" * 40, at_s=250, message="something else")

    def said(*commits: Commit, now_s: float) -> EvidenceKind | None:
        found = commit_evidence(commits, started_s=100, ended_s=200, now_s=now_s)
        return None if found is None else found.kind

    assert said(other, now_s=200 + KEPT_AFTER_S) is None
    assert said(own, now_s=199 + KEPT_AFTER_S) is None
    assert said(own, now_s=200 + KEPT_AFTER_S) is EvidenceKind.COMMIT_KEPT
