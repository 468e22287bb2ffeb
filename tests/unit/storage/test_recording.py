from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from rbtest.bank import MINUTE_NS, SECOND_NS, Bank, Play, picture, write_each

from reasoningbank_daemon.learning.trajectory import Evidence, EvidenceKind
from reasoningbank_daemon.storage.queries.tasks import read_task
from reasoningbank_daemon.storage.recording.state import RecordError
from reasoningbank_daemon.storage.records import (
    DecisionRecord,
    Embedded,
    EventRecord,
    EvidenceRecord,
    FeedbackRecord,
    RejectedRecord,
    RememberRecord,
    RetireRecord,
    Stamp,
    SweepRecord,
    UsageMessage,
    UsageRecord,
    VectorRecord,
    VerdictRecord,
)
from reasoningbank_schema.advice import INJECTED_OPEN, ModelSelection
from reasoningbank_schema.events import (
    CommandRun,
    FileEdited,
    FilesEdited,
    Hunk,
    ModelSwitched,
    SessionStarted,
)
from reasoningbank_schema.messages import Feedback, Rating, Remember
from reasoningbank_schema.verdicts import EditVerdict, Label


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    bank = Bank(tmp_path / "memory.db")
    yield bank
    assert bank.value("PRAGMA integrity_check") == "ok"
    assert bank.rows("PRAGMA foreign_key_check") == []
    bank.close()


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


def test_the_same_call_reported_by_two_installations_counts_once(bank: Bank) -> None:
    play = Play()
    prompt, command = play.prompt("Fix the parser"), play.run("pytest")
    by_plugin = [
        msgspec.structs.replace(record, via="plugin", nonce=b"plugin" + bytes([place]) + bytes(9))
        for place, record in enumerate((prompt, command))
    ]

    bank.write(prompt)
    twin_prompt = bank.write(by_plugin[0])[0]
    twin_command = bank.write(by_plugin[1])[0]
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


def test_a_copy_gets_the_first_receipt_even_when_its_bytes_were_redacted(bank: Bank) -> None:
    play = Play()
    bank.write(play.prompt("Fix the parser"))
    command = play.run("pytest")
    spooled = msgspec.structs.replace(command, fingerprint=b"other bytes 1234", copy=True)

    first = bank.write(command)[0]
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
            play.edit("/work/app/client/http.py"),
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
    write_each(bank, [play.prompt("Run the long test suite"), play.edit("/work/app/a.py")])
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
            play.edit("/work/app/parser.py"),
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
        [play.prompt("Fix the parser"), play.edit("/work/app/parser.py"), play.run("pytest"), play.end()],
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
        [play.prompt("Fix the parser"), play.edit("/work/app/parser.py"), play.run("pytest"), play.stop()],
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
    write_each(bank, [play.prompt("Fix the parser"), play.edit("/work/app/parser.py"), play.end()])
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
    edit = play.edit("/work/app/client/http.py")
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


def test_an_edit_is_stored_as_a_diff_with_its_verdict(bank: Bank) -> None:
    play = Play()
    prompt, edit = (
        play.prompt("Fix the parser"),
        play.edit("/work/app/p.py", before="a\nb\nc\n", after="a\nB\nc\n"),
    )
    verdict = EditVerdict(
        path="/work/app/p.py", language="python", label=Label.WORSE, score_after=80.0, content_sha256="0" * 64
    )

    write_each(
        bank,
        [prompt, edit, VerdictRecord(nonce=edit.nonce, host="claude-code", session_id="s1", verdict=verdict)],
    )

    detail = read_task(bank.db, 1)
    assert detail is not None
    assert detail.details[0].diff == "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c"
    assert detail.trajectory.steps[0].verdict == "worse"


def test_each_file_of_one_call_is_a_step_and_gets_its_own_verdict(bank: Bank) -> None:
    play = Play()
    bank.write(play.prompt("Fix the parser"))
    origin = play.origin()
    edits = tuple(
        FileEdited(origin=origin, tool="apply_patch", path=f"/p{i}.py", after="x\n", created=True)
        for i in range(3)
    )
    both = play.record(FilesEdited(origin=origin, edits=edits))
    verdict = EditVerdict(
        path="/p2.py", language="python", label=Label.BROKEN, score_after=0.0, content_sha256="0" * 64
    )

    bank.write(both)
    bank.write(VerdictRecord(nonce=both.nonce, host="claude-code", session_id="s1", verdict=verdict, index=2))

    assert bank.rows("SELECT path, verdict FROM step ORDER BY id") == [
        ("/p0.py", None),
        ("/p1.py", None),
        ("/p2.py", 0),
    ]


def test_a_verdict_without_its_edit_is_refused(bank: Bank) -> None:
    verdict = EditVerdict(
        path="/p.py", language="python", label=Label.SAME, score_after=0.0, content_sha256="0" * 64
    )

    with pytest.raises(RecordError, match="not in the bank"):
        bank.write(VerdictRecord(nonce=b"n" * 16, host="claude-code", session_id="s1", verdict=verdict))


def _decision(asked: EventRecord, *, applied: bool = False) -> DecisionRecord:
    return DecisionRecord(
        nonce=asked.nonce,
        host="claude-code",
        session_id="s1",
        at_ns=asked.at_ns,
        selection=ModelSelection(model="m", alias=None, tier="t", strategy="direct", evidence=3),
        inputs={"similar": [1, 2, 3]},
        config_sha256="c" * 64,
        code_version="0.1",
        models_version="2026-01",
        applied=applied,
    )


def test_a_decision_is_stored_once_with_everything_it_was_computed_from(bank: Bank) -> None:
    play = Play()
    prompt = play.prompt("Fix the parser")

    write_each(bank, [prompt, _decision(prompt), _decision(prompt)])

    detail = read_task(bank.db, 1)
    assert detail is not None
    assert len(detail.decisions) == 1
    decision = detail.decisions[0]
    assert (decision.model, decision.evidence, decision.config_sha256) == ("m", 3, "c" * 64)
    assert msgspec.json.decode(decision.detail)["inputs"] == {"similar": [1, 2, 3]}


def test_the_decision_for_a_subagent_belongs_to_its_child_task(bank: Bank) -> None:
    play = Play()
    prompt, asked = play.prompt("Delegate"), play.ask_subagent("toolu_1", "do it")

    write_each(
        bank, [prompt, asked, _decision(asked, applied=True), play.return_subagent("toolu_1", "agent-a")]
    )

    child = bank.value("SELECT id FROM task WHERE agent_id = 'agent-a'")
    assert bank.rows("SELECT task_id, applied FROM decision") == [(child, 1)]


def _usage(messages: tuple[UsageMessage, ...], *, offset: int, agent_id: str | None = None) -> UsageRecord:
    return UsageRecord(
        host="claude-code",
        session_id="s1",
        path=f"/t/{agent_id}.jsonl",
        byte_offset=offset,
        messages=messages,
        price_list="2026-01",
        agent_id=agent_id,
    )


def test_a_message_of_a_model_is_counted_once_however_often_it_is_reported(bank: Bank) -> None:
    play = Play()
    write_each(bank, [play.prompt("Fix the parser"), play.stop()])
    partial = UsageMessage(
        message_id="m1", at_ns=play.at_ns, model="claude-x", tokens_input=100, tokens_output=1, cost_usd=0.01
    )
    whole = msgspec.structs.replace(partial, tokens_output=50, cost_usd=0.02)

    write_each(
        bank, [_usage((partial,), offset=10), _usage((whole, whole), offset=20), _usage((whole,), offset=30)]
    )

    row = bank.rows("SELECT tokens_input, tokens_output, round(cost_usd, 6), model, price_list FROM task")
    assert row == [(100, 50, 0.02, "claude-x", "2026-01")]
    assert bank.value("SELECT byte_offset FROM transcript_cursor") == 30


@pytest.mark.parametrize("tokens", [-1, 10**12 + 1, 2**63])
def test_tokens_that_are_no_count_are_refused_whole(bank: Bank, tokens: int) -> None:
    play = Play()
    bank.write(play.prompt("Fix the parser"))

    with pytest.raises(RecordError, match="allowed: 0 to"):
        bank.write(play.stop(tokens_in=tokens))

    bank.recorder.forget()
    assert bank.rows("SELECT ended_ns, tokens_input FROM turn") == [(None, None)]


def test_a_judged_task_knows_how_it_was_worked_on_until_it_is_taken_up_again(bank: Bank) -> None:
    play = Play()
    bank.write(play.prompt("Fix the parser"), play.edit("/a.py"), play.run("pytest"), play.end())
    closed = bank.value("SELECT strategy FROM task")
    effects = bank.effects[-1]

    bank.write(play.prompt("continue"), play.run("ls"))
    play.turn -= 1
    again = bank.rows("SELECT closed_by IS NULL, strategy FROM task ORDER BY id DESC LIMIT 1")

    assert closed == "edit-then-check"
    assert [change.after.strategy for change in effects.tasks if change.after] == ["edit-then-check"]
    assert again == [(1, None)]


def test_a_sweep_closes_the_longest_idle_tasks_and_leaves_the_rest_to_the_next_one(bank: Bank) -> None:
    for number in range(130):
        play = Play(f"s{number}")
        play.wait(number)
        bank.write(play.prompt("Fix the parser"))
    later_ns = play.at_ns + 31 * MINUTE_NS

    bank.sweep(later_ns)
    first = bank.rows("SELECT id FROM task WHERE ended_ns IS NOT NULL ORDER BY id")
    bank.sweep(later_ns)

    assert first == [(number,) for number in range(1, 101)]
    assert bank.value("SELECT count(*) FROM task WHERE ended_ns IS NULL") == 0


def test_a_late_prompt_has_its_neighbours_judged_again_and_no_other_task(bank: Bank) -> None:
    play = Play(keyed=False)
    for number in range(30):
        bank.write(play.prompt(f"Write module number {number} from scratch"), play.run("pytest"), play.stop())
        play.wait(45 * 60)
    late = Play(keyed=False, at_ns=bank.value("SELECT started_ns FROM task WHERE id = 15") + 20 * MINUTE_NS)
    last = bank.value("SELECT max(judged_ns) FROM task")
    record = msgspec.structs.replace(late.prompt("Something else entirely"), nonce=bytes(16))

    bank.write(record, play.prompt("And now the release"))

    again = [row[0] for row in bank.rows("SELECT id FROM task WHERE judged_ns > ? ORDER BY started_ns", last)]
    assert again == [15, 32, 30]  # 31 is the open one
    assert bank.value("SELECT count(*) FROM task") == 32


def test_a_cost_that_is_partly_unknown_is_null_with_its_reason(bank: Bank) -> None:
    play = Play()
    write_each(bank, [play.prompt("Fix the parser"), play.stop()])
    known = UsageMessage(message_id="m1", at_ns=play.at_ns, model="a", tokens_output=1, cost_usd=0.01)
    unknown = UsageMessage(
        message_id="m2", at_ns=play.at_ns, model="b", tokens_output=1, cost_unknown="no price for b"
    )

    bank.write(_usage((known, unknown), offset=10))

    assert bank.rows("SELECT cost_usd, cost_unknown, tokens_output FROM task") == [
        (None, "no price for b", 2)
    ]


def test_a_subagents_usage_is_its_own(bank: Bank) -> None:
    play = Play()
    write_each(
        bank,
        [
            play.prompt("Delegate"),
            play.ask_subagent("toolu_1", "x"),
            play.return_subagent("toolu_1", "agent-a"),
        ],
    )
    message = UsageMessage(message_id="m9", at_ns=play.at_ns, model="small", tokens_output=7, cost_usd=0.5)

    bank.write(_usage((message,), offset=10, agent_id="agent-a"))

    assert bank.rows("SELECT agent_id, cost_usd, model FROM task ORDER BY id") == [
        (None, None, None),
        ("agent-a", 0.5, "small"),
    ]


def test_the_project_is_that_of_the_first_working_directory(bank: Bank) -> None:
    play = Play(cwd="/work/app")
    start = play.record(SessionStarted(origin=play.origin()))
    play.cwd = "/elsewhere"
    prompt, end = play.prompt("Fix the parser"), play.end()

    write_each(bank, [prompt, end, start])

    assert bank.value("SELECT p.key FROM task t JOIN project p ON p.id = t.project_id") == "/work/app"


def test_a_switch_of_model_counts_for_the_task_under_way(bank: Bank) -> None:
    play = Play()

    write_each(
        bank, [play.prompt("Fix it"), play.record(ModelSwitched(origin=play.origin(), to_model="big"))]
    )

    assert bank.value("SELECT model FROM task") == "big"


def test_secrets_reach_no_page_of_the_bank(bank: Bank) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    play = Play()
    hunk = Hunk(old_start=1, old_lines=1, new_start=1, new_lines=1, lines=("-x", f"+token = '{secret}'"))
    write_each(
        bank,
        [
            play.prompt(f"use {secret} please"),
            play.run(f"curl -H 'x: {secret}'", stdout=f"echo {secret}"),
            play.edit("/a.py", after=f"token = '{secret}'\n"),
            play.record(FileEdited(origin=play.origin(), tool="Edit", path="/b.py", patch=(hunk,))),
            play.stop(f"used {secret}"),
            play.end(),
            RememberRecord(nonce=b"r" * 16, at_ns=play.at_ns, remember=Remember(text=f"the key is {secret}")),
            RejectedRecord(nonce=b"x" * 16, at_ns=1, host="h", event="e", reason="r", sample=secret.encode()),
        ],
    )

    texts = [str(value) for value in bank.rows("SELECT prompt, last_message FROM turn")]
    bank.db.wal_checkpoint()
    raw = bank.path.read_bytes()

    assert secret.encode() not in raw
    assert all(secret not in text for text in texts)
    detail = read_task(bank.db, 1)
    assert detail is not None
    assert secret not in repr(detail)


def test_what_was_injected_is_never_stored_as_experience(bank: Bank) -> None:
    play = Play()
    injected = f"{INJECTED_OPEN} From an earlier task: use tabs."

    write_each(bank, [play.prompt(f"{injected}\n\nFix the parser"), play.run("cat x", stdout=injected)])

    assert bank.value("SELECT prompt FROM turn") == "Fix the parser"
    assert bank.value("SELECT output FROM step") is None
    with pytest.raises(RecordError, match="nothing to remember"):
        bank.write(RememberRecord(nonce=b"r" * 16, at_ns=1, remember=Remember(text=injected)))


def test_remembered_text_is_an_experience_until_it_is_retired(bank: Bank) -> None:
    told = RememberRecord(
        nonce=b"r" * 16, at_ns=5, remember=Remember(text="Run make before pytest", cwd="/work/app")
    )

    receipt, again = bank.write(told)[0], bank.write(told)[0]
    bank.write(RetireRecord(experience_ids=(receipt.experience_id or 0,), at_ns=9, reason="outdated"))

    assert bank.effects[0].experiences[0].text == "Run make before pytest"
    assert again.experience_id == receipt.experience_id
    assert again.copy
    assert bank.effects[-1].retired == (receipt.experience_id,)
    assert bank.value("SELECT retired_why FROM experience") == "outdated"


def test_a_vector_of_the_wrong_size_is_refused(bank: Bank) -> None:
    stamp = Stamp(model="hash", dimension=4, version="1")
    bank.write(
        VectorRecord(stamp=stamp, owner="experience", vectors=(Embedded(owner_id=1, vector=bytes(8)),))
    )

    with pytest.raises(RecordError, match="8 bytes, this one 6"):
        bank.write(
            VectorRecord(stamp=stamp, owner="experience", vectors=(Embedded(owner_id=2, vector=bytes(6)),))
        )


def test_only_the_newest_rejected_events_are_kept(bank: Bank) -> None:
    rejected = [
        RejectedRecord(nonce=number.to_bytes(16, "big"), at_ns=number, host="h", event="e", reason="unknown")
        for number in range(1 << 40, (1 << 40) + 3)
    ]
    bank.db.execute("INSERT INTO rejected_event VALUES (5000, 0, 'h', 'e', 'old', 0, '')")

    bank.write(*(msgspec.structs.replace(record, nonce=bytes([i]) * 16) for i, record in enumerate(rejected)))
    bank.db.execute("UPDATE rejected_event SET id = id + 1000 WHERE id > 5000")
    bank.write(RejectedRecord(nonce=b"z" * 16, at_ns=1, host="h", event="e", reason="new"))

    assert bank.value("SELECT count(*) FROM rejected_event WHERE reason = 'old'") == 0
    assert bank.value("SELECT count(*) FROM rejected_event WHERE reason = 'new'") == 1


def test_a_rolled_back_group_leaves_nothing_in_memory(bank: Bank) -> None:
    play = Play()
    prompt, edit = play.prompt("Fix the parser"), play.edit("/work/app/p.py")
    bad = VerdictRecord(
        nonce=b"n" * 16,
        host="claude-code",
        session_id="s1",
        verdict=EditVerdict(path="", language="", label=Label.SAME, score_after=0.0, content_sha256=""),
    )

    with pytest.raises(RecordError):
        bank.write(prompt, edit, bad)
    bank.recorder.forget()
    bank.write(prompt, edit)

    assert bank.rows("SELECT id FROM task") == [(1,)]
    assert bank.value("SELECT value FROM meta WHERE name = 'sequence'") == 2


def test_a_session_that_left_memory_is_read_back_as_it_was(bank: Bank) -> None:
    play = Play()
    events = [play.prompt("Fix the parser"), play.edit("/work/app/p.py"), play.stop()]
    write_each(bank, events)
    bank.recorder.forget()

    write_each(bank, [play.prompt("yes, continue"), play.run("pytest"), play.end()])

    assert len(picture(bank)) == 1
    assert bank.value("SELECT closed_by FROM task") == "session_end"


def test_long_texts_are_cut_with_a_mark(bank: Bank) -> None:
    play = Play()
    output = "\n".join(f"line {number}" for number in range(2000))

    write_each(
        bank,
        [
            play.prompt("x" * 50_000),
            play.record(CommandRun(origin=play.origin(), command="c", stdout=output)),
        ],
    )

    detail = read_task(bank.db, 1)
    assert detail is not None
    assert "characters cut" in detail.trajectory.goal
    assert len(detail.trajectory.goal) < 8_100
    assert detail.trajectory.steps[0].output.endswith("line 1999")
    assert "characters cut" in detail.trajectory.steps[0].output
