"""Recognise checks among commands (tests, builds, type checkers, linters) and what each one found.

The exit status decides where it is the check's own; where a pipe, ``|| true`` or the host hides it, the summary
line that the tool prints decides; where neither speaks, the outcome is not known.
"""

from __future__ import annotations

import enum
import re

import msgspec

from reasoningbank_daemon.learning.check_output import read_output
from reasoningbank_daemon.learning.shell import Simple, simple_commands


class CheckKind(enum.StrEnum):
    """Name what a check looks at, strongest first."""

    TEST = "test"
    BUILD = "build"
    TYPES = "types"
    LINT = "lint"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one check that ran: ``passed`` None when neither status nor output tells.

    ``basis`` says in words what the answer rests on; ``finding`` is the tool's own summary, "" without one.
    """

    tool: str
    kind: CheckKind
    passed: bool | None
    basis: str
    finding: str = ""


class _Recognition(msgspec.Struct, frozen=True, kw_only=True):
    tool: str
    kind: CheckKind
    reader: str  # whose summary lines the output has; "any" tries them all


_TEST, _BUILD, _TYPES, _LINT = CheckKind.TEST, CheckKind.BUILD, CheckKind.TYPES, CheckKind.LINT

_PROGRAMS: dict[str, tuple[CheckKind, str]] = {
    "pytest": (_TEST, "pytest"),
    "py.test": (_TEST, "pytest"),
    "unittest": (_TEST, "unittest"),
    "nose2": (_TEST, "unittest"),
    "tox": (_TEST, "any"),
    "nox": (_TEST, "any"),
    "jest": (_TEST, "jest"),
    "vitest": (_TEST, "jest"),
    "mocha": (_TEST, "mocha"),
    "ava": (_TEST, "any"),
    "karma": (_TEST, "any"),
    "cypress": (_TEST, "mocha"),
    "playwright": (_TEST, "playwright"),
    "ctest": (_TEST, "ctest"),
    "rspec": (_TEST, "rspec"),
    "phpunit": (_TEST, "phpunit"),
    "pest": (_TEST, "phpunit"),
    "bats": (_TEST, "any"),
    "busted": (_TEST, "any"),
    "prove": (_TEST, "any"),
    "tsc": (_TYPES, "tsc"),
    "vue-tsc": (_TYPES, "tsc"),
    "mypy": (_TYPES, "mypy"),
    "dmypy": (_TYPES, "mypy"),
    "pyright": (_TYPES, "pyright"),
    "basedpyright": (_TYPES, "pyright"),
    "ty": (_TYPES, "ruff"),
    "phpstan": (_TYPES, "any"),
    "psalm": (_TYPES, "any"),
    "eslint": (_LINT, "eslint"),
    "oxlint": (_LINT, "any"),
    "flake8": (_LINT, "any"),
    "pylint": (_LINT, "any"),
    "rubocop": (_LINT, "any"),
    "golangci-lint": (_LINT, "any"),
    "staticcheck": (_LINT, "any"),
    "shellcheck": (_LINT, "any"),
    "clang-tidy": (_LINT, "any"),
    "stylelint": (_LINT, "any"),
    "pre-commit": (_LINT, "any"),
    "clippy-driver": (_LINT, "cargo"),
    "gcc": (_BUILD, "compiler"),
    "g++": (_BUILD, "compiler"),
    "cc": (_BUILD, "compiler"),
    "clang": (_BUILD, "compiler"),
    "clang++": (_BUILD, "compiler"),
    "rustc": (_BUILD, "cargo"),
    "javac": (_BUILD, "compiler"),
    "kotlinc": (_BUILD, "compiler"),
    "webpack": (_BUILD, "any"),
    "esbuild": (_BUILD, "any"),
    "rollup": (_BUILD, "any"),
    "msbuild": (_BUILD, "dotnet"),
    "ninja": (_BUILD, "make"),
    "py_compile": (_BUILD, "any"),
    "compileall": (_BUILD, "any"),
}
"""Programs that are a check whatever their arguments."""

_SUBCOMMANDS: dict[str, tuple[str, dict[str, CheckKind]]] = {
    "go": ("go", {"test": _TEST, "build": _BUILD, "vet": _LINT, "install": _BUILD}),
    "cargo": (
        "cargo",
        {
            "test": _TEST,
            "t": _TEST,
            "nextest": _TEST,
            "build": _BUILD,
            "b": _BUILD,
            "check": _TYPES,
            "c": _TYPES,
            "clippy": _LINT,
        },
    ),
    "mvn": ("mvn", {"test": _TEST, "verify": _TEST, "install": _TEST, "compile": _BUILD, "package": _BUILD}),
    "mvnw": ("mvn", {"test": _TEST, "verify": _TEST, "install": _TEST, "compile": _BUILD, "package": _BUILD}),
    "gradle": ("gradle", {"test": _TEST, "check": _TEST, "build": _BUILD, "assemble": _BUILD}),
    "gradlew": ("gradle", {"test": _TEST, "check": _TEST, "build": _BUILD, "assemble": _BUILD}),
    "dotnet": ("dotnet", {"test": _TEST, "build": _BUILD, "publish": _BUILD}),
    "swift": ("swift", {"test": _TEST, "build": _BUILD}),
    "xcodebuild": ("swift", {"test": _TEST, "build": _BUILD}),
    "zig": ("any", {"test": _TEST, "build": _BUILD}),
    "bazel": ("any", {"test": _TEST, "build": _BUILD}),
    "bazelisk": ("any", {"test": _TEST, "build": _BUILD}),
    "deno": ("deno", {"test": _TEST, "check": _TYPES, "lint": _LINT}),
    "bun": ("bun", {"test": _TEST, "build": _BUILD}),
    "flutter": ("dart", {"test": _TEST, "analyze": _LINT, "build": _BUILD}),
    "dart": ("dart", {"test": _TEST, "analyze": _LINT, "compile": _BUILD}),
    "mix": ("mix", {"test": _TEST, "compile": _BUILD, "credo": _LINT}),
    "sbt": ("any", {"test": _TEST, "compile": _BUILD}),
    "lein": ("any", {"test": _TEST, "compile": _BUILD}),
    "cabal": ("any", {"test": _TEST, "build": _BUILD}),
    "stack": ("any", {"test": _TEST, "build": _BUILD}),
    "rails": ("rspec", {"test": _TEST}),
    "rake": ("rspec", {"test": _TEST, "spec": _TEST}),
    "artisan": ("phpunit", {"test": _TEST}),
    "composer": ("phpunit", {"test": _TEST}),
    "ruff": ("ruff", {"check": _LINT}),
    "biome": ("any", {"check": _LINT, "lint": _LINT}),
    "black": ("any", {"--check": _LINT}),
    "prettier": ("any", {"--check": _LINT, "-c": _LINT}),
    "cmake": ("make", {"--build": _BUILD}),
    "vite": ("any", {"build": _BUILD}),
    "next": ("any", {"build": _BUILD, "lint": _LINT}),
    "hatch": ("pytest", {"test": _TEST}),
    "terraform": ("any", {"validate": _LINT}),
    "django-admin": ("unittest", {"test": _TEST}),
    "manage.py": ("unittest", {"test": _TEST}),
}
"""Programs that are a check with one of these arguments."""

_VERB_ANYWHERE = frozenset(
    ("mvn", "mvnw", "gradle", "gradlew", "cmake", "black", "prettier", "xcodebuild", "rake", "bazel", "sbt", "lein", "manage.py", "artisan")
)  # fmt: skip
_SCRIPT_RUNNERS = frozenset(
    (
        "npm",
        "pnpm",
        "yarn",
        "make",
        "gmake",
        "just",
        "task",
        "invoke",
        "inv",
        "rake",
        "nx",
        "turbo",
        "ng",
        "moon",
    )
)
_SCRIPT_WORDS = (
    (
        re.compile(
            r"(?:^|[:_.-])(?:unit|e2e|integration|all|ci)?-?(?:tests?|spec|check-?all|verify|coverage)(?:$|[:_.-])",
            re.IGNORECASE,
        ),
        _TEST,
    ),
    (re.compile(r"type-?check|tsc|(?:^|[:_-])types?(?:$|[:_-])", re.IGNORECASE), _TYPES),
    (re.compile(r"lint|(?:^|[:_-])(?:format|fmt)[:_-]?check", re.IGNORECASE), _LINT),
    (re.compile(r"(?:^|[:_.-])(?:build|compile|check|all|dist|package)(?:$|[:_.-])", re.IGNORECASE), _BUILD),
)
_TEST_SCRIPT = re.compile(
    r"^(?:run[-_]?)?(?:unit|all|e2e|integration)?[-_]?tests?(?:[-_]\w+)?\.(?:sh|py|bash|js|ts|rb|pl)$|^test_\w+\.py$|\.test\.[jt]s$"
)
_ONLY_TELLS = frozenset(
    ("--version", "--help", "-h", "-V", "--collect-only", "--co", "--list", "--listTests", "--showConfig")
)
_OPEN = "the line failed, which of its commands is not told"
_STRENGTH_ORDER = tuple(CheckKind)


def checks_in(command: str, *, exit_status: int | None, output: str) -> tuple[Check, ...]:
    """Return the checks that a command ran, in order, each with its outcome.

    Parameters
    ----------
    command
        The shell command line as the agent gave it.
    exit_status
        Of the whole line; None when the host does not tell it.
    output
        What it printed, or the end of it.

    Examples
    --------
    >>> [(c.tool, c.passed, c.basis) for c in checks_in("cd api && pytest -q", exit_status=1, output="")]
    [('pytest', False, 'exit status 1')]
    >>> [(c.tool, c.passed) for c in checks_in("pytest | tail -1", exit_status=0, output="2 failed, 5 passed in 0.1s")]
    [('pytest', False)]
    """
    found = []
    for simple in simple_commands(command):
        recognition = _recognise(simple)
        if recognition is not None:
            found.append(_outcome(recognition, simple, exit_status, output))
    return tuple(_settled(found, exit_status))


def _recognise(simple: Simple) -> _Recognition | None:
    program, arguments = simple.program.lower(), simple.words[1:]
    if any(argument in _ONLY_TELLS for argument in arguments):
        return None
    if program in _PROGRAMS:
        kind, reader = _PROGRAMS[program]
        return _Recognition(tool=program, kind=kind, reader=reader)
    if program in _SUBCOMMANDS:
        reader, verbs = _SUBCOMMANDS[program]
        for argument in _verb_places(program, arguments):
            verb = argument.rsplit(":", 1)[-1] if program in {"gradle", "gradlew"} else argument
            if verb in verbs:
                return _Recognition(tool=f"{program} {verb}", kind=verbs[verb], reader=reader)
    if program in _SCRIPT_RUNNERS:
        return _recognise_script(program, arguments)
    return _recognise_file(program, arguments)


def _verb_places(program: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the arguments among which a program's verb stands: any, or only the first that is no option."""
    if program in _VERB_ANYWHERE:
        return arguments
    plain = [argument for argument in arguments if not argument.startswith(("-", "+"))]
    return tuple(plain[1:2] if arguments[:1] == ("-C",) else plain[:1])


def _recognise_script(program: str, arguments: tuple[str, ...]) -> _Recognition | None:
    names = [
        argument
        for argument in arguments
        if not argument.startswith("-") and "=" not in argument and argument != "run"
    ]
    if not names and program in {"make", "gmake"}:
        return _Recognition(tool=program, kind=_BUILD, reader="any")
    if names[:1] == ["t"] and program == "npm":
        names = ["test"]
    if names and names[0] in _PROGRAMS:
        kind, reader = _PROGRAMS[names[0]]
        return _Recognition(tool=names[0], kind=kind, reader=reader)
    for name in names[:2]:
        for pattern, kind in _SCRIPT_WORDS:
            if pattern.search(name) is not None:
                return _Recognition(tool=f"{program} {name}", kind=kind, reader="any")
    return None


def _recognise_file(program: str, arguments: tuple[str, ...]) -> _Recognition | None:
    if _TEST_SCRIPT.search(program) is not None:
        return _Recognition(tool=program, kind=_TEST, reader="any")
    if re.fullmatch(r"python[\d.]*|node|bash|sh|ruby|perl|deno|bun|tsx|php", program) is None:
        return None
    if program == "node" and "--test" in arguments:
        return _Recognition(tool="node --test", kind=_TEST, reader="node")
    for argument in arguments[:3]:
        name = argument.rsplit("/", 1)[-1]
        if _TEST_SCRIPT.search(name) is not None:
            return _Recognition(tool=name, kind=_TEST, reader="any")
        if name in {"manage.py", "artisan"} and "test" in arguments:
            return _Recognition(tool=f"{name} test", kind=_TEST, reader="any")
    return None


def _outcome(recognition: _Recognition, simple: Simple, exit_status: int | None, output: str) -> Check:
    finding = read_output(recognition.reader, output)
    status = _own_status(simple, exit_status, output)
    if finding.ran_nothing:
        passed, basis = None, finding.summary
    elif status is not None:
        passed, basis = status == 0, f"exit status {status}"
    elif finding.passed is not None:
        passed, basis = finding.passed, "its output"
    elif exit_status not in {None, 0} and simple.status_known:
        passed, basis = None, _OPEN
    else:
        passed, basis = None, "neither its status nor its output tells"
    return Check(
        tool=recognition.tool, kind=recognition.kind, passed=passed, basis=basis, finding=finding.summary
    )


def _own_status(simple: Simple, exit_status: int | None, output: str) -> int | None:
    """Return the check's own exit status where the line's status or an ``echo $?`` gives it."""
    if simple.echoed is not None:
        printed = _printed_status(simple.echoed, output)
        if printed is not None:
            return printed
    if exit_status is None:
        return None
    known = simple.status_known if exit_status == 0 else simple.failure_known
    return exit_status if known else None


def _printed_status(echoed: str, output: str) -> int | None:
    marker = re.split(r"\$\?|\$\{?PIPESTATUS(?:\[\d+\])?\}?", echoed, maxsplit=1)[0].split("\\n")[-1].strip()
    lines = re.findall(
        rf"(?m)^.{{0,40}}{re.escape(marker)}\s*(\d{{1,3}})\b" if marker else r"(?m)^(\d{1,3})$", output
    )
    return int(lines[-1]) if lines else None


def _settled(checks: list[Check], exit_status: int | None) -> list[Check]:
    """Settle a failed ``a && b && c``, in which only the last one's failure shows in the status.

    A check that reads as failed in its own output explains the status: those after it did not run. If none does,
    the failure is one of the checks that do not read as passed; it is put down to the weakest of them, once.
    """
    if exit_status in {None, 0} or len(checks) < 2:
        return checks
    by_output = [number for number, check in enumerate(checks) if check.passed is False and check.finding]
    if by_output:
        return [
            msgspec.structs.replace(check, passed=None, basis="it did not run")
            if _only_by_status(check)
            else check
            for check in checks
        ]
    suspects = [check for check in checks if check.passed is False or check.basis == _OPEN]
    if len(suspects) < 2:
        return checks
    weakest = max(suspects, key=lambda check: _STRENGTH_ORDER.index(check.kind))
    blamed = Check(
        tool=" && ".join(check.tool for check in suspects),
        kind=weakest.kind,
        passed=False,
        basis=f"exit status {exit_status} of the line",
    )
    return [*(check for check in checks if check not in suspects), blamed]


def _only_by_status(check: Check) -> bool:
    return check.passed is False and not check.finding
