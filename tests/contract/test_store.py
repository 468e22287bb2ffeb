"""What every store promises; a new back end is added to ``OPENERS`` and must pass all of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rbtest.bank import Play, folder_as_project, real_rules, scratch_paths

from reasoningbank_daemon.learning.tally import Observation, Tallies, TallyKey
from reasoningbank_daemon.learning.trajectory import Judgement
from reasoningbank_daemon.learning.trajectory import Label as TaskLabel
from reasoningbank_daemon.storage.records import (
    Effects,
    Embedded,
    Outcome,
    RememberRecord,
    RetireRecord,
    SettingRecord,
    Stamp,
    TaskSummary,
    UsageMessage,
    UsageRecord,
    VectorRecord,
    VerdictRecord,
)
from reasoningbank_daemon.storage.store import SqliteStore
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.events import CommandRun
from reasoningbank_schema.messages import Remember
from reasoningbank_schema.verdicts import EditVerdict, Label

Opener = Callable[..., SqliteStore]


def _open_sqlite(folder: Path, *, effects: list[Effects], queue_limit: int = 1000) -> SqliteStore:
    return SqliteStore(
        scratch_paths(folder),
        rules=real_rules(),
        project_key=folder_as_project,
        on_commit=effects.append,
        queue_limit=queue_limit,
    )


OPENERS: dict[str, Opener] = {"sqlite": _open_sqlite}


class Opened:
    """A store with what it told so far."""

    def __init__(self, opener: Opener, folder: Path) -> None:
        self.opener, self.folder = opener, folder
        self.effects: list[Effects] = []
        self.outcomes: list[Outcome] = []
        self.store = opener(folder, effects=self.effects)

    def submit(self, *records: object) -> None:
        for record in records:
            self.store.submit(record, self.outcomes.append)  # type: ignore[arg-type]  # each test gives records

    def settled(self) -> list[Outcome]:
        assert self.store.flush(timeout_s=30)
        return self.outcomes

    def reopen(self) -> None:
        assert self.store.close()
        self.store = self.opener(self.folder, effects=self.effects)


@pytest.fixture(params=sorted(OPENERS))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(OPENERS[request.param], tmp_path)
    yield opened
    assert opened.store.close()


def _remember(text: str, number: int) -> RememberRecord:
    return RememberRecord(nonce=number.to_bytes(16, "big"), at_ns=number, remember=Remember(text=text))


def test_what_is_answered_stored_is_there_after_reopening(opened: Opened) -> None:
    play = Play()
    opened.submit(
        play.prompt("Fix the parser"), play.edit("/a.py"), play.run("pytest"), play.stop(), play.end()
    )

    outcomes = opened.settled()
    opened.reopen()

    assert [outcome.stored for outcome in outcomes] == [Stored.STORED] * 5
    detail = opened.store.task(1)
    assert detail is not None
    assert detail.trajectory.goal == "Fix the parser"
    assert len(detail.trajectory.steps) == 2
    assert opened.store.counts().sequence == 5
    assert opened.store.warnings == ()


def test_sequences_follow_the_order_of_submission(opened: Opened) -> None:
    opened.submit(*(_remember(f"fact {number}", number) for number in range(1, 200)))

    sequences = [outcome.receipt.sequence for outcome in opened.settled() if outcome.receipt]

    assert sequences == list(range(1, 200))


def test_many_threads_lose_nothing(opened: Opened) -> None:
    def submit(part: int) -> None:
        for number in range(100):
            opened.submit(_remember(f"fact {part}-{number}", part * 1000 + number + 1))

    threads = [threading.Thread(target=submit, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {outcome.stored for outcome in opened.settled()} == {Stored.STORED}
    assert opened.store.counts().experiences == 800


def test_a_nonce_is_stored_once_and_gets_its_receipt_again(opened: Opened) -> None:
    opened.submit(_remember("one fact", 7), _remember("one fact", 7))

    first, second = opened.settled()

    assert first.receipt is not None
    assert second.receipt is not None
    assert (second.receipt.sequence, second.receipt.copy) == (first.receipt.sequence, True)
    assert opened.store.counts().experiences == 1


def test_a_bad_record_does_not_sink_the_others_of_its_group(opened: Opened) -> None:
    verdict = EditVerdict(path="", language="", label=Label.SAME, score_after=0.0, content_sha256="")
    bad = VerdictRecord(nonce=b"n" * 16, host="h", session_id="s", verdict=verdict)

    opened.submit(_remember("before", 1), bad, _remember("after", 2))

    stored = [outcome.stored for outcome in opened.settled()]
    assert stored == [Stored.STORED, Stored.REFUSED, Stored.STORED]
    assert "not in the bank" in opened.outcomes[1].reason
    assert opened.store.counts().experiences == 2


def test_a_record_that_is_no_text_is_refused_and_a_sample_kept(opened: Opened) -> None:
    play = Play(cwd="/code/\udcff")

    opened.submit(play.prompt("Fix the parser"), _remember("after", 2))

    assert [outcome.stored for outcome in opened.settled()] == [Stored.REFUSED, Stored.STORED]
    assert opened.store.counts().tasks == 0


def test_effects_are_told_after_the_answer_is_durable(opened: Opened) -> None:
    opened.submit(_remember("one fact", 1))
    opened.settled()

    assert [document.text for effects in opened.effects for document in effects.experiences] == ["one fact"]
    assert opened.effects[-1].sequence == opened.store.counts().sequence


def test_a_closed_store_takes_nothing_and_says_so(opened: Opened) -> None:
    assert opened.store.close()

    opened.submit(_remember("too late", 1))

    assert opened.outcomes[0].stored is Stored.NOT_STORED
    assert "closing" in opened.outcomes[0].reason


def test_closing_stores_what_waits(opened: Opened) -> None:
    opened.submit(*(_remember(f"fact {number}", number) for number in range(1, 300)))

    opened.reopen()

    assert {outcome.stored for outcome in opened.outcomes} == {Stored.STORED}
    assert opened.store.counts().experiences == 299


def test_a_full_queue_refuses_at_once(tmp_path: Path) -> None:
    effects: list[Effects] = []
    outcomes: list[Outcome] = []
    held, entered = threading.Event(), threading.Event()
    store = _open_sqlite(tmp_path, effects=effects, queue_limit=3)

    def hold(_: Outcome) -> None:
        entered.set()
        held.wait(30)

    store.submit(_remember("holds the writer", 1), hold)
    entered.wait(30)
    for number in range(2, 8):
        store.submit(_remember("waits", number), outcomes.append)
    refused = [outcome for outcome in outcomes if outcome.stored is Stored.NOT_STORED]
    held.set()
    store.close()

    assert len(refused) == 3
    assert "wait already" in refused[0].reason
    assert len(outcomes) == 6


def test_a_callback_that_fails_harms_nobody(opened: Opened) -> None:
    def fail(_: Outcome) -> None:
        raise RuntimeError("a defect of the caller")

    opened.store.submit(_remember("one", 1), fail)
    opened.submit(_remember("two", 2))

    assert [outcome.stored for outcome in opened.settled()] == [Stored.STORED]


def test_settings_are_set_and_removed(opened: Opened) -> None:
    opened.submit(SettingRecord(name="embedder", value="minilm"))
    opened.settled()
    before = opened.store.setting("embedder")
    opened.submit(SettingRecord(name="embedder", value=None))
    opened.settled()

    assert before == "minilm"
    assert opened.store.setting("embedder") is None


def test_vectors_are_kept_apart_by_their_stamp(opened: Opened) -> None:
    one, other = (Stamp(model=model, dimension=2, version="1") for model in ("a", "b"))
    opened.submit(
        _remember("one", 1),
        _remember("two", 2),
        VectorRecord(stamp=one, owner="experience", vectors=(Embedded(owner_id=1, vector=b"1234"),)),
        VectorRecord(stamp=one, owner="experience", vectors=(Embedded(owner_id=1, vector=b"5678"),)),
        VectorRecord(stamp=other, owner="experience", vectors=(Embedded(owner_id=2, vector=b"abcd"),)),
    )
    opened.settled()

    assert opened.store.vectors_of(one, "experience", [1, 2, 3]) == {1: b"5678"}
    assert opened.store.vectors_of(other, "experience", [1, 2, 3]) == {2: b"abcd"}


def test_documents_come_in_the_order_of_change(opened: Opened) -> None:
    opened.submit(*(_remember(f"fact {number}", number) for number in range(1, 6)))
    opened.settled()

    later = list(opened.store.documents(since_sequence=3))

    assert [document.text for document in later] == ["fact 4", "fact 5"]
    assert [document.sequence for document in later] == [4, 5]
    assert opened.store.experiences([4, 99])[4].kind == "told"


def test_changes_between_two_places_are_counted_and_come_in_pieces(opened: Opened) -> None:
    opened.submit(*(_remember(f"fact {number}", number) for number in range(1, 8)))
    opened.submit(RetireRecord(experience_ids=(4,), at_ns=1, reason="wrong"))
    opened.settled()

    first = opened.store.changed_between((2, 99), 6, limit=2)
    rest = opened.store.changed_between((first[-1].sequence, first[-1].id), 6, limit=2)

    assert [document.text for document in (*first, *rest)] == ["fact 3", "fact 5", "fact 6"]
    assert opened.store.count_changed((2, 99), 6) == 3
    assert opened.store.changed_between((6, 6), 6, limit=2) == ()


def test_documents_of_a_large_bank_come_each_once_and_in_order(opened: Opened) -> None:
    opened.submit(*(_remember(f"fact {number}", number) for number in range(1, 703)))
    opened.settled()

    everything = list(opened.store.documents())

    assert [document.sequence for document in everything] == list(range(1, 703))


def test_sampled_goals_are_spread_over_the_bank_and_the_same_each_time(opened: Opened) -> None:
    for number in range(60):
        play = Play(f"session-{number}", cwd=f"/code/app{number // 30}")
        opened.submit(play.prompt(f"Fix number {number}"), play.edit("/a.py"), play.end())
    opened.submit(_remember("no task's goal", 1))
    opened.settled()

    everything = opened.store.sample_goals(limit=100)
    some = opened.store.sample_goals(limit=20)

    assert [goal[1:] for goal in everything] == [
        (1 + number // 30, f"Fix number {number}") for number in range(60)
    ]
    assert opened.store.projects_of([goal[0] for goal in everything]) == {
        experience: project for experience, project, _ in everything
    }
    assert 15 <= len(some) <= 20
    assert set(some) < set(everything)
    assert {project for _, project, _ in some} == {1, 2}
    assert opened.store.sample_goals(limit=20) == some


def _usage(play: Play, model: str) -> UsageRecord:
    used = UsageMessage(message_id=f"m-{play.key}", at_ns=play.at_ns, model=model, cost_usd=0.25)
    return UsageRecord(
        host="claude-code",
        session_id=play.key,
        path=f"/t/{play.key}.jsonl",
        byte_offset=1,
        messages=(used,),
        price_list="2026-01",
    )


def test_sums_over_models_agree_with_the_tasks(opened: Opened) -> None:
    for number in range(4):
        play = Play(f"session-{number}", cwd=f"/code/app{number % 2}")
        opened.submit(play.prompt("Fix it"), play.edit("/a.py"), play.run("pytest", status=number // 3))
        opened.submit(_usage(play, "small" if number else "large"), play.end())
    opened.settled()

    sums = Tallies.of_sums(opened.store.tallies())

    assert {outcome.stored for outcome in opened.outcomes} == {Stored.STORED}
    latest = {
        change.after.id: change.after
        for effects in opened.effects
        for change in effects.tasks
        if change.after
    }
    summaries = [latest[task_id] for task_id in sorted(latest)]
    assert [(summary.model, summary.cost_usd) for summary in summaries] == [
        ("large", 0.25),
        *[("small", 0.25)] * 3,
    ]
    assert sums == Tallies().add_all(map(_observed, summaries))


def _observed(summary: TaskSummary) -> Observation:
    assert summary.model is not None
    return Observation(
        key=TallyKey(project_id=summary.project_id, kind=summary.kind, model=summary.model),
        judgement=Judgement(label=TaskLabel(summary.label), probability=summary.probability),
        duration_s=summary.duration_s,
        cost_usd=summary.cost_usd,
    )


def test_a_number_of_more_than_64_bits_is_refused_and_nothing_beside_it(opened: Opened) -> None:
    play = Play()
    huge = play.record(CommandRun(origin=play.origin(), command="pytest", exit_status=0, duration_ms=2**63))

    opened.submit(play.prompt("Fix it"), huge, play.run("pytest"), play.end())

    assert [outcome.stored for outcome in opened.settled()] == [
        Stored.STORED,
        Stored.REFUSED,
        Stored.STORED,
        Stored.STORED,
    ]
    assert "64 bits" in opened.outcomes[1].reason
    assert opened.store.counts().rejected == 0
    detail = opened.store.task(1)
    assert detail is not None
    assert len(detail.trajectory.steps) == 1


def test_tasks_that_committed_are_found(opened: Opened) -> None:
    play = Play()
    opened.submit(play.prompt("Fix it"), play.edit("/a.py"), play.run("git commit -am 'Fix it'"), play.end())
    other = Play("s2")
    opened.submit(other.prompt("Explain it"), other.run("git status"), other.end())
    opened.settled()

    (found,) = opened.store.tasks_with_commits(since_ns=0)

    assert (found.id, found.project_key) == (1, "/code/app")
