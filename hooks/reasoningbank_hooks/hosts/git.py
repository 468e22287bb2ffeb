"""git: hooks that speak through their arguments, stdin lines and the working directory.

The line in ``.git/hooks/post-commit`` passes the id, because nothing else does::

    rb-hook git post-commit "$(git rev-parse HEAD)" || true
"""

from __future__ import annotations

import re

from reasoningbank_hooks.hosts.base import PayloadError
from reasoningbank_schema.advice import Advice
from reasoningbank_schema.events import AgentEvent, Committed, Noted, Origin

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Git:
    """Translate git's hooks; they belong to no session, but to the repository at ``cwd``. See `base.Host`."""

    name = "git"

    def decode(
        self, event: str, payload: bytes, at_ns: int, *, args: tuple[str, ...] = (), cwd: str = ""
    ) -> AgentEvent:
        """Return what happened; see `base.Host.decode`."""
        if not cwd:
            raise PayloadError("no working directory: the event belongs to no repository")
        origin = Origin(host=self.name, session_id="", at_ns=at_ns, cwd=cwd)
        if event == "post-commit":
            if not args:
                return Noted(origin=origin, why='no commit id: the hook line lacks "$(git rev-parse HEAD)"')
            return Committed(origin=origin, commit=_checked(args[0]))
        if event == "post-rewrite":
            return _rewritten(origin, payload)
        return Noted(origin=origin, why=f"{event} changes nothing that is kept")

    def render(self, event: str, advice: Advice, origin_event: AgentEvent) -> bytes:
        """Return nothing: what a git hook prints is mixed into git's own output."""
        del event, advice, origin_event
        return b""


def _rewritten(origin: Origin, payload: bytes) -> AgentEvent:
    lines = payload.decode("utf-8", "replace").splitlines()
    if not lines:
        return Noted(origin=origin, why="a rewrite of no commits")
    # git lists them oldest first; the last is the tip, and what is left of the work.
    old, _, rest = lines[-1].partition(" ")
    return Committed(origin=origin, commit=_checked(rest.partition(" ")[0]), replaced=_checked(old))


def _checked(commit: str) -> str:
    if not _ID.fullmatch(commit):
        raise PayloadError(f"{commit[:80]!r} is not a commit id")
    return commit
