from __future__ import annotations

from collections.abc import Iterator

import pytest
from rbtest.client_peers import Caller
from rbtest.daemon_process import DaemonProcess, scratch_home

from reasoningbank_schema.paths import Paths


@pytest.fixture(params=["sync", "asynchronous"])
def caller(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)


@pytest.fixture
def paths() -> Iterator[Paths]:
    with scratch_home() as home:
        yield DaemonProcess(home).paths
