from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from rbtest.bank import MINUTE_NS, SECOND_NS, Bank, Play, write_each

from reasoningbank_daemon.learning.trajectory import Evidence, EvidenceKind
from reasoningbank_daemon.storage.queries.tasks import read_task
from reasoningbank_daemon.storage.recording.state import RecordError
from reasoningbank_daemon.storage.records import (
    EvidenceRecord,
    FeedbackRecord,
    SweepRecord,
)
from reasoningbank_schema.messages import Feedback, Rating


def _told(bank: Bank) -> list[tuple[object, ...]]:
    return bank.rows("SELECT kind, closed_by FROM task ORDER BY started_ns")


def test_two_stops_of_one_prompt_end_one_turn_at_the_later_one(bank: Bank) -> None:
    play = Play()
    first = [play.prompt("Fix the parser"), play.run("pytest"), play.stop("Launched a helper.")]
    play.wait(60)
    second = play.stop("All done.")

    write_each(bank, [*first, second])

    assert bank.rows("SELECT stops, ended_ns FROM turn") == [(2, second.at_ns)]
    assert bank.value("SELECT last_message FROM turn") == "All done."
    assert bank.value("SELECT count(*) FROM task") == 1


def test_identical_stops_of_one_installation_count_twice(bank: Bank) -> None:
    play = Play()
    prompt, stop = play.prompt("Fix the parser"), play.stop()
    again = msgspec.structs.replace(stop, nonce=b"again" + bytes(11))

    write_each(bank, [prompt, stop, again])

    assert bank.value("SELECT stops FROM turn") == 2


def test_the_same_call_reported_by_two_installations_counts_once(
    bank: Bank, meanwhile: Callable[[], None]
) -> None:
    play = Play()
    prompt, command = play.prompt("Fix the parser"), play.run("pytest")
    by_plugin = [
        msgspec.structs.replace(record, via="plugin", nonce=b"plugin" + bytes([place]) + bytes(9))
        for place, record in enumerate((prompt, command))
    ]

    bank.write(prompt)
    meanwhile()
    twin_prompt = bank.write(by_plugin[0])[0]
    twin_command = bank.write(by_plugin[1])[0]
    meanwhile()
    command_receipt = bank.write(command)[0]

    assert twin_prompt.copy
    assert not twin_command.copy
    assert command_receipt.copy
    assert command_receipt.step_id == twin_command.step_id
    assert bank.value("SELECT count(*) FROM step") == 1
    assert bank.value("SELECT count(*) FROM turn") == 1


def test_the_second_identical_call_pairs_with_the_second_of_the_other_installation(bank: Bank) -> None:
    play = Play()
    bank.write(play.prompt("Fix the parser"))
    command = play.run("pytest")
    calls = [
        msgspec.structs.replace(command, via=via, nonce=f"{via}{place}".encode().ljust(16, b"\0"))
        for via in ("settings", "plugin")
        for place in range(2)
    ]

    receipts = [bank.write(call)[0] for call in calls]

    assert [receipt.copy for receipt in receipts] == [False, False, True, True]
    assert [receipt.step_id for receipt in receipts[:2]] == [receipt.step_id for receipt in receipts[2:]]


def test_a_copy_gets_the_first_receipt_even_when_its_bytes_were_redacted(
    bank: Bank, meanwhile: Callable[[], None]
) -> None:
    play = Play()
    bank.write(play.prompt("Fix the parser"))
    command = play.run("pytest")
    spooled = msgspec.structs.replace(command, fingerprint=b"other bytes 1234", copy=True)

    first = bank.write(command)[0]
    meanwhile()
    second = bank.write(spooled)[0]

    assert second == msgspec.structs.replace(first, copy=True)
    assert bank.value("SELECT count(*) FROM step") == 1


def test_a_copy_that_comes_after_the_receipts_were_dropped_is_known_by_its_time(bank: Bank) -> None:
    play = Play()
    events = [play.prompt("Fix the parser"), play.run("pytest"), play.stop(), play.end()]
    write_each(bank, events)
    bank.write(SweepRecord(now_ns=play.at_ns + 100 * 86_400 * SECOND_NS))

    receipts = [bank.write(event)[0] for event in events]

    assert bank.value("SELECT count(*) FROM receipt WHERE session_id <> 0") == 0
    assert all(receipt.copy for receipt in receipts)
    assert bank.value("SELECT count(*) FROM step") == 1
    assert bank.value("SELECT stops FROM turn") == 1


def test_two_parallel_subagents_become_two_child_tasks(bank: Bank) -> None:
    play = Play()
    events = [
        play.prompt("Look into both halves"),
        play.ask_subagent("toolu_1", "look into the first half"),
        play.ask_subagent("toolu_2", "look into the second half"),
        play.start_subagent("agent-b"),
        play.start_subagent("agent-a"),
        play.run("ls second", agent_id="agent-b"),
        play.run("ls first", agent_id="agent-a"),
        play.stop_subagent("agent-a"),
        play.return_subagent("toolu_1", "agent-a"),
        play.stop_subagent("agent-b"),
        play.return_subagent("toolu_2", "agent-b"),
        play.stop(),
    ]

    write_each(bank, events)

    children = bank.rows(
        "SELECT t.agent_id, t.tool_use_id, u.prompt, s.command, t.closed_by FROM task t "
        "JOIN turn u ON u.task_id = t.id JOIN step s ON s.task_id = t.id "
        "WHERE t.parent_task_id = 1 ORDER BY t.agent_id"
    )
    assert children == [
        ("agent-a", "toolu_1", "look into the first half", "ls first", "returned"),
        ("agent-b", "toolu_2", "look into the second half", "ls second", "returned"),
    ]
    assert bank.value("SELECT count(*) FROM step WHERE task_id = 1 AND kind = 3") == 2


def test_a_background_subagent_that_outlives_its_turn_is_closed_when_it_stops(bank: Bank) -> None:
    play = Play()
    write_each(
        bank,
        [
            play.prompt("Start a long job"),
            play.ask_subagent("toolu_1", "do the long job"),
            play.start_subagent("agent-a"),
            play.return_subagent("toolu_1", "agent-a", background=True),
            play.stop("Started it."),
        ],
    )
    open_before = bank.value("SELECT closed_by FROM task WHERE agent_id = 'agent-a'")
    play.wait(600)

    write_each(
        bank, [play.run("make", agent_id="agent-a"), play.stop_subagent("agent-a"), play.stop("It ended.")]
    )

    assert open_before is None
    assert bank.value("SELECT closed_by FROM task WHERE agent_id = 'agent-a'") == "returned"
    assert bank.value("SELECT count(*) FROM task") == 2


def test_a_prompt_that_continues_joins_the_task_and_a_new_goal_opens_another(bank: Bank) -> None:
    play = Play()

    write_each(
        bank,
        [
            play.prompt("Add retry logic to the HTTP client in client/http.py"),
            play.edit("/code/app/client/http.py"),
            play.stop(),
            play.prompt("yes, continue"),
            play.stop(),
            play.prompt("Write a migration that adds a country column to the customers table"),
        ],
    )

    assert _told(bank) == [("main", "new_goal"), ("main", None)]
    assert bank.rows("SELECT task_id, count(*) FROM turn GROUP BY task_id") == [(1, 2), (2, 1)]


def test_half_an_hour_of_silence_closes_a_task_and_a_later_step_of_its_turn_reopens_it(bank: Bank) -> None:
    play = Play()
    write_each(bank, [play.prompt("Run the long test suite"), play.edit("/code/app/a.py")])
    bank.sweep(play.at_ns + 29 * MINUTE_NS)
    early = bank.value("SELECT closed_by FROM task")
    bank.sweep(play.at_ns + 30 * MINUTE_NS)
    closed = bank.value("SELECT closed_by FROM task")
    play.wait(45 * 60)

    bank.write(play.run("pytest", status=0))

    assert early is None
    assert closed == "idle"
    assert bank.rows("SELECT closed_by, ended_ns, label FROM task") == [(None, None, None)]
    assert bank.effects[-1].tasks[0].after is None


def test_a_session_that_goes_on_after_its_end_begins_a_new_task(bank: Bank) -> None:
    play = Play()

    write_each(bank, [play.prompt("Fix the parser"), play.stop(), play.end(), play.prompt("yes, continue")])

    assert _told(bank) == [("main", "session_end"), ("main", None)]


def test_a_closed_task_is_judged_by_its_evidence_and_told_as_experience(bank: Bank) -> None:
    play = Play()

    write_each(
        bank,
        [
            play.prompt("Fix the parser"),
            play.edit("/code/app/parser.py"),
            play.run("pytest -q", status=0, stdout="3 passed in 0.1s"),
            play.stop(),
            play.end(),
        ],
    )

    assert bank.value("SELECT label FROM task") == "success"
    assert bank.rows("SELECT kind FROM evidence") == [("check",)]
    document = bank.effects[-1].experiences[0]
    assert document.goal == "Fix the parser"
    assert "parser.py" in document.text
    summary = bank.effects[-1].tasks[0].after
    assert summary is not None
    assert summary.label == "success"
    assert summary.duration_s == 3.0


def test_a_task_without_evidence_is_unknown_not_a_success(bank: Bank) -> None:
    play = Play()

    write_each(bank, [play.prompt("Explain the parser"), play.stop(), play.end()])

    assert bank.rows("SELECT label, probability FROM task") == [("unknown", None)]


def test_later_feedback_judges_again_and_rewrites_the_experience(bank: Bank) -> None:
    play = Play()
    write_each(
        bank,
        [play.prompt("Fix the parser"), play.edit("/code/app/parser.py"), play.run("pytest"), play.end()],
    )
    before = bank.rows("SELECT label, experience_id FROM task")
    bad = Feedback(rating=Rating.BAD, task_id=1, note="it broke the release")

    receipt = bank.write(FeedbackRecord(nonce=b"f" * 16, at_ns=play.at_ns + 1, feedback=bad))[0]
    again = bank.write(FeedbackRecord(nonce=b"f" * 16, at_ns=play.at_ns + 1, feedback=bad))[0]

    assert before == [("success", 1)]
    assert receipt.task_id == 1
    assert again.copy
    assert bank.value("SELECT label FROM task") == "failure"
    assert bank.value("SELECT kind FROM experience WHERE id = 1") == "failure"
    assert bank.value("SELECT count(*) FROM feedback") == 1


def test_evidence_that_is_no_longer_found_is_withdrawn_not_deleted(bank: Bank) -> None:
    play = Play()
    write_each(
        bank,
        [play.prompt("Fix the parser"), play.edit("/code/app/parser.py"), play.run("pytest"), play.stop()],
    )
    bank.sweep(play.at_ns + 31 * MINUTE_NS)
    play.wait(60)

    late = play.run("pytest", status=1)
    bank.write(late)
    bank.sweep(late.at_ns + 31 * MINUTE_NS)

    detail = read_task(bank.db, 1)
    assert detail is not None
    assert [evidence.value < 0 for evidence in detail.evidence if evidence.kind is EvidenceKind.CHECK] == [
        True
    ]
    assert [evidence.kind for evidence in detail.withdrawn] == [EvidenceKind.CHECK]


def test_evidence_from_git_is_added_once(bank: Bank) -> None:
    play = Play()
    write_each(bank, [play.prompt("Fix the parser"), play.edit("/code/app/parser.py"), play.end()])
    kept = Evidence(kind=EvidenceKind.COMMIT_KEPT, at_ns=play.at_ns + 5, value=0.6, detail="abc123 stands")

    bank.write(EvidenceRecord(task_id=1, evidence=kept))
    bank.write(EvidenceRecord(task_id=1, evidence=kept))

    assert bank.value("SELECT count(*) FROM evidence WHERE kind = 'commit_kept'") == 1
    assert bank.value("SELECT probability > 0.5 FROM task") == 1


def test_evidence_for_an_unknown_task_is_refused(bank: Bank) -> None:
    kept = Evidence(kind=EvidenceKind.COMMIT_KEPT, at_ns=5, value=0.6)

    with pytest.raises(RecordError, match="there is no task 7"):
        bank.write(EvidenceRecord(task_id=7, evidence=kept))


def test_a_program_that_states_success_is_believed_as_evidence(bank: Bank) -> None:
    play = Play(keyed=False)

    write_each(
        bank, [play.prompt("Summarize"), play.stop(success=True, tokens_in=10, tokens_out=4), play.end()]
    )

    assert bank.rows("SELECT kind, value, stated FROM evidence") == [("statement", 1.0, 1)]
    assert bank.rows("SELECT label, tokens_input, tokens_output, cost_usd FROM task") == [
        ("success", 10, 4, None)
    ]


def test_a_late_prompt_takes_back_the_task_that_its_steps_had_opened(bank: Bank) -> None:
    play = Play()
    prompt = play.prompt("Fix the parser")
    step = play.run("pytest")

    bank.write(step)
    opened = bank.rows("SELECT id, started_ns FROM task")
    bank.write(prompt)

    assert opened == [(1, step.at_ns)]
    assert bank.rows("SELECT id, started_ns FROM task") == [(1, prompt.at_ns)]
    assert bank.rows("SELECT prompt FROM turn") == [("Fix the parser",)]


def test_tasks_that_a_late_prompt_joins_leave_an_alias(bank: Bank) -> None:
    play = Play()
    first = play.prompt("Add retry logic to the HTTP client in client/http.py")
    edit = play.edit("/code/app/client/http.py")
    later = play.prompt("now fix the failing test in tests/test_http.py")
    write_each(bank, [later])
    joined = bank.value("SELECT task_id FROM turn")
    bank.write(
        FeedbackRecord(
            nonce=b"g" * 16, at_ns=later.at_ns, feedback=Feedback(rating=Rating.GOOD, task_id=joined)
        )
    )

    write_each(bank, [edit, first])

    assert bank.value("SELECT count(*) FROM task") == 1
    detail = read_task(bank.db, joined)
    assert detail is not None
    assert detail.trajectory.turns[0].prompt.startswith("Add retry")
    assert bank.value("SELECT count(*) FROM feedback f JOIN task t ON t.id = f.task_id") == 1
