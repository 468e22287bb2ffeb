"""What can be asked of the daemon, as calls of an ordinary function: both clients are made of these.

Each function turns its arguments into a request. The first, ``agent``, is the client's own name; a client's
method has the rest. `How` is what every one of them takes besides.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, TypedDict, TypeVar, Unpack

import msgspec

from reasoningbank_client.answer import Wait
from reasoningbank_schema.messages import (
    Control,
    ControlAction,
    DaemonStatus,
    EditJudged,
    EndSession,
    Feedback,
    HookEvent,
    PostCommand,
    PostEdit,
    PostTask,
    PreTask,
    Rating,
    Recall,
    Recalled,
    Remember,
    Request,
    StartSession,
    Status,
    TaskAdvice,
)

Advice = TypeVar("Advice")
Method = TypeVar("Method", bound=Callable[..., object])
NoneType = type(None)


class How(TypedDict, total=False):
    """Say how one call differs from its client's settings.

    ``timeout_s``: seconds from the call to its end, whatever happens. ``wait``: which half of the answer to an
    event is waited for. ``spool``: keep the event if the daemon is not known to have stored it.
    """

    timeout_s: float
    wait: Wait
    spool: bool


class Asked(msgspec.Struct, Generic[Advice], frozen=True, kw_only=True):
    """Hold a request, the type of its reply, and how to carry it."""

    request: Request
    kind: type[Advice]
    how: How


def start_session(
    agent: str, session: str, *, cwd: str, model: str | None = None, **how: Unpack[How]
) -> Asked[None]:
    """Open a session; ``session`` is any id that the caller keeps."""
    request = StartSession(session=session, cwd=cwd, model=model, agent=agent)
    return Asked(request=request, kind=NoneType, how=how)


def end_session(agent: str, session: str, **how: Unpack[How]) -> Asked[None]:
    """Close a session and its open task."""
    return Asked(request=EndSession(session=session, agent=agent), kind=NoneType, how=how)


def pre_task(
    agent: str, session: str, prompt: str, *, cwd: str = "", model: str | None = None, **how: Unpack[How]
) -> Asked[TaskAdvice]:
    """Begin a turn; the advice says what worked before, and on which model."""
    request = PreTask(session=session, prompt=prompt, cwd=cwd, model=model, agent=agent)
    return Asked(request=request, kind=TaskAdvice, how=how)


def post_edit(
    agent: str, session: str, path: str, *, after: str, before: str | None = None, **how: Unpack[How]
) -> Asked[EditJudged]:
    """Report a changed file; the advice says what the edit made worse. ``before`` None means a new file."""
    request = PostEdit(session=session, path=path, after=after, before=before, agent=agent)
    return Asked(request=request, kind=EditJudged, how=how)


def post_command(
    agent: str,
    session: str,
    command: str,
    *,
    exit_status: int,
    output: str = "",
    duration_ms: int | None = None,
    **how: Unpack[How],
) -> Asked[None]:
    """Report a command that ran."""
    request = PostCommand(
        session=session,
        command=command,
        exit_status=exit_status,
        output=output,
        duration_ms=duration_ms,
        agent=agent,
    )
    return Asked(request=request, kind=NoneType, how=how)


def post_task(
    agent: str,
    session: str,
    *,
    success: bool | None = None,
    detail: str = "",
    tokens_in: int | None = None,
    tokens_out: int | None = None,
    **how: Unpack[How],
) -> Asked[None]:
    """End a turn; ``success`` is the caller's own statement, one piece of evidence among others."""
    request = PostTask(
        session=session,
        success=success,
        detail=detail,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        agent=agent,
    )
    return Asked(request=request, kind=NoneType, how=how)


def feedback(
    agent: str,
    rating: Rating,
    *,
    task_id: int | None = None,
    session: str | None = None,
    note: str = "",
    **how: Unpack[How],
) -> Asked[None]:
    """Rate a task, by its id or as the latest one of a session; ValueError names the ratings that there are."""
    if rating not in set(Rating):
        raise ValueError(f"{rating!r} is no rating; there are: {', '.join(Rating)}")
    request = Feedback(rating=Rating(rating), task_id=task_id, session=session, note=note, agent=agent)
    return Asked(request=request, kind=NoneType, how=how)


def remember(
    _agent: str,
    text: str,
    *,
    title: str = "",
    cwd: str = "",
    tags: tuple[str, ...] = (),
    **how: Unpack[How],
) -> Asked[None]:
    """Store a lesson in one's own words; the receipt has its ``experience_id``."""
    request = Remember(text=text, title=title, cwd=cwd, tags=tags)
    return Asked(request=request, kind=NoneType, how=how)


def hook_event(
    _agent: str,
    host: str,
    event: str,
    payload: bytes,
    *,
    via: str = "program",
    args: tuple[str, ...] = (),
    cwd: str = "",
    **how: Unpack[How],
) -> Asked[bytes]:
    """Pass a hook's payload on; the advice is what the hook would print, byte for byte."""
    request = HookEvent(host=host, event=event, payload=payload, via=via, args=args, cwd=cwd)
    return Asked(request=request, kind=bytes, how=how)


def recall(_agent: str, query: str, *, cwd: str = "", limit: int = 5, **how: Unpack[How]) -> Asked[Recalled]:
    """Return experience like ``query``, best first."""
    return Asked(request=Recall(query=query, cwd=cwd, limit=limit), kind=Recalled, how=how)


def status(_agent: str, **how: Unpack[How]) -> Asked[DaemonStatus]:
    """Return the daemon's figures."""
    return Asked(request=Status(), kind=DaemonStatus, how=how)


def ping(_agent: str, **how: Unpack[How]) -> Asked[None]:
    """Return when the daemon has answered."""
    return Asked(request=Control(action=ControlAction.PING), kind=NoneType, how=how)


def stop(_agent: str, **how: Unpack[How]) -> Asked[None]:
    """Ask the daemon to stop; it finishes what is under way."""
    return Asked(request=Control(action=ControlAction.STOP), kind=NoneType, how=how)


def reload(_agent: str, **how: Unpack[How]) -> Asked[None]:
    """Put an edited configuration in force; a faulty one raises `RefusedError`, and the old one stays."""
    return Asked(request=Control(action=ControlAction.RELOAD), kind=NoneType, how=how)


def drain_spool(_agent: str, **how: Unpack[How]) -> Asked[None]:
    """Make the daemon look into the spool now; it takes in what it finds in its own time."""
    return Asked(request=Control(action=ControlAction.DRAIN_SPOOL), kind=NoneType, how=how)


def documented(method: Method, ask: Callable[..., object]) -> Method:
    """Return ``method`` with the name, the docstring and the parameters of the function it is made of."""
    # Any: a signature belongs to every callable, and to no type that says so.
    shown: Any = method
    signature = inspect.signature(ask)
    agent, *rest = signature.parameters.values()
    # What the method returns is known to type checkers; at run time the function's own would mislead.
    shown.__signature__ = signature.replace(
        parameters=[agent.replace(name="self", annotation=inspect.Parameter.empty), *rest],
        return_annotation=inspect.Signature.empty,
    )
    shown.__name__ = ask.__name__
    shown.__doc__ = ask.__doc__
    return method
