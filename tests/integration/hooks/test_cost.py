"""Start-up is the hook's latency: its whole run is held against an interpreter that does nothing."""

from __future__ import annotations

import subprocess
import time

from rbtest.hook_home import HookHome, ordinary_user
from rbtest.hook_peers import Router, answer

ROUNDS = 25


def test_a_whole_call_costs_at_most_half_an_interpreter_start_more(home: HookHome, payload: bytes) -> None:
    """The least of many interleaved runs is compared, which a busy machine moves little."""
    bare = [home.program.interpreter, "-IS", "-c", "pass"]
    bare_s: list[float] = []
    hook_s: list[float] = []
    with Router(home.socket, lambda request: [answer(request, b"{}")], owner=ordinary_user()):
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            subprocess.run(bare, input=payload, capture_output=True, check=True, user=ordinary_user())
            bare_s.append(time.perf_counter() - begun)
            run = home.run("PostToolUse", payload)
            assert run.stdout == b"{}"
            hook_s.append(run.wall_s)

    assert min(hook_s) / min(bare_s) <= 1.5


def test_the_hot_path_loads_no_module_written_in_python(home: HookHome) -> None:
    """What the interpreter itself loads before the first line is not ours to choose."""
    code = (
        "import sys; before = set(sys.modules); sys.path.insert(0, sys.argv[1]); import rb_hook\n"
        "print(sorted(name for name in set(sys.modules) - before"
        " if getattr(sys.modules[name], '__file__', '').endswith('.py')))"
    )
    interpreter, library = home.program.interpreter, str(home.program.library)
    done = subprocess.run(
        [interpreter, "-IS", "-c", code, library], capture_output=True, check=True, user=ordinary_user()
    )

    assert done.stdout.decode().strip() == "['rb_hook']"
