from __future__ import annotations

import pytest

from reasoningbank_daemon.learning.shell import simple_commands, unwrapped


def programs(line: str) -> list[str]:
    return [command.program for command in simple_commands(line)]


def status_of(line: str, program: str) -> tuple[bool, bool]:
    (command,) = [found for found in simple_commands(line) if found.program == program]
    return command.status_known, command.failure_known


@pytest.mark.parametrize(
    "line",
    [
        "pytest",
        "cd api && pytest -q",
        "CI=1 FOO='a b' pytest",
        "uv run --extra dev pytest",
        "uv run python -m pytest -x",
        "poetry run pytest",
        "timeout 60 pytest",
        "sudo -u bob env A=1 nice -n 10 pytest",
        ".venv/bin/pytest tests",
        "bash -lc 'cd api && pytest'",
        "docker compose exec -T web pytest",
        "( cd api; pytest )",
        "pytest > out.txt 2>&1",
        "pipenv run pytest # quick",
        "source .venv/bin/activate && pytest",
    ],
)
def test_what_wraps_a_command_is_taken_off(line: str) -> None:
    assert programs(line)[-1] == "pytest"


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("pytest", (True, True)),
        ("cd x && pytest", (True, True)),
        ("pytest && echo done", (True, False)),
        ("pytest | tail -5", (False, False)),
        ("set -o pipefail; pytest | tail -5", (True, False)),
        ("pytest || true", (False, True)),
        ("pytest || exit 1", (True, True)),
        ("pytest; echo done", (False, False)),
        ("pytest; exit $?", (True, True)),
        ("pytest &", (False, False)),
        ("if pytest; then echo ok; fi", (False, False)),
        ("! pytest", (False, False)),
    ],
)
def test_the_lines_status_is_a_commands_own_only_where_nothing_hides_it(
    line: str, known: tuple[bool, bool]
) -> None:
    assert status_of(line, "pytest") == known


def test_quoted_connectors_split_nothing() -> None:
    assert programs("echo 'a && b; c | d' \"x || y\"") == ["echo"]


def test_a_here_document_is_not_read_as_commands() -> None:
    assert programs("cat > run.sh <<'EOF'\npytest && rm -rf /\nEOF\nbash run.sh") == ["cat", "bash"]


def test_an_echo_of_the_status_is_kept_with_its_text() -> None:
    (command, _) = simple_commands('pytest -q; echo "exit=$?"')

    assert command.echoed == "exit=$?"


@pytest.mark.parametrize(
    "line", ["", "   ", "&&", "|||", "'unclosed", 'a "b', "\\", "<<EOF", "((((", "a\n\n\nb", ";;;"]
)
def test_nonsense_raises_nothing(line: str) -> None:
    simple_commands(line)


def test_a_wrapper_without_a_command_leaves_nothing() -> None:
    assert unwrapped(("env", "A=1")) == ()
