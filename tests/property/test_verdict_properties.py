"""What holds for every edit: scores, moved code, the agent's text, frames on a pipe."""

from __future__ import annotations

import hashlib
import math
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.quality.edit import content_sha256, readable_text
from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.engines.plain_text import PlainTextEngine
from reasoningbank_daemon.quality.judging.advice import MOST_CHARACTERS, MOST_ISSUES, advice_text
from reasoningbank_daemon.quality.judging.comparison import Analysis, compare
from reasoningbank_daemon.quality.judging.judge import EngineReport, judge
from reasoningbank_daemon.quality.judging.scoring import score
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.processes.rpc import FrameReader, frame
from reasoningbank_schema.verdicts import Category, EditVerdict, Label, Severity

any_text = st.text(st.characters(exclude_categories=[]), max_size=200)
line_texts = st.sampled_from(["alpha()", "beta = 1", "gamma", "  delta(x)", "", "eval(y)"])


@st.composite
def issues(draw: st.DrawFn, lines: int = 12) -> RawIssue:
    return RawIssue(
        line=draw(st.integers(1, lines)),
        column=draw(st.integers(1, 5)),
        rule=draw(st.sampled_from(["R1", "R2", "R3"])),
        category=draw(st.sampled_from(Category)),
        severity=draw(st.sampled_from(Severity)),
        message=draw(st.text(max_size=300)),
        suggestion=draw(st.text(max_size=300)),
        engine=draw(st.sampled_from(["one", "two"])),
        approximate=draw(st.booleans()),
    )


@st.composite
def analyses(draw: st.DrawFn) -> Analysis:
    lines = draw(st.lists(line_texts, min_size=1, max_size=12))
    document = Document(path="src/a.c", language=Language.C, text="\n".join(lines))
    return Analysis(document=document, issues=tuple(draw(st.lists(issues(len(lines)), max_size=15))))


def verdict_on(before: Analysis | None, after: Analysis) -> EditVerdict:
    return judge(before, after, content_sha256="0" * 64, report=EngineReport())


@given(st.lists(issues(), min_size=1), st.data())
def test_removing_an_issue_never_lowers_the_score(found: list[RawIssue], data: st.DataObject) -> None:
    gone = data.draw(st.integers(0, len(found) - 1))

    rest = found[:gone] + found[gone + 1 :]

    assert 0.0 < score(found) <= score(rest) <= 100.0


@given(st.lists(issues()), st.randoms(use_true_random=False))
def test_score_does_not_depend_on_the_order(found: list[RawIssue], random: Random) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)

    assert math.isclose(score(found), score(shuffled), abs_tol=0.01)


@given(analyses())
def test_edit_that_changes_nothing_is_the_same(analysis: Analysis) -> None:
    verdict = verdict_on(analysis, analysis)

    assert (verdict.label, verdict.issues, verdict.fixed) == (Label.SAME, (), 0)


@given(analyses(), st.integers(1, 5), st.integers(0, 8))
def test_block_that_moves_or_is_indented_keeps_its_issues(analysis: Analysis, down: int, indent: int) -> None:
    moved_text = "\n" * down + "\n".join(" " * indent + line for line in analysis.document.text.split("\n"))
    moved = Analysis(
        document=Document(path="src/a.c", language=Language.C, text=moved_text),
        issues=tuple(msgspec.structs.replace(each, line=each.line + down) for each in analysis.issues),
    )

    verdict = verdict_on(analysis, moved)

    assert (verdict.label, verdict.issues, verdict.fixed) == (Label.SAME, (), 0)


@given(analyses(), analyses())
def test_every_issue_after_is_either_new_or_stood_before(before: Analysis, after: Analysis) -> None:
    result = compare(before, after)

    assert len(result.new) + len(result.standing) == len(after.issues)
    assert len(result.fixed) <= len(before.issues)


@given(st.none() | analyses(), analyses())
def test_verdict_is_worse_exactly_when_more_than_notes_are_new(
    before: Analysis | None, after: Analysis
) -> None:
    verdict = verdict_on(before, after)

    above_notes = [each for each in verdict.issues if each.severity is not Severity.NOTE]
    assert (verdict.label in (Label.WORSE, Label.BROKEN)) == bool(above_notes)


@given(st.none() | analyses(), analyses())
def test_agent_hears_something_short_exactly_when_it_got_worse(
    before: Analysis | None, after: Analysis
) -> None:
    verdict = verdict_on(before, after)

    text = advice_text(verdict)

    assert (text is not None) == (verdict.label in (Label.WORSE, Label.BROKEN))
    assert text is None or (len(text) <= MOST_CHARACTERS and text.count("\n") <= MOST_ISSUES + 1)


@given(any_text)
def test_any_text_can_be_read_and_has_a_digest(text: str) -> None:
    readable = readable_text(text)

    assert len(content_sha256(text)) == 64
    assert "\r" not in readable
    readable.encode("utf-8")


@given(st.binary(max_size=300))
def test_any_bytes_have_the_digest_of_the_bytes(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")

    assert content_sha256(text) == hashlib.sha256(data).hexdigest()


@given(any_text, st.sampled_from([None, *Language]))
def test_plain_text_engine_answers_for_any_text(text: str, language: Language | None) -> None:
    document = Document(path="a", language=language, text=readable_text(text))

    found = PlainTextEngine().analyse(document, math.inf)

    assert all(1 <= each.line <= document.text.count("\n") + 1 and each.column >= 1 for each in found)


@given(st.lists(st.binary(max_size=50), max_size=6), st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_frames_are_read_however_the_stream_is_cut(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, payloads))
    reader = FrameReader()
    read: list[bytes] = []

    position = 0
    for cut in cuts:
        read += reader.feed(stream[position : position + cut])
        position += cut
    read += reader.feed(stream[position:])

    assert read == payloads
