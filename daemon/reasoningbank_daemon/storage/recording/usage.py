"""Tokens and cost from transcripts: each message of a model counts once, in the turn in which it was made."""

from __future__ import annotations

import hashlib
from collections import defaultdict

from reasoningbank_daemon.storage.recording.sessions import known_session
from reasoningbank_daemon.storage.recording.state import RecordError, SessionState, State
from reasoningbank_daemon.storage.records import UsageMessage, UsageRecord
from reasoningbank_daemon.storage.scrubbing import NAME_CHARS, PATH_CHARS

_TOKENS = (
    "tokens_input",
    "tokens_output",
    "tokens_cache_read",
    "tokens_cache_write_5m",
    "tokens_cache_write_1h",
)
_READ = f"SELECT turn_id, {', '.join(_TOKENS)}, cost_usd FROM usage_message WHERE key = ?"  # noqa: S608  fixed names
_WRITE = (
    f"INSERT OR REPLACE INTO usage_message (key, turn_id, {', '.join(_TOKENS)}, cost_usd) "  # noqa: S608
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_TO_TURN = (
    "UPDATE turn SET "  # noqa: S608  fixed names
    + ", ".join(f"{column} = coalesce({column}, 0) + ?" for column in _TOKENS)
    + ", cost_usd = coalesce(cost_usd, 0) + ?, cost_unknown = coalesce(?, cost_unknown) WHERE id = ?"
)
_SUM_TASK = (
    "UPDATE task SET "  # noqa: S608  fixed names
    + ", ".join(f"{column} = sums.{column}" for column in _TOKENS)
    + ", cost_usd = CASE WHEN sums.unknown IS NULL THEN sums.cost END, cost_unknown = sums.unknown, "
    "price_list = coalesce(?, price_list), model = coalesce(?, model) FROM (SELECT "
    + ", ".join(f"sum({column}) AS {column}" for column in _TOKENS)
    + ", sum(cost_usd) AS cost, max(cost_unknown) AS unknown FROM turn WHERE session_id = ? AND task_id = ?) AS sums "
    "WHERE task.id = ?"
)


def add_usage(state: State, record: UsageRecord) -> None:
    """Store what a transcript says up to an offset: messages and cursor together.

    Raises
    ------
    RecordError
        When no event of its session has arrived.
    """
    session = known_session(state, record.host, record.session_id)
    if session is None:
        raise RecordError(
            f"usage came for session {record.session_id!r} of {record.host!r}, which has no event"
        )
    models: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for message in record.messages:
        place = _place(session, record.agent_id, message.at_ns)
        if place is None:
            raise RecordError(f"usage came for session {record.session_id!r}, which has no turn yet")
        turn_id, task_id = place
        # The transcript is the host's: what it calls a model may hold a secret, and so may the reason that names it.
        counted_in = _count(state, record.host, message, turn_id)
        if counted_in == turn_id:
            model = state.scrubber.identity(message.model)
            models[task_id][model] += message.tokens_output + 1
    for task_id, by_model in models.items():
        model = max(sorted(by_model), key=lambda name: by_model[name])
        sum_task(
            state, session.id, task_id, price_list=record.price_list[:NAME_CHARS], model=model[:NAME_CHARS]
        )
    _advance(state, session, record)


def sum_task(
    state: State, session_id: int, task_id: int, *, price_list: str | None = None, model: str | None = None
) -> None:
    """Make a task's tokens and cost the sums of its turns; the statistics hear of it if the task is closed."""
    if state.run("SELECT ended_ns IS NOT NULL FROM task WHERE id = ?", (task_id,)).get:
        state.judge_later(task_id)
    state.run(_SUM_TASK, (price_list, model, session_id, task_id, task_id))


def _place(session: SessionState, agent_id: str | None, at_ns: int) -> tuple[int, int] | None:
    """Return turn and task of a message: the agent's own turn, else the main turn under way at that time."""
    if agent_id is not None:
        child = session.agents.get(agent_id)
        return None if child is None or child.turn_id is None else (child.turn_id, child.id)
    if not session.turns:
        return None
    turn = next((turn for turn in reversed(session.turns) if turn.started_ns <= at_ns), session.turns[0])
    return turn.id, turn.task_id


def _count(state: State, host: str, message: UsageMessage, turn_id: int) -> int:
    """Count a message, or what changed since it was counted; return the turn it is counted in."""
    digest = hashlib.sha256(f"{host}\0{message.message_id}".encode()).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    tokens = (
        message.tokens_input,
        message.tokens_output,
        message.tokens_cache_read,
        message.tokens_cache_write_5m,
        message.tokens_cache_write_1h,
    )
    old = state.run(_READ, (key,)).fetchone() or (turn_id, 0, 0, 0, 0, 0, 0.0)
    turn_id = old[0]
    if (*tokens, message.cost_usd) == old[1:]:
        return turn_id
    changes = tuple(new - before for new, before in zip(tokens, old[1:6], strict=True))
    cost = (message.cost_usd or 0.0) - (old[6] or 0.0)
    reason = state.scrubber.identity(message.cost_unknown or "no price is known")
    unknown = reason if message.cost_usd is None else None
    state.run(_WRITE, (key, turn_id, *tokens, message.cost_usd))
    state.run(_ADD_TO_TURN, (*changes, cost, unknown, turn_id))
    return turn_id


def _advance(state: State, session: SessionState, record: UsageRecord) -> None:
    if len(record.path) > PATH_CHARS:
        raise RecordError(f"a transcript's path has {len(record.path)} characters, more than {PATH_CHARS}")
    state.run(
        "INSERT INTO transcript_cursor (path, session_id, agent_id, byte_offset, mentioned_ns, read_ns) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET byte_offset = excluded.byte_offset, "
        "read_ns = excluded.read_ns",
        (record.path, session.id, record.agent_id, record.byte_offset, record.at_ns, record.at_ns),
    )
