"""What is chosen rests on the tasks that the bank holds, also after a restart."""

from __future__ import annotations

from pathlib import Path

from rbtest.bank import MINUTE_NS, Play, scratch_paths
from rbtest.daemon_process import wait_until

from reasoningbank_daemon.config import Config
from reasoningbank_daemon.services.container import Services, open_services
from reasoningbank_daemon.services.folders import prepare_folders
from reasoningbank_daemon.services.selector import Choice
from reasoningbank_daemon.storage.records import UsageMessage, UsageRecord
from reasoningbank_schema.events import Origin, PromptSubmitted
from reasoningbank_schema.paths import Paths

GOAL = "Add a country column to the customers table and to its export"


def _opened(folder: Path) -> tuple[Services, Paths]:
    paths = scratch_paths(folder)
    prepare_folders(paths)
    return open_services(paths, Config()), paths


def _record(services: Services, folder: Path, *, tasks: int) -> None:
    for number in range(tasks):
        play = Play(f"s{number}", cwd=str(folder))
        services.store.submit(play.prompt(f"{GOAL}, part {number}"), None)
        services.store.submit(play.edit("/a.py"), None)
        services.store.submit(play.run("pytest -q", stdout="3 passed in 0.1s"), None)
        services.store.submit(play.stop(), None)
        used = UsageMessage(
            message_id=f"m{number}", at_ns=play.at_ns, model="claude-haiku-5-5", cost_usd=0.1, tokens_output=9
        )
        usage = UsageRecord(
            host="claude-code",
            session_id=play.key,
            path=f"/t/{number}.jsonl",
            byte_offset=1,
            messages=(used,),
            price_list="p",
        )
        services.store.submit(usage, None)
        services.store.submit(play.end(), None)
    assert services.store.flush(timeout_s=30)
    wait_until(lambda: services.library.status().lexical_documents == tasks, what="the lessons to be indexed")


def _choose(services: Services, folder: Path) -> Choice:
    origin = Origin(host="claude-code", session_id="new", at_ns=MINUTE_NS, cwd=str(folder))
    project = services.project_of(origin)
    found = services.library.find(GOAL, project=project)
    return services.selector.for_task(
        PromptSubmitted(origin=origin, prompt=GOAL), project=project, found=found
    )


def test_strategy_of_similar_tasks_that_succeeded_is_named(tmp_path: Path) -> None:
    services, _ = _opened(tmp_path)
    _record(services, tmp_path, tasks=8)

    choice = _choose(services, tmp_path)

    services.close()
    assert {task["strategy"] for task in choice.inputs["similar"]} == {"edit-then-check"}
    assert choice.selection.strategy == "edit-then-check"


def test_record_of_models_is_the_same_after_a_restart(tmp_path: Path) -> None:
    services, paths = _opened(tmp_path)
    _record(services, tmp_path, tasks=8)
    before = _choose(services, tmp_path)
    services.close()

    again = open_services(paths, Config())
    after = _choose(again, tmp_path)

    again.close()
    assert after.inputs["tallies"] == before.inputs["tallies"]
    assert after.inputs["tallies"]["claude-haiku-5-5"]["seen"] == 8
