"""``reasoningbank demo``: play a recorded task through the real hook program and daemon, in a scratch bank.

The recording is `demo_task.json`: two sessions of a real agent as its hooks received them. The second one's
prompt is like the first one's task, so that it shows what an agent is told before a task.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from reasoningbank_daemon.cli import asking, wording
from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.daemon_process import daemon_command, own_command
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.hooks import hook_program
from reasoningbank_daemon.cli.parsing import Command
from reasoningbank_daemon.cli.reading import open_bank
from reasoningbank_daemon.cli.tasks import describe_task
from reasoningbank_daemon.services.folders import prepare_folders
from reasoningbank_daemon.storage import sqlite
from reasoningbank_daemon.storage.queries.tasks import TaskDetail, read_task, recent_tasks
from reasoningbank_daemon.storage.queries.upkeep import transcript_offset
from reasoningbank_hooks.installer.plan import Plan, apply, only_changes, read_file
from reasoningbank_hooks.installer.program import program_files
from reasoningbank_schema.paths import resolve_paths

RECORDING = Path(__file__).with_name("demo_task.json")
START_TIMEOUT_S, ENGINES_TIMEOUT_S = 60.0, 30.0
STOP_TIMEOUT_S = 30.0
SETTLE_TIMEOUT_S = 20.0
_WIDTH = 100
_INTRODUCTION = """\
Two recorded sessions of Claude Code, played through the real hook program and
daemon in a scratch bank; your own bank and your agent's settings are not
touched. Each line is an event of the agent: "." where ReasoningBank stores it
and stays silent, ">" where it has something to say."""
_RECORD_WIDTH = 140


class RecordedStep(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one hook event, and the lines by which transcripts had grown when it happened."""

    event: str
    payload: dict[str, Any]  # the host's own JSON, passed on as it is
    transcripts: dict[str, list[dict[str, Any]]] = {}


class RecordedSession(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one session of the recording."""

    title: str
    steps: tuple[RecordedStep, ...]


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the recording; ``@HOME@`` in it stands for a home folder, ``@NOW@`` for the time of a line."""

    about: str
    host: str
    sessions: tuple[RecordedSession, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``demo``."""
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder and show where it is")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Play the recording, show each answer, then what was stored."""
    # A socket's path has 107 bytes: not below a user's TMPDIR, which may be long.
    folder = Path(tempfile.mkdtemp(prefix="rb-demo-", dir="/tmp"))
    try:
        scratch = _scratch(context, folder)
        recording = load_recording(folder)
        context.say(_INTRODUCTION)
        with running_daemon(scratch):
            for session in recording.sessions:
                play(scratch, recording.host, session)
            details = _settled_tasks(scratch, recording)
        _show_stored(context, details)
    finally:
        if arguments.keep:
            context.say(
                f"The scratch bank is kept: RB_HOME={folder} {own_command(context.environment)} status"
            )
        else:
            shutil.rmtree(folder, ignore_errors=True)
    context.say()
    context.say("Now with your own agent:")
    context.say(f"  {own_command(context.environment)} hooks install claude-code")
    return ExitCode.OK


def load_recording(home: Path) -> Recording:
    """Read the recording with ``home`` in the place of the recorded home folder."""
    text = RECORDING.read_text(encoding="utf-8").replace("@HOME@", str(home))
    return msgspec.json.decode(text, type=Recording)


def play(context: Context, host: str, session: RecordedSession) -> None:
    """Send a session's events one by one through the hook program and show what it answers."""
    context.say()
    context.say(f"--- {session.title} ---")
    for step in session.steps:
        _grow_transcripts(step, context.now_ns())
        answer = call_hook(context, host, step)
        if step.event == "SessionStart":
            _wait_for_engines(context)
        context.say(f"{'.' if not answer else '>'} {describe_step(step)}")
        for line in describe_answer(answer):
            context.say(f"    {line}")


def call_hook(context: Context, host: str, step: RecordedStep) -> bytes:
    """Run the installed hook program as the agent would and return what it printed."""
    done = subprocess.run(
        [str(context.paths.hook_dir / "rb-hook"), host, step.event],
        input=json.dumps(step.payload, ensure_ascii=False).encode(),
        capture_output=True,
        check=False,
        timeout=30,
        env={"PATH": "/usr/bin:/bin"},
    )
    if done.returncode != 0 or done.stderr:
        raise CommandError(
            f"the hook program failed at {step.event}: exit {done.returncode}, "
            f"{done.stderr.decode('utf-8', 'replace')[:500]}",
            next_step="reasoningbank doctor",
        )
    return done.stdout


def describe_step(step: RecordedStep) -> str:
    """Write one event in a line."""
    payload = step.payload
    tool = payload.get("tool_name", "")
    given: dict[str, Any] = payload.get("tool_input", {})
    what = (
        payload.get("prompt")
        or given.get("command")
        or given.get("file_path", "").rpartition("/")[2]
        or given.get("description")
        or payload.get("last_assistant_message")
        or ""
    )
    name = f"{step.event}:{tool}" if tool else step.event
    return f"{name:<24} {wording.shorten(str(what), _WIDTH - 25)}".rstrip()


def describe_answer(answer: bytes) -> Iterator[str]:
    """Yield what an answer means: who is told what; nothing for silence."""
    if not answer:
        return
    document = json.loads(answer)
    specific = document.get("hookSpecificOutput", {})
    if context := specific.get("additionalContext"):
        yield "-> the model is told:"
        yield from (f"   | {line}" for line in str(context).splitlines())
    if message := document.get("systemMessage"):
        yield f"-> you are told: {message}"
    if changed := specific.get("updatedInput"):
        yield f"-> the subagent's model becomes {changed.get('model')}"


@contextmanager
def running_daemon(context: Context) -> Iterator[None]:
    """Run a daemon of our own for a block; it is stopped and reaped whatever happens."""
    log = context.home / "daemon.out"
    with log.open("wb") as output:
        process = subprocess.Popen(
            daemon_command(),
            cwd="/",
            env=dict(context.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_for_answer(context, process, log)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_engines(context: Context) -> None:
    """Wait until edits are judged: between its first event and its first edit a real agent thinks for longer than that.

    Where the daemon's log does not say so in time, the demonstration goes on and shows what there is.
    """
    log = context.paths.logs / "daemon.log"
    end_s = context.monotonic_s() + ENGINES_TIMEOUT_S
    while context.monotonic_s() < end_s:
        if log.is_file() and any(said in log.read_bytes() for said in (b'"judge_warm"', b'"judge_not_warm"')):
            return
        context.pause(0.05)


def _wait_for_answer(context: Context, process: subprocess.Popen[bytes], log: Path) -> None:
    end_s = context.monotonic_s() + START_TIMEOUT_S
    while asking.answering_pid(context) is None:
        code = process.poll()
        if code is not None or context.monotonic_s() > end_s:
            said = log.read_text(encoding="utf-8", errors="replace").strip()
            happened = "did not answer in time" if code is None else f"ended with exit code {code}"
            raise CommandError(
                f"the demonstration's daemon {happened}:\n{said}", next_step="reasoningbank doctor"
            )
        context.pause(0.05)


def _scratch(context: Context, folder: Path) -> Context:
    """Set up a bank, a home and a hook program in ``folder``, apart from the user's own."""
    environment = {key: value for key, value in context.environment.items() if not key.startswith("XDG_")}
    environment |= {"RB_HOME": str(folder), "HOME": str(folder)}
    scratch = context._replace(
        environment=environment, home=folder, cwd=folder, paths=resolve_paths(environment, home=folder)
    )
    prepare_folders(scratch.paths)
    program = hook_program(scratch, starts_daemon=False)
    plan = Plan(
        changes=only_changes(program_files(program, read_file)),
        compile_with=program.interpreter,
        library=program.library,
    )
    apply(plan, stamp="demo")
    return scratch


def _grow_transcripts(step: RecordedStep, now_ns: int) -> None:
    now = dt.datetime.fromtimestamp(now_ns / 1e9, tz=dt.UTC).isoformat(timespec="milliseconds")
    for name, lines in step.transcripts.items():
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            for line in lines:
                stream.write(json.dumps(line).replace("@NOW@", now.replace("+00:00", "Z")) + "\n")


def _settled_tasks(context: Context, recording: Recording) -> list[TaskDetail]:
    """Wait until every task is closed and priced (that happens beside the answers), then read them all.

    A task has a cost as soon as the first of its transcript was read; it is the whole one at the transcript's end.
    """
    transcripts = {
        name for session in recording.sessions for step in session.steps for name in step.transcripts
    }
    end_s = context.monotonic_s() + SETTLE_TIMEOUT_S
    while True:
        with open_bank(context) as db, sqlite.snapshot(db):
            lines = recent_tasks(db, limit=50)
            done = [
                line for line in lines if line.kind == "main" and line.ended_ns and line.cost_usd is not None
            ]
            read = all(transcript_offset(db, name) >= Path(name).stat().st_size for name in transcripts)
            if (read and len(done) >= len(recording.sessions)) or context.monotonic_s() > end_s:
                found = (read_task(db, line.id) for line in reversed(lines))
                return [detail for detail in found if detail is not None]
        context.pause(0.1)


def _show_stored(context: Context, details: list[TaskDetail]) -> None:
    context.say()
    context.say("--- What is on record now ---")
    for detail in details:
        for line in describe_task(detail):
            context.say(line if len(line) <= _RECORD_WIDTH else line[: _RECORD_WIDTH - 1] + "…")


COMMANDS = {"demo": Command(add_arguments, run)}
