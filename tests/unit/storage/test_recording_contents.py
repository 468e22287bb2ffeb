from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from rbtest.bank import MINUTE_NS, Bank, Play, picture, write_each

from reasoningbank_daemon.storage.queries.tasks import read_task
from reasoningbank_daemon.storage.recording.state import RecordError
from reasoningbank_daemon.storage.records import (
    DecisionRecord,
    Embedded,
    EventRecord,
    RejectedRecord,
    RememberRecord,
    RetireRecord,
    Stamp,
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
from reasoningbank_schema.messages import Remember
from reasoningbank_schema.verdicts import EditVerdict, Label


def test_an_edit_is_stored_as_a_diff_with_its_verdict(bank: Bank) -> None:
    play = Play()
    prompt, edit = (
        play.prompt("Fix the parser"),
        play.edit("/code/app/p.py", before="a\nb\nc\n", after="a\nB\nc\n"),
    )
    verdict = EditVerdict(
        path="/code/app/p.py", language="python", label=Label.WORSE, score_after=80.0, content_sha256="0" * 64
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


def test_a_decision_is_stored_once_with_everything_it_was_computed_from(
    bank: Bank, meanwhile: Callable[[], None]
) -> None:
    play = Play()
    prompt = play.prompt("Fix the parser")

    bank.write(prompt)
    meanwhile()
    bank.write(_decision(prompt))
    bank.write(_decision(prompt))

    assert bank.rows("SELECT d.task_id, t.id = d.turn_id FROM decision d JOIN turn t") == [(1, 1)]
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
    play = Play(cwd="/code/app")
    start = play.record(SessionStarted(origin=play.origin()))
    play.cwd = "/elsewhere"
    prompt, end = play.prompt("Fix the parser"), play.end()

    write_each(bank, [prompt, end, start])

    assert bank.value("SELECT p.key FROM task t JOIN project p ON p.id = t.project_id") == "/code/app"


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
        nonce=b"r" * 16, at_ns=5, remember=Remember(text="Run make before pytest", cwd="/code/app")
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


def test_a_bare_copy_of_a_call_that_came_whole_is_a_copy_and_no_sample(bank: Bank) -> None:
    play = Play()
    whole = play.prompt("fix the parser")
    bare = RejectedRecord(
        nonce=whole.nonce,
        at_ns=whole.at_ns,
        host="claude-code",
        event="UserPromptSubmit",
        reason="empty",
        copy=True,
    )

    [first] = bank.write(whole)
    [second] = bank.write(bare)

    assert second == msgspec.structs.replace(first, copy=True)
    assert bank.value("SELECT count(*) FROM receipt") == 1
    assert bank.value("SELECT count(*) FROM rejected_event") == 0


def test_a_bare_copy_of_a_call_that_never_came_whole_is_kept_once(bank: Bank) -> None:
    play = Play()
    bank.write(play.prompt("fix the parser"))
    bare = RejectedRecord(
        nonce=b"n" * 16, at_ns=play.at_ns, host="claude-code", event="Stop", reason="empty", copy=True
    )

    bank.write(bare)
    bank.write(bare)

    assert bank.value("SELECT count(*) FROM rejected_event") == 1


def test_a_rolled_back_group_leaves_nothing_in_memory(bank: Bank) -> None:
    play = Play()
    prompt, edit = play.prompt("Fix the parser"), play.edit("/code/app/p.py")
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
    events = [play.prompt("Fix the parser"), play.edit("/code/app/p.py"), play.stop()]
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
