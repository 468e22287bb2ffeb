"""CONTRIBUTING.md sends nobody to a file or a name that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith(("| a", "| what"))]
PATHS = sorted({quoted for row in ROWS for quoted in re.findall(r"`([\w.]+(?:/[\w.]*)+)`", row)})
PLACEHOLDER = re.compile(r"NAME|NNNN")


def _found(path: str) -> Path | None:
    folders = (ROOT, ROOT / "daemon" / "reasoningbank_daemon")
    return next((folder / path for folder in folders if (folder / path).exists()), None)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_there_and_what_is_to_be_written_has_neighbours(path: str) -> None:
    if not PLACEHOLDER.search(path):
        assert _found(path) is not None
        return

    folder = _found(str(Path(path).parent))

    assert folder is not None
    assert list(folder.glob(re.sub("NAME|NNNN_name", "*", Path(path).name)))


@pytest.mark.parametrize(("name", "path"), re.findall(r"`(\w+)(?:\(\))?` (?:in|of) `([\w./]+)`", PAGE))
def test_every_name_is_in_the_file_that_is_said_to_have_it(name: str, path: str) -> None:
    file = _found(path)

    assert file is not None
    assert re.search(rf"\b{name}\b", file.read_text(encoding="utf-8"))
