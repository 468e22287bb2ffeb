from __future__ import annotations

import re
from pathlib import Path

import pytest

from reasoningbank_daemon.cli.manual import command_page, with_keys
from reasoningbank_daemon.cli.service import ENABLE
from reasoningbank_daemon.config import parse_config
from reasoningbank_schema.exit_codes import DAEMON_EXIT_CODES

DOCS = Path(__file__).parents[3] / "docs"


def test_page_of_the_commands_is_current() -> None:
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == command_page(), "run: make docs"


def test_table_of_the_keys_is_current() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")

    assert with_keys(page) == page, "run: make docs"


def test_examples_of_the_configuration_are_accepted() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)

    assert examples
    for example in examples:
        parse_config(example)


@pytest.mark.parametrize("line", ENABLE)
def test_service_page_shows_the_lines_that_enable_it(line: str) -> None:
    assert f"$ {line}\n" in (DOCS / "service.md").read_text(encoding="utf-8")


def test_service_page_names_every_exit_code_of_the_daemon() -> None:
    page = (DOCS / "service.md").read_text(encoding="utf-8")

    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == set(DAEMON_EXIT_CODES)
