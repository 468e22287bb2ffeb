"""Install, look, remove: on real files in a scratch home."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reasoningbank_hooks.installer import (
    HookProgram,
    InstallError,
    InterpreterError,
    Place,
    PlanStaleError,
    Scope,
    State,
    apply,
    find_claude_dir,
    find_interpreter,
    inspect,
    kept_environment,
    plan_install,
    plan_uninstall,
    target_path,
    unified_diff,
)
from reasoningbank_hooks.installer.interpreter import shebang
from reasoningbank_hooks.installer.program import executable_text
from reasoningbank_schema.paths import resolve_paths

INTERPRETER = find_interpreter()


@pytest.fixture
def program(tmp_path: Path) -> HookProgram:
    paths = resolve_paths({"RB_HOME": str(tmp_path / "rb")}, home=tmp_path)
    return HookProgram(
        interpreter=INTERPRETER, paths=paths, daemon=("/bin/true",), environment={"PATH": "/bin"}
    )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(claude_dir=tmp_path / "claude", project_dir=tmp_path / "project")


def install(program: HookProgram, place: Place, scope: Scope = Scope.USER) -> None:
    apply(plan_install(program, scope, place, version="1"), stamp="now")


def states(program: HookProgram, place: Place) -> dict[Scope, State]:
    return {status.scope: status.state for status in inspect(program, place, version="1").scopes}


@pytest.mark.parametrize("scope", list(Scope))
def test_an_installation_is_complete_and_installing_again_changes_nothing(
    program: HookProgram, place: Place, scope: Scope
) -> None:
    install(program, place, scope)

    status = inspect(program, place, version="1")
    assert (status.program, status.problems) == (State.INSTALLED, ())
    assert states(program, place)[scope] is State.INSTALLED
    assert plan_install(program, scope, place, version="1").changes == ()


@pytest.mark.parametrize("scope", list(Scope))
def test_what_is_installed_and_removed_is_gone(program: HookProgram, place: Place, scope: Scope) -> None:
    install(program, place, scope)

    apply(plan_uninstall(scope, place, program.paths), stamp="now")

    assert set(states(program, place).values()) == {State.ABSENT}
    assert not program.folder.exists()
    assert not target_path(scope, place, program.paths).exists()


def test_the_last_place_to_be_removed_takes_the_program_along(program: HookProgram, place: Place) -> None:
    for scope in Scope:
        install(program, place, scope)

    for scope in (Scope.USER, Scope.PLUGIN):
        plan = plan_uninstall(scope, place, program.paths)
        apply(plan, stamp="now")
        assert "The hook program stays" in plan.notes[0]
        assert program.executable.exists()
    apply(plan_uninstall(Scope.PROJECT, place, program.paths), stamp="now")

    assert not program.folder.exists()


@pytest.mark.parametrize("left", [None, b"{}"])
def test_a_place_from_which_our_hooks_were_taken_by_hand_keeps_no_program(
    program: HookProgram, place: Place, left: bytes | None
) -> None:
    install(program, place)
    install(program, place, Scope.PROJECT)
    local = target_path(Scope.PROJECT, place, program.paths)
    local.unlink()
    if left is not None:
        local.write_bytes(left)

    plan = plan_uninstall(Scope.USER, place, program.paths)
    apply(plan, stamp="now")

    assert plan.notes == ()
    assert not program.folder.exists()


def test_a_place_whose_folder_is_not_there_now_keeps_the_program(program: HookProgram, place: Place) -> None:
    install(program, place)
    install(program, place, Scope.PROJECT)
    place.project_dir.rename(place.project_dir.with_name("elsewhere"))

    plan = plan_uninstall(Scope.USER, place, program.paths)
    apply(plan, stamp="now")

    assert plan.notes[0].endswith("settings.local.json called it as well, and is not there now.")
    assert program.executable.exists()


def test_the_users_file_is_backed_up_before_it_changes_and_only_then(
    program: HookProgram, place: Place
) -> None:
    settings = place.claude_dir / "settings.json"
    settings.parent.mkdir()
    settings.write_bytes(b'{"model": "opus"}')
    settings.chmod(0o640)

    applied = apply(plan_install(program, Scope.USER, place, version="1"), stamp="20261121T013805")
    again = apply(plan_install(program, Scope.USER, place, version="1"), stamp="20261121T013806")

    backup = settings.with_name("settings.json.before-reasoningbank-20261121T013805")
    assert applied.backups == (backup,)
    assert backup.read_bytes() == b'{"model": "opus"}'
    assert stat.S_IMODE(settings.stat().st_mode) == 0o640
    assert again.backups == ()
    assert sorted(path.name for path in settings.parent.iterdir()) == [settings.name, backup.name]


@pytest.mark.parametrize("blank", [b"", b" \n"])
def test_nothing_of_the_users_is_nothing_to_back_up(program: HookProgram, place: Place, blank: bytes) -> None:
    settings = place.claude_dir / "settings.json"
    settings.parent.mkdir()
    settings.write_bytes(blank)

    applied = apply(plan_install(program, Scope.USER, place, version="1"), stamp="1")
    removed = apply(plan_uninstall(Scope.USER, place, program.paths), stamp="2")

    assert (applied.backups, removed.backups) == ((), ())
    assert list(settings.parent.iterdir()) == []


def test_a_settings_file_that_is_a_link_stays_one(program: HookProgram, place: Place, tmp_path: Path) -> None:
    dotfile = tmp_path / "dotfiles" / "claude.json"
    dotfile.parent.mkdir()
    dotfile.write_text("{}")
    place.claude_dir.mkdir()
    (place.claude_dir / "settings.json").symlink_to(dotfile)

    install(program, place)

    assert (place.claude_dir / "settings.json").is_symlink()
    assert "hooks" in json.loads(dotfile.read_text())


def test_a_plan_is_shown_as_a_diff_and_writes_nothing(
    program: HookProgram, place: Place, tmp_path: Path
) -> None:
    place.claude_dir.mkdir()
    (place.claude_dir / "settings.json").write_text('{\n  "model": "opus"\n}\n')
    before = sorted(tmp_path.rglob("*"))

    diff = unified_diff(plan_install(program, Scope.USER, place, version="1"))

    assert f"--- {place.claude_dir}/settings.json\n+++ {place.claude_dir}/settings.json\n" in diff
    assert '-  "model": "opus"\n+  "model": "opus",\n+  "hooks": {\n' in diff
    assert diff.startswith(f"--- {place.claude_dir}/settings.json\n")
    assert f"--- /dev/null\n+++ {program.executable}\n" in diff
    assert "def redact" not in diff
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_changed_after_the_plan_was_made_stops_everything(
    program: HookProgram, place: Place
) -> None:
    plan = plan_install(program, Scope.USER, place, version="1")
    place.claude_dir.mkdir()
    (place.claude_dir / "settings.json").write_text('{"model": "haiku"}')

    with pytest.raises(PlanStaleError, match="run the command again"):
        apply(plan, stamp="now")

    assert not program.folder.exists()


def test_a_file_that_is_no_json_is_refused_before_anything_is_written(
    program: HookProgram, place: Place
) -> None:
    place.claude_dir.mkdir()
    (place.claude_dir / "settings.json").write_text("{,}")

    with pytest.raises(InstallError, match="line 1"):
        plan_install(program, Scope.USER, place, version="1")

    assert not program.folder.exists()


def test_a_folder_that_can_not_be_made_is_named(program: HookProgram, place: Place, tmp_path: Path) -> None:
    (tmp_path / "rb").write_text("a file where the folder should be")

    with pytest.raises(InstallError, match=r"can't (read|write) .*rb"):
        apply(plan_install(program, Scope.USER, place, version="1"), stamp="now")


def test_an_older_program_is_found_and_named(program: HookProgram, place: Place) -> None:
    install(program, place)
    program.executable.write_text("#!/gone/python3\n")

    status = inspect(program, place, version="1")

    assert status.program is State.OUTDATED
    assert "hooks install claude-code --user" in status.problems[0]


def test_a_program_that_is_gone_is_found_and_named(program: HookProgram, place: Place) -> None:
    install(program, place, Scope.PROJECT)
    program.executable.unlink()

    status = inspect(program, place, version="1")

    assert status.program is State.ABSENT
    assert "is not there" in status.problems[0]
    assert "hooks install claude-code --project" in status.problems[0]


def test_a_damaged_settings_file_is_a_problem_and_hides_none_of_the_others(
    program: HookProgram, place: Place
) -> None:
    install(program, place)
    program.executable.unlink()
    damaged = target_path(Scope.PROJECT, place, program.paths)
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{,}")

    status = inspect(program, place, version="1")

    assert states(program, place) == {
        Scope.USER: State.INSTALLED,
        Scope.PROJECT: State.UNREADABLE,
        Scope.PLUGIN: State.ABSENT,
    }
    assert [f"{damaged}, line 1" in problem for problem in status.problems] == [True, False]
    assert "is not there" in status.problems[1]


def test_an_entry_that_the_user_changed_is_outdated_by_name(program: HookProgram, place: Place) -> None:
    install(program, place)
    settings = place.claude_dir / "settings.json"
    changed = json.loads(settings.read_text())
    changed["hooks"]["Stop"][0]["hooks"][0]["timeout"] = 600
    settings.write_text(json.dumps(changed))

    [user] = [status for status in inspect(program, place, version="1").scopes if status.scope is Scope.USER]

    assert (user.state, user.detail) == (State.OUTDATED, "Stop")


def test_a_newer_version_brings_the_plugin_up_to_date(program: HookProgram, place: Place) -> None:
    install(program, place, Scope.PLUGIN)

    plan = plan_install(program, Scope.PLUGIN, place, version="2")

    assert [change.path.name for change in plan.changes] == ["plugin.json"]


def test_hooks_that_the_user_turned_off_are_said_to_be_off(program: HookProgram, place: Place) -> None:
    place.claude_dir.mkdir()
    (place.claude_dir / "settings.json").write_text('{"disableAllHooks": true}')

    plan = plan_install(program, Scope.USER, place, version="1")

    assert "no hook runs" in plan.notes[0]


def test_the_hook_folder_is_for_its_owner_and_its_program_can_be_run(
    program: HookProgram, place: Place
) -> None:
    install(program, place)

    assert stat.S_IMODE(program.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(program.executable.stat().st_mode) == 0o700
    assert list(program.library.rglob("*.pyc"))
    done = subprocess.run(
        [program.executable, "claude-code", "Stop"], input=b"", capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_the_installed_modules_are_those_of_the_package(program: HookProgram, place: Place) -> None:
    install(program, place)

    source = Path(__file__).parents[3]
    for copy, original in (
        ("rb_hook.py", "hooks/reasoningbank_hooks/rb_hook.py"),
        ("rb_hook_fallback.py", "hooks/reasoningbank_hooks/rb_hook_fallback.py"),
        ("reasoningbank_schema/spool.py", "schema/reasoningbank_schema/spool.py"),
        ("reasoningbank_schema/redaction.py", "schema/reasoningbank_schema/redaction.py"),
    ):
        assert (program.library / copy).read_bytes() == (source / original).read_bytes()


def test_the_claude_folder_is_the_configured_one() -> None:
    home = Path("/home/me")

    assert find_claude_dir({}, home=home) == home / ".claude"
    assert find_claude_dir({"CLAUDE_CONFIG_DIR": "/c"}, home=home) == Path("/c")


def test_a_daemon_that_a_hook_starts_gets_no_keys() -> None:
    environment = {
        "HOME": "/home/me",
        "PATH": "/bin",
        "XDG_RUNTIME_DIR": "/run/user/1",
        "ANTHROPIC_API_KEY": "secret",
        "CLAUDECODE": "1",
    }

    assert kept_environment(environment) == {
        "HOME": "/home/me",
        "PATH": "/bin",
        "XDG_RUNTIME_DIR": "/run/user/1",
    }


def test_a_virtual_environment_leads_to_the_python_it_was_made_from(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)

    found = find_interpreter([str(tmp_path / "venv" / "bin" / "python")])

    assert not found.startswith(str(tmp_path))
    assert Path(found).samefile(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")


def test_a_shim_leads_to_what_stands_behind_it(tmp_path: Path) -> None:
    shim = tmp_path / "python3"
    shim.write_text(f'#!/bin/sh\nexec "{INTERPRETER}" "$@"\n')
    shim.chmod(0o755)

    assert find_interpreter([str(shim)]) == INTERPRETER


def test_the_first_candidate_that_fits_is_taken(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho AssertionError: 3.6.15 >&2\nexit 1\n")
    old.chmod(0o755)

    assert find_interpreter([str(old), "/no/such/python3", INTERPRETER]) == INTERPRETER
    with pytest.raises(InterpreterError, match=r"needs a Python 3\.11 .*3\.6\.15.*No such file.*Install one"):
        find_interpreter([str(old), "/no/such/python3"])


@pytest.mark.parametrize("folder", ["with space", "deep/" * 30 + "end", "plain"])
def test_an_interpreter_at_any_path_can_be_named_in_the_first_line(tmp_path: Path, folder: str) -> None:
    where = tmp_path / folder
    where.mkdir(parents=True)
    interpreter = where / "python3"
    interpreter.symlink_to(INTERPRETER)
    script = tmp_path / "script"
    script.write_text(
        shebang(str(interpreter)) + "import sys\nprint(sys.flags.isolated, sys.flags.no_site, sys.argv[1:])\n"
    )
    script.chmod(0o755)

    done = subprocess.run([script, "a b", "c"], capture_output=True, check=True)

    assert done.stdout == b"1 1 ['a b', 'c']\n"
    assert os.access(script, os.X_OK)


def test_an_interpreter_that_no_first_line_can_name_is_refused() -> None:
    with pytest.raises(InterpreterError, match="quotes"):
        shebang("/it's my folder/python3")


def test_paths_of_any_characters_are_written_as_they_are(tmp_path: Path) -> None:
    paths = resolve_paths({"RB_HOME": "/tmp/ü '\"\\ \udcff"}, home=tmp_path)
    program = HookProgram(
        interpreter="/usr/bin/python3", paths=paths, daemon=("/x y",), environment={"A": "'"}
    )

    text = executable_text(program)

    code = text.partition("    run(\n")[2].partition("\n    )\n")[0]
    values = eval(f"(lambda _, **named: named)({code})", {"sys": sys})
    assert values["socket"] == str(paths.socket)
    assert values["spool"] == str(paths.spool)
    assert values["daemon"] == ("/x y",)
    assert values["environment"] == {"A": "'"}
