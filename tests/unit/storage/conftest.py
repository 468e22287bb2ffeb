from __future__ import annotations

from collections.abc import Iterator
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
