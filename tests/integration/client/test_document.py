"""The code on the client's page does what the page says."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

from rbtest.daemon_process import DaemonProcess, scratch_home

import reasoningbank_client
from reasoningbank_client import AsyncReasoningBank, ReasoningBank, requests
from reasoningbank_client.requests import Asked
from reasoningbank_schema.messages import Rating, Request

PAGE = (Path(__file__).parents[3] / "docs" / "client.md").read_text(encoding="utf-8")


def test_code_on_the_page_runs_as_it_stands() -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with scratch_home() as home, DaemonProcess(home) as daemon:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "RB_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )

        with ReasoningBank(daemon.paths, timeout_s=10) as bank:
            tasks = bank.status().tasks

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert tasks == 1


def asked_by(function: Callable[..., Asked[Any]]) -> type:
    """Return the kind of request that a call makes, whatever its arguments are."""
    dummies: dict[Any, Any] = {str: "x", bytes: b"x", int: 1, bool: True, Rating: Rating.GOOD}
    hints = get_type_hints(function)
    needed = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]
    given = {parameter.name: dummies.get(hints[parameter.name]) for parameter in needed}
    return type(function(**given).request)


def test_both_clients_have_a_call_for_every_request_and_the_page_has_its_row() -> None:
    functions = {
        name: function
        for name, function in vars(requests).items()
        if inspect.isfunction(function)
        and {"agent", "_agent"} & inspect.signature(function).parameters.keys()
    }
    rows = "".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))

    made = {asked_by(function) for function in functions.values()}

    assert made == set(get_args(Request))
    for client in (ReasoningBank, AsyncReasoningBank):
        assert [name for name in functions if not hasattr(client, name)] == []
    assert [name for name in functions if f"`{name}`" not in rows] == []


def test_page_names_every_error_and_every_call() -> None:
    errors = {name for name in reasoningbank_client.__all__ if name.endswith("Error")}
    calls = {name for name in vars(ReasoningBank) if not name.startswith("_")} - {"call", "close"}

    missing = {name for name in errors | calls if f"`{name}`" not in PAGE}

    assert missing == set()
