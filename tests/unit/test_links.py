"""A link from one page to another leads to a file that is there, and to one of its headings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
LINKS = [
    (str(page.relative_to(ROOT)), target, anchor)
    for page in sorted(PAGES)
    for target, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", page.read_text(encoding="utf-8"))
]


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("page", "target", "anchor"), LINKS)
def test_link_leads_to_a_file_and_a_heading(page: str, target: str, anchor: str) -> None:
    found = (ROOT / page).parent / target if target else ROOT / page

    assert found.exists()
    assert not anchor or anchor in _anchors(found)


def test_every_decision_is_in_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"^- \[(\d{4})\]\((\S+)\)", (folder / "README.md").read_text(), re.MULTILINE)

    assert [name for _, name in listed] == sorted(path.name for path in folder.glob("0*.md"))
    assert all(name.startswith(number) for number, name in listed)
