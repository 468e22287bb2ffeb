from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from reasoningbank_daemon.cli.exit_codes import MEANINGS, ExitCode
from reasoningbank_daemon.cli.main import COMMANDS, Entry, load, main, overview, run


def entry(name: str) -> Entry:
    return next(entry for entry in COMMANDS if entry.name == name)


def test_overview_names_every_command_and_the_first_steps() -> None:
    page = overview()

    assert all(f"  {command.name} " in page for command in COMMANDS)
    assert "reasoningbank hooks install claude-code" in page
    assert max(map(len, page.splitlines())) <= 96


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_explains_itself(name: str) -> None:
    _, parser = load(entry(name))

    assert f"usage: reasoningbank {name}" in parser.format_help()


def test_help_loads_neither_argparse_nor_any_library() -> None:
    code = (
        "import sys\n"
        "from reasoningbank_daemon.cli.main import main\n"
        "assert main(['--help']) == 0\n"
        "heavy = {'argparse', 'msgspec', 'zmq', 'apsw', 'numpy', 'structlog', 'importlib.metadata'}\n"
        "print('LOADED', sorted(heavy & sys.modules.keys()))\n"
    )

    # -S: what the machine's site-packages load at start (.pth files) is not ours.
    found = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {_source_roots()!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "LOADED []" in found.stdout


def test_unknown_command_is_a_usage_error_with_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["statsu"])

    assert code == ExitCode.USAGE
    assert "Did you mean 'status'?" in capsys.readouterr().err


@pytest.mark.parametrize("name", [command.name for command in COMMANDS if len(command.name) >= 4])
def test_command_with_a_wrong_letter_is_answered_with_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    main([f"{name[:-1]}x"])

    assert f"Did you mean '{name}'?" in capsys.readouterr().err


def test_unknown_command_that_is_like_none_is_answered_without_a_guess(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for word in ("bogus", "start", "restart", "search", "show", "delete"):
        main([word])

        assert capsys.readouterr().err == (
            f"reasoningbank: there is no command '{word}'.\nSee: reasoningbank --help\n"
        )


def test_wrong_argument_ends_with_the_usage_code_and_the_help_to_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["logs", "--lines", "none"])

    assert ended.value.code == ExitCode.USAGE
    assert "See: reasoningbank logs --help" in capsys.readouterr().err


def test_failure_says_what_happened_and_what_to_type_next(tmp_path: Path) -> None:
    err = io.StringIO()

    code = run(
        entry("tasks"), ["list"], {"RB_HOME": str(tmp_path)}, home=tmp_path, out=io.StringIO(), err=err
    )

    assert code == ExitCode.NOT_FOUND
    assert f"there is no bank yet: {tmp_path}/data/memory.db" in err.getvalue()
    assert "Next: reasoningbank hooks install claude-code" in err.getvalue()


def test_every_exit_code_of_a_command_has_a_meaning() -> None:
    the_daemons_alone = {ExitCode.DEFECT, ExitCode.ANOTHER_RUNS}

    assert set(MEANINGS) == set(ExitCode) - the_daemons_alone


def _source_roots() -> list[str]:
    root = Path(__file__).parents[3]
    return [str(root / part) for part in ("daemon", "hooks", "client", "schema")]
