from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rbtest.bank import Bank


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    bank = Bank(tmp_path / "memory.db")
    yield bank
    assert bank.value("PRAGMA integrity_check") == "ok"
    assert bank.rows("PRAGMA foreign_key_check") == []
    bank.close()


@pytest.fixture(params=["memory-kept", "memory-lost"])
def meanwhile(request: pytest.FixtureRequest, bank: Bank) -> Callable[[], None]:
    """Return what happens between two records: nothing, or what a restart or a rolled-back transaction does."""
    return bank.recorder.forget if request.param == "memory-lost" else lambda: None
