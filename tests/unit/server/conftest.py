from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.bank import scratch_paths

from reasoningbank_daemon.config import Config
from reasoningbank_daemon.services.container import Services, open_services
from reasoningbank_daemon.services.folders import prepare_folders


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    paths = scratch_paths(tmp_path)
    prepare_folders(paths)
    services = open_services(paths, Config())
    yield services
    services.close()
