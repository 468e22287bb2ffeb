"""Write the manual: ``docs/cli.md`` from the commands' own help, the key table of ``docs/configuration.md``, ``docs/rules``.

Run as ``python -m reasoningbank_daemon.cli.manual docs`` (``make docs``); a test fails when a page is stale.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from reasoningbank_daemon.cli.exit_codes import MEANINGS
from reasoningbank_daemon.cli.main import COMMANDS, Entry, load, overview
from reasoningbank_daemon.config import Config
from reasoningbank_daemon.config.keys import ConfigKey, list_keys
from reasoningbank_daemon.quality.patterns.catalogue import rule_modules
from reasoningbank_daemon.quality.rule_pages import rule_pages

BEGIN = "<!-- keys: written by `make docs` -->"
END = "<!-- end of keys -->"


def main(argv: Sequence[str]) -> int:
    """Write the pages into the folder that is named."""
    if len(argv) != 1:
        sys.stderr.write("usage: python -m reasoningbank_daemon.cli.manual DOCS_FOLDER\n")
        return 64
    folder = Path(argv[0])
    (folder / "cli.md").write_text(command_page(), encoding="utf-8")
    page = folder / "configuration.md"
    page.write_text(with_keys(page.read_text(encoding="utf-8")), encoding="utf-8")
    write_rule_pages(folder / "rules")
    return 0


def write_rule_pages(folder: Path) -> None:
    """Write a page for each of our own quality rules, and take out those of rules that are gone."""
    folder.mkdir(exist_ok=True)
    pages = rule_pages(rule_modules())
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    for left in folder.glob("*.md"):
        if left.name not in pages:
            left.unlink()


def command_page() -> str:
    """Return the page of all commands, each with its help as it prints it."""
    return "\n".join(_command_lines()) + "\n"


def with_keys(page: str) -> str:
    """Return a page with the table of keys between its two marks written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([before + BEGIN, "", *_key_lines(list_keys(Config)), "", END + after])


def _command_lines() -> Iterator[str]:
    yield "# The command `reasoningbank`"
    yield ""
    yield "Written by `make docs` from the commands' own help; do not edit."
    yield ""
    yield from _block(overview())
    yield ""
    yield "Commands that read have `--json`. Errors go to standard error: what happened, why, and what to type next."
    yield ""
    yield "## Exit codes"
    yield ""
    yield "| code | meaning |"
    yield "|---|---|"
    yield from (f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())
    for entry in COMMANDS:
        yield from _entry_lines(entry)


def _entry_lines(entry: Entry) -> Iterator[str]:
    _, parser = load(entry)
    yield ""
    yield f"## {entry.name}"
    yield ""
    yield from _block(parser.format_help())
    for name, nested in _nested(parser):
        yield ""
        yield f"### {entry.name} {name}"
        yield ""
        yield from _block(nested.format_help())


def _nested(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:  # noqa: SLF001  argparse has no public way to its sub-commands
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            yield from action.choices.items()


def _block(text: str) -> Iterator[str]:
    yield "```text"
    yield from text.rstrip().splitlines()
    yield "```"


def _key_lines(keys: tuple[ConfigKey, ...]) -> Iterator[str]:
    section = ""
    for key in keys:
        if key.path.split(".")[0] != section:
            section = key.path.split(".")[0]
            yield from (["", f"### [{section}]", ""] if key is not keys[0] else [f"### [{section}]", ""])
            yield "| key | default | allowed | meaning |"
            yield "|---|---|---|---|"
        default = msgspec.json.encode(key.default).decode()
        restart = " *(after a restart)*" if key.needs_restart else ""
        yield f"| `{key.path.split('.')[1]}` | `{default}` | {key.allowed} | {key.meaning}{restart} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
