"""Read the summary that a test runner, compiler or linter prints at its end.

Only summary lines count, never the word "error" in a log. The last summary of the output decides, because a run
that is repeated prints several. Colours are removed first.
"""

from __future__ import annotations

import re

import msgspec

TAIL_CHARS = 20_000
"""Summaries stand at the end."""

SUMMARY_CHARS = 120


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a summary says: ``passed`` None when there is none; ``ran_nothing`` when no test was found."""

    passed: bool | None = None
    summary: str = ""
    ran_nothing: bool = False


_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

_PASS, _FAIL, _NOTHING = "pass", "fail", "nothing"

_READERS: dict[str, tuple[tuple[str, str], ...]] = {
    "pytest": (
        (r"^=* ?(?:\d+ \w+, )*[1-9]\d* (?:failed|errors?)\b.{0,80}? in [\d.]+s", _FAIL),
        (r"^=* ?\d+ passed\b(?:(?!failed|error).){0,80}? in [\d.]+s", _PASS),
        (r"^=* ?no tests ran\b", _NOTHING),
        (r"^ERROR: (?:file or directory not found|not found)", _NOTHING),
        (r"^!+ (?:Interrupted|stopping)", _FAIL),
        (r"^E?[ \t]*(?:ModuleNotFoundError|ImportError while loading conftest)", _FAIL),
    ),
    "unittest": (
        (r"^FAILED \((?:failures|errors|unexpected)", _FAIL),
        (r"^Ran [1-9]\d* tests? in .{1,20}\n{1,3}OK\b", _PASS),
        (r"^(?:Ran 0 tests in|NO TESTS RAN)", _NOTHING),
    ),
    "jest": (
        (r"^[ \t]*(?:Tests|Test Files|Test Suites):?[ \t]+(?:\d+ \w+[,| ]+)*?[1-9]\d* failed\b", _FAIL),
        (r"^[ \t]*(?:Tests|Test Files|Test Suites):?[ \t]+(?:\d+ (?:skipped|todo|pending)[,| ]+)*\d+ passed\b(?!.*failed)", _PASS),
        (r"^No tests? (?:found|files found)", _NOTHING),
    ),
    "mocha": ((r"^[ \t]*[1-9]\d* failing\b", _FAIL), (r"^[ \t]*\d+ passing\b", _PASS)),
    "playwright": ((r"^[ \t]*[1-9]\d* (?:failed|flaky)$", _FAIL), (r"^[ \t]*\d+ passed(?: \([\d.]+\w+\))?$", _PASS)),
    "node": ((r"^(?:#|\u2139) fail [1-9]", _FAIL), (r"^(?:#|\u2139) fail 0$", _PASS)),
    "bun": ((r"^[ \t]*[1-9]\d* fail$", _FAIL), (r"^[ \t]*0 fail$", _PASS)),
    "deno": ((r"^FAILED \| \d+ passed", _FAIL), (r"^ok \| \d+ passed", _PASS)),
    "go": (
        (r"^(?:FAIL\b|--- FAIL:|panic: |# [\w./-]+$|.{1,200}\.go:\d+:\d+: )", _FAIL),
        (r"^ok[ \t]+\S+", _PASS),
        (r"^\?[ \t]+\S+[ \t]+\[no test files\]", _NOTHING),
    ),
    "cargo": (
        (r"^test result: FAILED", _FAIL),
        (r"^error(?:\[E\d+\])?: (?!test failed)", _FAIL),
        (r"^test result: ok\.", _PASS),
        (r"^[ \t]*Finished .{0,60}(?:target|profile)", _PASS),
    ),
    "mvn": ((r"^(?:\[\w+\] )?BUILD FAILURE", _FAIL), (r"^(?:\[\w+\] )?BUILD SUCCESS", _PASS)),
    "gradle": ((r"^(?:BUILD FAILED|FAILURE: Build failed)", _FAIL), (r"^BUILD SUCCESSFUL", _PASS)),
    "make": ((r"^g?make(?:\[\d+\])?: \*\*\* |^ninja: build stopped|^CMake Error", _FAIL), (r"^\[100%\] Built target", _PASS)),
    "tsc": ((r"error TS\d+:|^Found [1-9]\d* errors?", _FAIL), (r"^Found 0 errors", _PASS)),
    "eslint": ((r"^\u2716 \d+ problems? \((?!0 errors)", _FAIL), (r"^\u2716 \d+ problems? \(0 errors", _PASS)),
    "ruff": ((r"^Found [1-9]\d* (?:errors?|diagnostics?)", _FAIL), (r"^All checks passed!", _PASS)),
    "mypy": ((r"^Found [1-9]\d* errors? in", _FAIL), (r"^Success: no issues found", _PASS)),
    "pyright": ((r"^[1-9]\d* errors?, ", _FAIL), (r"^0 errors, ", _PASS)),
    "dotnet": (
        (r"^[ \t]*(?:Failed!|Build FAILED|Test Run Failed)", _FAIL),
        (r"^[ \t]*(?:Passed!|Build succeeded|Test Run Successful)", _PASS),
    ),
    "ctest": (
        (r"^\d+% tests passed, [1-9]\d* tests? failed", _FAIL),
        (r"^100% tests passed", _PASS),
        (r"^No tests were found", _NOTHING),
    ),
    "rspec": (
        (r"^\d+ (?:examples?|runs?|tests?), (?:\d+ assertions, )?(?:[1-9]\d* failures?|0 failures, [1-9]\d* errors)", _FAIL),
        (r"^[1-9]\d* (?:examples?|runs?|tests?), (?:\d+ assertions, )?0 failures(?!, [1-9]\d* errors)", _PASS),
        (r"^0 examples", _NOTHING),
    ),
    "phpunit": (
        (r"^(?:FAILURES!|ERRORS!)", _FAIL),
        (r"^[ \t]*Tests:[ \t]+[1-9]\d* failed", _FAIL),
        (r"^OK(?: \(\d+ tests?|, but)", _PASS),
        (r"^[ \t]*Tests:[ \t]+\d+ passed", _PASS),
        (r"^No tests executed", _NOTHING),
    ),
    "swift": (
        (r"Executed \d+ tests?, with [1-9]\d* failures?|\*\* (?:TEST|BUILD) FAILED \*\*|^error: fatalError", _FAIL),
        (r"Executed [1-9]\d* tests?, with 0 failures|\*\* (?:TEST|BUILD) SUCCEEDED \*\*|^Build complete!", _PASS),
    ),
    "dart": (
        (r"^(?:\d\d:\d\d .{0,40}: )?Some tests failed|^[1-9]\d* issues? found", _FAIL),
        (r"^(?:\d\d:\d\d .{0,40}: )?All tests passed!|^No issues found!", _PASS),
    ),
    "mix": ((r"^\d+ tests?, [1-9]\d* failures?|^== Compilation error", _FAIL), (r"^[1-9]\d* tests?, 0 failures", _PASS)),
    "compiler": ((r"^.{1,200}:\d+(?::\d+)?: (?:fatal )?error:|^\d+ errors?$|^(?:collect2|ld): ", _FAIL),),
    "plain": (
        (r"congratulations :\)|^all (?:tests|checks) passed\b|^\[OK\] No errors|^Result: PASS", _PASS),
        ((r"evaluation failed :\(|^(?:some|\d+) tests? failed\b|^Result: FAIL|^npm (?:ERR!|error) |error Command failed with exit code|"
         r"ELIFECYCLE|^error: Recipe |^nox > Session .{1,60} failed|^\[ERROR\] Found [1-9]"), _FAIL),
    ),
}  # fmt: skip

_COMPILED: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    name: tuple((re.compile(pattern, re.MULTILINE), verdict) for pattern, verdict in patterns)
    for name, patterns in _READERS.items()
}


def read_output(reader: str, output: str) -> Finding:
    r"""Return what the summary in an output says.

    Parameters
    ----------
    reader
        Whose summary it is; "any" tries all of them (a script may run any tool).
    output
        What was printed, or its end; only its last 20,000 characters are read.

    Notes
    -----
    A failure beats a success of the same tool in one output only where it comes later, except for tools that
    print a line for every part (``go``, ``cargo``, and whatever is behind "any"): there any failure is a failure.

    Examples
    --------
    >>> read_output("pytest", "==== 1 failed, 3 passed in 0.12s ====").passed
    False
    >>> read_output("any", "> jest\n\nTests:       5 passed, 5 total").summary
    'Tests: 5 passed, 5 total'
    """
    text = _COLOUR.sub("", output[-TAIL_CHARS:])
    names = list(_COMPILED) if reader == "any" else [reader] if reader in _COMPILED else []
    if reader not in {"any", "plain"}:
        names.append("plain")
    hits = [
        (match.start(), verdict, match)
        for name in names
        for pattern, verdict in _COMPILED[name]
        for match in pattern.finditer(text)
    ]
    if not hits:
        return Finding()
    failures = [hit for hit in hits if hit[1] == _FAIL]
    told = [hit for hit in hits if hit[1] != _NOTHING]
    whole_line = reader in {"any", "go", "cargo"}
    decisive = max(failures if whole_line and failures else told or hits, key=lambda hit: hit[0])
    summary = _line_around(text, decisive[2].start())
    if decisive[1] == _NOTHING:
        return Finding(summary=summary, ran_nothing=True)
    return Finding(passed=decisive[1] == _PASS, summary=summary)


def _line_around(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    if text[position : position + 1] == "\n":
        start = position + 1
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    return " ".join(line.strip(" =\t").split())[:SUMMARY_CHARS]
