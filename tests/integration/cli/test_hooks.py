from __future__ import annotations

import json
import subprocess

import pytest
from rbtest.command_line import CommandLine


def test_hooks_are_installed_shown_and_taken_out_again(bench: CommandLine) -> None:
    settings = bench.home / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"model": "opus"}\n', encoding="utf-8")

    installed = bench.run("hooks", "install", "claude-code")
    shown = bench.json("hooks", "status")
    again = bench.run("hooks", "install", "claude-code")
    removed = bench.run("hooks", "uninstall", "claude-code")
    removed_again = bench.run("hooks", "uninstall", "claude-code")

    assert installed.returncode == 0, installed.stderr
    assert f"Wrote {settings}" in installed.stdout
    assert "What was there before is in " in installed.stdout
    assert [scope["state"] for scope in shown["scopes"]] == ["installed", "absent", "absent"]
    assert "Everything is in place already." in again.stdout
    assert removed.returncode == 0
    assert removed_again.stdout == "No hooks of ReasoningBank are there; nothing was changed.\n"
    assert json.loads(settings.read_text(encoding="utf-8")) == {"model": "opus"}


def test_dry_run_shows_the_difference_and_writes_nothing(bench: CommandLine) -> None:
    done = bench.run("hooks", "install", "claude-code", "--project", "--dry-run")

    assert f"+++ {bench.home}/.claude/settings.local.json" in done.stdout
    assert not (bench.home / ".claude").exists()
    assert not (bench.home / "data").exists()


def test_plugin_ends_with_the_agents_own_commands(bench: CommandLine) -> None:
    done = bench.run("hooks", "install", "claude-code", "--plugin")

    assert "Next:\n  claude plugin marketplace add " in done.stdout


def test_settings_that_are_no_json_are_left_alone_and_named(bench: CommandLine) -> None:
    settings = bench.home / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text("{not json", encoding="utf-8")

    done = bench.run("hooks", "install", "claude-code")

    assert done.returncode == 73
    assert str(settings) in done.stderr
    assert settings.read_text(encoding="utf-8") == "{not json"


def test_project_settings_that_git_would_commit_are_named_once_they_are_written(bench: CommandLine) -> None:
    subprocess.run(["git", "init", "-q"], cwd=bench.home, check=True)

    seen = bench.run("hooks", "install", "claude-code", "--project")
    (bench.home / ".git" / "info" / "exclude").write_text("**/.claude/settings.local.json\n")
    kept_out = bench.run("hooks", "install", "claude-code", "--project")

    assert "git would commit that file" in seen.stdout
    assert "git" not in kept_out.stdout


def test_damaged_settings_of_a_project_leave_the_status_of_the_user_to_be_read(bench: CommandLine) -> None:
    bench.run("hooks", "install", "claude-code")
    local = bench.home / ".claude" / "settings.local.json"
    local.write_text("{,}")

    done = bench.run("hooks", "status")

    assert done.returncode == 1
    assert f"user          installed  {bench.home}/.claude/settings.json\n" in done.stdout
    assert f"project       unreadable {local}\n" in done.stdout
    assert f"problem: {local}, line 1, column 2" in done.stdout


def test_host_that_is_understood_and_can_not_be_installed_says_so(bench: CommandLine) -> None:
    done = bench.run("hooks", "install", "codex")

    assert done.returncode == 64
    assert "codex is understood, but only claude-code can be installed yet" in done.stderr


@pytest.mark.parametrize("command", [("tasks", "list"), ("feedback", "good")])
def test_without_a_bank_what_is_next_depends_on_the_hooks(
    bench: CommandLine, command: tuple[str, ...]
) -> None:
    before = bench.run(*command)
    bench.run("hooks", "install", "claude-code")
    after = bench.run(*command)

    assert (before.returncode, after.returncode) == (66, 66)
    assert "Next: reasoningbank hooks install claude-code" in before.stderr
    assert "hooks install" not in after.stderr
    assert "Next: work with your agent: its hooks are installed" in after.stderr


def test_host_that_is_not_known_is_a_usage_error(bench: CommandLine) -> None:
    done = bench.run("hooks", "install", "emacs")

    assert done.returncode == 64
    assert "claude-code" in done.stderr
