"""The plugin directory for Claude Code, with a marketplace of one beside it."""

from __future__ import annotations

import json
from pathlib import Path

from reasoningbank_hooks.installer.claude_hooks import hook_entries

PLUGIN = "reasoningbank"
MARKETPLACE = "reasoningbank-local"

_DESCRIPTION = (
    "Experience of earlier tasks, edit verdicts and subagent models from the local ReasoningBank daemon"
)

_README = """\
# ReasoningBank for Claude Code

This plugin connects Claude Code to the ReasoningBank daemon on this machine. At the start of a task the agent
is told what worked before on similar ones; after an edit it hears what that edit broke; subagents run on the
model that the record supports. Nothing leaves the machine, and when the daemon is away nothing is slowed down.

`reasoningbank hooks install claude-code --plugin` wrote this directory, with the absolute path of the hook
program of this machine in it, so it is not for copying to another one. `reasoningbank hooks status` checks it.
"""


def plugin_files(executable: Path, *, version: str) -> dict[str, str]:
    """Return the plugin's files by their path inside it."""
    manifest = {
        "name": PLUGIN,
        "version": version,
        "description": _DESCRIPTION,
        "author": {"name": "ReasoningBank"},
        "license": "MIT",
    }
    marketplace = {
        "name": MARKETPLACE,
        "owner": {"name": "ReasoningBank"},
        "description": "The ReasoningBank plugin of this machine",
        "plugins": [{"name": PLUGIN, "source": "./", "description": _DESCRIPTION}],
    }
    hooks = {"description": _DESCRIPTION, "hooks": hook_entries(executable, via="plugin")}
    return {
        ".claude-plugin/plugin.json": _json(manifest),
        ".claude-plugin/marketplace.json": _json(marketplace),
        "hooks/hooks.json": _json(hooks),
        "README.md": _README,
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
