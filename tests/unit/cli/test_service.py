from __future__ import annotations

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
