"""Install the hook program and tell agents to call it: plan, show, apply.

`find_interpreter` and `HookProgram` say what is installed, `plan_install`, `plan_uninstall` and `inspect` compare
it with what is there, `unified_diff` shows a plan, `apply` makes it so.
"""

from __future__ import annotations

from reasoningbank_hooks.installer.claude_code import (
    HookStatus,
    Place,
    Scope,
    ScopeStatus,
    State,
    find_claude_dir,
    inspect,
    plan_install,
    plan_uninstall,
    target_path,
)
from reasoningbank_hooks.installer.interpreter import InterpreterError, find_interpreter
from reasoningbank_hooks.installer.plan import (
    Applied,
    FileChange,
    InstallError,
    Plan,
    PlanStaleError,
    apply,
    unified_diff,
)
from reasoningbank_hooks.installer.program import HookProgram, kept_environment
from reasoningbank_hooks.installer.settings import SettingsError

__all__ = [
    "Applied",
    "FileChange",
    "HookProgram",
    "HookStatus",
    "InstallError",
    "InterpreterError",
    "Place",
    "Plan",
    "PlanStaleError",
    "Scope",
    "ScopeStatus",
    "SettingsError",
    "State",
    "apply",
    "find_claude_dir",
    "find_interpreter",
    "inspect",
    "kept_environment",
    "plan_install",
    "plan_uninstall",
    "target_path",
    "unified_diff",
]
