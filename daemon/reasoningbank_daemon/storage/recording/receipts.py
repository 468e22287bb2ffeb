"""Each hook call counts once: a nonce is stored once, and the reports of two installations are paired.

Everything is looked up within one session, so that the pages that are read and written lie together. Most calls are
new, and known for such by what memory holds of their session (`SessionState.reported`): the bank is not asked.
"""

from __future__ import annotations

from reasoningbank_daemon.storage.recording.state import SessionState, State
from reasoningbank_schema.messages import Receipt

KEPT_NS = 90 * 86_400 * 1_000_000_000
"""Receipts of a session are kept until it has been silent for 90 days."""

UNWRITTEN_NS = 3600 * 1_000_000_000
"""A session's last event may be this much older on record than it is: it is written at the end of a transaction."""

DROPPED_AT_ONCE = 20
"""Sessions whose receipts one sweep drops: it shares its transaction with what agents wait for."""

OUTSIDE_SESSIONS = 0
"""The session id under which calls without a session are kept."""


def fingerprint_key(fingerprint: bytes) -> int | None:
    """Return the number under which a fingerprint is kept: 48 bits, enough within a session; None for an empty one."""
    return int.from_bytes(fingerprint[:6], "big") if fingerprint else None


def find_receipt(state: State, session_id: int, nonce: bytes) -> Receipt | None:
    """Return what a nonce was answered with, marked as a copy; None when it is new."""
    row = state.run(
        "SELECT sequence, task_id, step_id, other_id FROM receipt WHERE session_id = ? AND nonce = ?",
        (session_id, nonce),
    ).fetchone()
    return None if row is None else _receipt(state, *row)


def find_call(state: State, session: SessionState, nonce: bytes) -> Receipt | None:
    """Return what a call of a session was answered with, as `find_receipt`; a new one is known without the bank."""
    return find_receipt(state, session.id, nonce) if hash(nonce) in session.reported else None


def find_whole(state: State, nonce: bytes, at_ns: int) -> Receipt | None:
    """Return the receipt of a call of which a copy came that names no session; None if it never came whole.

    It is looked for in the sessions that were under way at the call's time.
    """
    row = state.run(
        "SELECT r.sequence, r.task_id, r.step_id, r.other_id FROM agent_session s CROSS JOIN receipt r "
        "WHERE s.at_rest = 0 AND s.last_event_ns >= ? AND s.started_ns <= ? AND r.session_id = s.id AND r.nonce = ?",
        (at_ns - UNWRITTEN_NS, at_ns, nonce),
    ).fetchone()
    return None if row is None else _receipt(state, *row)


def find_twin(state: State, session: SessionState, fingerprint: bytes, via: str) -> Receipt | None:
    """Return the receipt of the same call as another installation reported it; None when this is the first.

    The n-th report of a fingerprint by one installation is the twin of the n-th by another.
    """
    if fingerprint_key(fingerprint) not in session.reported:
        return None
    rows = state.run(
        "SELECT via, sequence, task_id, step_id, other_id FROM receipt "
        "WHERE session_id = ? AND fingerprint = ? ORDER BY sequence",
        (session.id, fingerprint_key(fingerprint)),
    ).fetchall()
    own = via_id(state, via)
    nth = sum(1 for row in rows if row[0] == own)
    others: dict[int, int] = {}
    for row in rows:
        if row[0] == own:
            continue
        if others.get(row[0], 0) == nth:
            return _receipt(state, *row[1:])
        others[row[0]] = others.get(row[0], 0) + 1
    return None


def find_at_rest(state: State, session_id: int, at_ns: int) -> Receipt | None:
    """Return the receipt of a call of a session whose receipts were dropped, told by its time; None if it is new.

    A call's time is in nanoseconds and the same in every copy of it.
    """
    step = state.run(
        "SELECT id, task_id FROM step WHERE at_ns = ?2 AND task_id IN (SELECT id FROM task WHERE session_id = ?1)",
        (session_id, at_ns),
    ).fetchone()
    if step is not None:
        return Receipt(sequence=0, task_id=step[1], step_id=step[0], copy=True)
    turn = state.run(
        "SELECT task_id FROM turn WHERE session_id = ?1 AND (started_ns = ?2 OR ended_ns = ?2)",
        (session_id, at_ns),
    ).fetchone()
    if turn is not None:
        return Receipt(sequence=0, task_id=turn[0], copy=True)
    other = state.run(
        "SELECT 1 FROM session_end WHERE session_id = ?1 AND at_ns = ?2 "
        "UNION ALL SELECT 1 FROM delegation WHERE session_id = ?1 AND at_ns = ?2 "
        "UNION ALL SELECT 1 FROM agent_session WHERE id = ?1 AND ?2 IN (started_ns, last_event_ns)",
        (session_id, at_ns),
    ).get
    return None if other is None else Receipt(sequence=0, copy=True)


def drop_old_receipts(state: State, *, now_ns: int) -> None:
    """Drop the receipts of a few sessions that have been silent for long: no copy of a call waits for so long.

    What comes all the same is told by its time (`find_at_rest`).
    """
    rows = state.run(
        "SELECT id FROM agent_session WHERE at_rest = 0 AND last_event_ns < ? ORDER BY last_event_ns LIMIT ?",
        (now_ns - KEPT_NS, DROPPED_AT_ONCE),
    ).fetchall()
    for (session_id,) in rows:
        state.run("DELETE FROM receipt WHERE session_id = ?", (session_id,))
        state.run("UPDATE agent_session SET at_rest = 1 WHERE id = ?", (session_id,))
        if (key := state.session_keys.get(session_id)) is not None:
            state.sessions[key].at_rest = True


def keep_receipt(
    state: State, session_id: int, nonce: bytes, receipt: Receipt, *, fingerprint: bytes = b"", via: str = ""
) -> None:
    """Remember what a nonce was answered with."""
    state.run(
        "INSERT INTO receipt (session_id, nonce, fingerprint, via, sequence, task_id, step_id, other_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            session_id,
            nonce,
            fingerprint_key(fingerprint),
            via_id(state, via),
            receipt.sequence,
            receipt.task_id if receipt.step_id is None else None,
            receipt.step_id,
            receipt.experience_id,
        ),
    )


def keep_call(
    state: State, session: SessionState, nonce: bytes, receipt: Receipt, *, fingerprint: bytes, via: str
) -> None:
    """Remember what a call of a session was answered with, and mark it as stored."""
    keep_receipt(state, session.id, nonce, receipt, fingerprint=fingerprint, via=via)
    before = len(session.reported)
    session.reported.add(hash(nonce))
    if (key := fingerprint_key(fingerprint)) is not None:
        session.reported.add(key)
    state.marks += len(session.reported) - before


def read_marks(state: State, session_id: int) -> set[int]:
    """Return the marks of a session's calls: the hashes of their nonces, and their fingerprints.

    Two that are alike by chance cost a look into the bank, nothing else.
    """
    marks: set[int] = set()
    for nonce, fingerprint in state.run(
        "SELECT nonce, fingerprint FROM receipt WHERE session_id = ?", (session_id,)
    ):
        marks.add(hash(nonce))
        if fingerprint is not None:
            marks.add(fingerprint)
    return marks


def via_id(state: State, via: str) -> int:
    """Return the number of an installation's name."""
    found = state.vias.get(via)
    if found is None:
        row = state.run("SELECT id FROM via WHERE name = ?", (via,)).get
        found = row or state.insert("INSERT INTO via (name) VALUES (?)", (via,))
        state.vias[via] = found
    return found


def _receipt(
    state: State, sequence: int, task_id: int | None, step_id: int | None, other_id: int | None
) -> Receipt:
    if step_id is not None:
        task_id = state.run("SELECT task_id FROM step WHERE id = ?", (step_id,)).get
    return Receipt(
        sequence=sequence,
        task_id=None if task_id is None else current_task(state, task_id),
        step_id=step_id,
        experience_id=other_id,
        copy=True,
    )


def current_task(state: State, task_id: int) -> int:
    """Follow a task that was joined with another one to where it is now."""
    while (joined := state.run("SELECT task_id FROM task_alias WHERE id = ?", (task_id,)).get) is not None:
        task_id = joined
    return task_id
