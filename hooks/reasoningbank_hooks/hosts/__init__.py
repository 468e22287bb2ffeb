"""One module an agent: its payloads become our events, our advice becomes its exact bytes.

To add one, write a module with a class that follows `base.Host` and name it in `HOSTS`; `docs/hooks.md` has the
checklist.
"""

from __future__ import annotations

from reasoningbank_hooks.hosts.base import Host, PayloadError
from reasoningbank_hooks.hosts.claude_code import ClaudeCode
from reasoningbank_hooks.hosts.codex import Codex
from reasoningbank_hooks.hosts.copilot import Copilot
from reasoningbank_hooks.hosts.gemini import Gemini
from reasoningbank_hooks.hosts.git import Git
from reasoningbank_hooks.hosts.opencode import OpenCode

_ALL: tuple[Host, ...] = (ClaudeCode(), Codex(), Gemini(), Copilot(), OpenCode(), Git())

HOSTS: dict[str, Host] = {host.name: host for host in _ALL}
"""Every host by the name that is ``rb-hook``'s first argument."""

__all__ = ["HOSTS", "Host", "PayloadError"]
