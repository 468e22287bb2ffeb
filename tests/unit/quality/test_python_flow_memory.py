"""What is remembered of a module's statements changes nothing of what is found in the next text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.engines.syntax_tree import find_issues
from reasoningbank_daemon.quality.flow.python_memory import FlowMemory
from reasoningbank_daemon.quality.languages import Language

PIECES = (
    "import os\n",
    "name = 'a'\n",
    "name = input()\n",
    "shells = []\n",
    "config = parser()\n",
    "# nothing\n",
    "if name:\n    os.system(name)\n",
    "raise SystemExit\n",
    "def f():\n    os.system(name)\n",
    "def g():\n    os.system('ls')\n    eval(input())\n",
    "def h():\n    shells.append(input())\n    os.system(shells[0])\n",
    "def k():\n    config.set('a', 'b', input())\n    os.system(config.get('a', 'b'))\n",
    "def m():\n    os.system(config.get('a', 'b'))\n    subprocess.run(name, shell=True)\n",
    "class A:\n    own = input()\n    def f(self):\n        os.system(own)\n    def g(self):\n        os.system(name)\n",
    "class B:\n    name = 'b'\n    @property\n    def f(self): os.system(name); eval(input())\n    class C:\n        os.system(name)\n",
    "@app.route('/')\ndef r(x):\n    return x\n",
    "from fastapi import FastAPI\n",
)


@given(texts=st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), min_size=2, max_size=5))
def test_a_text_has_the_same_findings_whatever_was_read_before(texts: list[str]) -> None:
    memory = FlowMemory()

    remembered = [_found(text, memory) for text in texts]

    assert remembered == [_found(text, FlowMemory()) for text in texts]


@pytest.mark.parametrize("start", ["", "name = 'x'\n", "\n\n# a comment\n"])
def test_findings_move_with_their_function(start: str) -> None:
    memory = FlowMemory()
    function = "def f():\n    eval(input())\n"
    known = _found(f"import os\n{function}", memory)

    moved = _found(f"import os\n{start}{function}", memory)

    assert known
    assert [issue.line for issue in moved] == [issue.line + start.count("\n") for issue in known]


def test_only_the_last_few_modules_are_remembered() -> None:
    memory = FlowMemory()
    memory.begin()
    _found("def f():\n    eval(input())\n", memory)
    filled = [len(module) for module in memory.modules]

    for number in range(10):
        _found(f"x{number} = input()\n", memory)

    assert sum(filled) == 1
    assert len(memory.modules) < 10


def _found(text: str, memory: FlowMemory) -> tuple[RawIssue, ...]:
    return find_issues(Language.PYTHON, text, math.inf, flows=memory)
