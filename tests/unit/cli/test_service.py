from __future__ import annotations

import io
from pathlib import Path

import pytest

from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.main import COMMANDS, run
from reasoningbank_daemon.cli.service import template, unit_text


def test_unit_gets_the_program_and_the_banks_folder() -> None:
    text = unit_text("[Service]\nExecStart=old\nRestart=no\n", program=("/a/b", "-m", "x"), rb_home="/tmp/rb")

    assert text == "[Service]\nExecStart=/a/b -m x\nEnvironment=RB_HOME=/tmp/rb\nRestart=no\n"


def test_characters_that_systemd_expands_are_written_so_that_it_does_not() -> None:
    text = unit_text("ExecStart=old\n", program=('/my files/50%/$HOME/"x"',), rb_home="/50% $x")

    assert text.splitlines() == [
        'ExecStart="/my files/50%%/$$HOME/\\"x\\""',
        'Environment="RB_HOME=/50%% $x"',
    ]


def test_template_of_the_source_tree_is_found() -> None:
    assert "Type=notify" in template().read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "trouble"),
    [
        (["install"], "can't be written: Is a directory"),
        (["install", "--dry-run"], "can't be read: Is a directory"),
        (["uninstall"], "can't be removed: Is a directory"),
    ],
)
def test_unit_that_can_not_be_changed_is_named_with_the_reason(
    tmp_path: Path, arguments: list[str], trouble: str
) -> None:
    unit = tmp_path / ".config/systemd/user/reasoningbank.service"
    unit.mkdir(parents=True)
    [entry] = [command for command in COMMANDS if command.name == "service"]
    err = io.StringIO()

    code = run(entry, arguments, {}, home=tmp_path, out=io.StringIO(), err=err)

    assert code == ExitCode.CANNOT_CREATE
    assert f"reasoningbank service: {unit} {trouble}\n" in err.getvalue()


def test_unit_is_removed_with_the_link_that_enabled_it(tmp_path: Path) -> None:
    unit = tmp_path / ".config/systemd/user/reasoningbank.service"
    enabled = unit.parent / "default.target.wants" / unit.name
    enabled.parent.mkdir(parents=True)
    unit.touch()
    enabled.symlink_to(unit)
    [entry] = [command for command in COMMANDS if command.name == "service"]
    out = io.StringIO()

    code = run(entry, ["uninstall"], {}, home=tmp_path, out=out, err=io.StringIO())

    assert code == ExitCode.OK
    assert [path for path in unit.parent.rglob("*") if not path.is_dir()] == []
    assert "  systemctl --user stop reasoningbank\n" in out.getvalue()


def test_unit_that_is_not_there_is_removed_already(tmp_path: Path) -> None:
    [entry] = [command for command in COMMANDS if command.name == "service"]
    out = io.StringIO()

    code = run(entry, ["uninstall"], {}, home=tmp_path, out=out, err=io.StringIO())

    assert (code, out.getvalue()) == (
        ExitCode.OK,
        f"{tmp_path}/.config/systemd/user/reasoningbank.service does not exist.\n",
    )
