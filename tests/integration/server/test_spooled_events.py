"""What a daemon makes of the spool that it finds."""

from __future__ import annotations

import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until

from reasoningbank_schema.envelope import RequestHeader, pack_request
from reasoningbank_schema.messages import (
    Control,
    ControlAction,
    Recall,
    Remember,
    Request,
    Status,
    encode_request,
)
from reasoningbank_schema.spool import list_entries, write_entry


@pytest.mark.parametrize("question", [Recall(query="x"), Status(), Control(action=ControlAction.STOP)])
def test_entry_that_asks_something_is_set_aside_and_holds_up_no_other(question: Request) -> None:
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        spool = daemon.paths.spool
        spool.mkdir(parents=True, mode=0o700)
        for number, request in enumerate(
            (question, Remember(text="The importer reads CSV with csv.reader."))
        ):
            header = pack_request(RequestHeader(nonce=bytes([number]) * 16, sent_ns=number + 1, copy=True))
            write_entry(str(spool), header, encode_request(request))

        with daemon:
            wait_until(lambda: not list_entries(str(spool)), what="the spool to be taken in")

            assert len(list(spool.glob("*.damaged"))) == 1
            assert "is a question" in (daemon.paths.logs / "daemon.log").read_text(encoding="utf-8")
