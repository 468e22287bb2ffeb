from __future__ import annotations

from pathlib import Path

import pytest

from reasoningbank_daemon.quality.callers import caller_issues
from reasoningbank_daemon.quality.edit import Edit

BEFORE = "def total(prices):\n    return sum(prices)\n"
AFTER = "def total(prices, tax):\n    return sum(prices) + tax\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "cart.py").write_text(AFTER)
    return tmp_path


def found(project: Path, before: str = BEFORE, after: str = AFTER) -> list[str]:
    edit = Edit(path=str(project / "shop" / "cart.py"), before=before, after=after)
    return [f"{issue.line}: {issue.message}" for issue in caller_issues(edit)]


def test_caller_in_another_file_that_no_longer_fits_is_named(project: Path) -> None:
    (project / "till.py").write_text(
        "from shop.cart import (\n    other,\n    total,\n)\n\nprint(total([1]))\n"
    )

    assert found(project) == ["1: calls of `total` no longer fit: till.py:6 (`tax` is missing)"]


@pytest.mark.parametrize(
    "text",
    [
        "from shop.cart import total\n\nprint(total([1], 2))\n",
        "from shop.cart import total\n\nprint(total(*arguments))\n",
        "from elsewhere import total\n\nprint(total([1]))\n",
        "def total(prices):\n    return 0\n\n\nprint(total([1]))\n",
        "from shop.cart import total\n\n# print(total([1]))\n",
    ],
)
def test_caller_that_fits_or_means_another_function_is_not(project: Path, text: str) -> None:
    (project / "till.py").write_text(text)

    assert found(project) == []


def test_function_that_takes_the_same_has_no_issue(project: Path) -> None:
    (project / "till.py").write_text("from shop.cart import total\n\nprint(total())\n")

    assert found(project, AFTER, AFTER.replace("sum", "max")) == []


def test_parameter_with_a_default_leaves_callers_alone(project: Path) -> None:
    (project / "till.py").write_text("from shop.cart import total\n\nprint(total([1]))\n")

    assert found(project, BEFORE, "def total(prices, tax=0):\n    return sum(prices) + tax\n") == []


def test_search_that_takes_too_long_is_given_up_without_a_finding(project: Path) -> None:
    (project / "till.py").write_text("from shop.cart import total\n\nprint(total([1]))\n")
    edit = Edit(path=str(project / "shop" / "cart.py"), before=BEFORE, after=AFTER)

    assert caller_issues(edit)
    assert caller_issues(edit, give_up=lambda: True) == ()
