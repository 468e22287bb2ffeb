from __future__ import annotations

import pytest

from reasoningbank_daemon.learning.checks import CheckKind, checks_in

PASSING = [
    ("pytest -q", "pytest", "...\n12 passed in 0.31s"),
    ("pytest", "pytest", "===== 12 passed, 1 skipped, 2 warnings in 0.31s ====="),
    ("python -m unittest", "unittest", "Ran 3 tests in 0.001s\n\nOK"),
    ("npx jest", "jest", "Test Suites: 1 passed, 1 total\nTests:       5 passed, 5 total\nTime: 1 s"),
    ("npx vitest run", "vitest", " Test Files  2 passed (2)\n      Tests  9 passed (9)\n"),
    ("npm test", "npm test", "> app@1.0.0 test\n> jest\n\nTests:       5 passed, 5 total"),
    ("npx mocha", "mocha", "  5 passing (12ms)"),
    ("go test ./...", "go test", "ok  \texample.com/a\t0.012s\n?   \texample.com/b\t[no test files]"),
    ("cargo test", "cargo test", "test result: ok. 5 passed; 0 failed; 0 ignored"),
    ("cargo clippy", "cargo clippy", "    Finished `dev` profile [unoptimized] target(s) in 0.10s"),
    ("mvn -q test", "mvn test", "[INFO] BUILD SUCCESS"),
    ("./gradlew test", "gradlew test", "BUILD SUCCESSFUL in 3s"),
    ("ruff check .", "ruff check", "All checks passed!"),
    ("mypy src", "mypy", "Success: no issues found in 12 source files"),
    ("eslint src", "eslint", "\u2716 2 problems (0 errors, 2 warnings)"),
    ("dotnet test", "dotnet test", "Passed!  - Failed:     0, Passed:     5"),
    ("dotnet build", "dotnet build", "Build succeeded.\n    0 Warning(s)"),
    ("ctest", "ctest", "100% tests passed, 0 tests failed out of 7"),
    ("bundle exec rspec", "rspec", "5 examples, 0 failures"),
    ("vendor/bin/phpunit", "phpunit", "OK (5 tests, 9 assertions)"),
    ("tox", "tox", "  py311: OK (1.2 seconds)\n  congratulations :) (1.4 seconds)"),
    ("node --test", "node --test", "# tests 3\n# pass 3\n# fail 0"),
    ("mix test", "mix test", "3 tests, 0 failures"),
]
FAILING = [
    ("pytest -q", "pytest", "1 failed, 11 passed in 0.31s"),
    ("pytest", "pytest", "===== 2 errors in 0.31s ====="),
    ("python3.11 -m unittest discover", "unittest", "Ran 3 tests in 0.001s\n\nFAILED (failures=1)"),
    ("npx jest", "jest", "Tests:       1 failed, 4 passed, 5 total"),
    (
        "npx vitest run",
        "vitest",
        " Test Files  1 failed | 1 passed (2)\n      Tests  1 failed | 8 passed (9)",
    ),
    (
        "yarn test",
        "yarn test",
        "Tests:       1 failed, 4 passed, 5 total\nerror Command failed with exit code 1.",
    ),
    ("npx mocha", "mocha", "  4 passing (12ms)\n  1 failing"),
    (
        "go test ./...",
        "go test",
        "--- FAIL: TestA (0.00s)\nFAIL\texample.com/a\t0.012s\nok  \texample.com/c\t0.1s\nFAIL",
    ),
    ("go build ./...", "go build", "# example.com/a\n./a.go:3:2: undefined: x"),
    ("cargo test", "cargo test", "test result: FAILED. 4 passed; 1 failed; 0 ignored"),
    ("cargo build", "cargo build", "error[E0425]: cannot find value `x` in this scope"),
    ("mvn test", "mvn test", "[INFO] BUILD FAILURE"),
    ("gradle build", "gradle build", "FAILURE: Build failed with an exception."),
    ("make", "make", "make: *** [Makefile:3: all] Error 1"),
    ("npx tsc --noEmit", "tsc", "src/a.ts(1,7): error TS2322: Type 'string' is not assignable"),
    ("npx eslint .", "eslint", "\u2716 3 problems (1 error, 2 warnings)"),
    ("ruff check", "ruff check", "Found 3 errors."),
    ("uv run mypy .", "mypy", "Found 2 errors in 1 file (checked 12 source files)"),
    ("dotnet build", "dotnet build", "Build FAILED."),
    ("ctest", "ctest", "86% tests passed, 1 tests failed out of 7"),
    ("rspec", "rspec", "5 examples, 1 failure"),
    ("phpunit", "phpunit", "FAILURES!\nTests: 5, Assertions: 9, Failures: 1."),
    ("tox -e py311", "tox", "  evaluation failed :( (1.44 seconds)"),
    ("gcc -o a a.c", "gcc", "a.c:3:5: error: expected ';' before 'return'"),
]


@pytest.mark.parametrize(("command", "tool", "output"), PASSING)
def test_a_summary_of_success_is_read_when_the_status_is_hidden(command: str, tool: str, output: str) -> None:
    (check,) = checks_in(f"{command} 2>&1 | tail -20", exit_status=0, output=output)

    assert (check.tool, check.passed, check.basis) == (tool, True, "its output")


@pytest.mark.parametrize(("command", "tool", "output"), FAILING)
def test_a_summary_of_failure_is_read_when_the_status_is_hidden(command: str, tool: str, output: str) -> None:
    (check,) = checks_in(f"{command} || true", exit_status=0, output=output)

    assert (check.tool, check.passed, check.basis) == (tool, False, "its output")


@pytest.mark.parametrize(("command", "tool"), [case[:2] for case in PASSING + FAILING])
def test_the_status_decides_where_it_is_the_checks_own(command: str, tool: str) -> None:
    (passed,) = checks_in(f"cd sub && {command}", exit_status=0, output="")
    (failed,) = checks_in(f"FOO=1 {command}", exit_status=1, output="")

    assert (passed.tool, passed.passed) == (tool, True)
    assert (failed.tool, failed.passed) == (tool, False)


@pytest.mark.parametrize(("command", "tool", "output"), PASSING)
def test_an_unknown_status_is_replaced_by_the_output(command: str, tool: str, output: str) -> None:
    (check,) = checks_in(command, exit_status=None, output=output)

    assert (check.tool, check.passed) == (tool, True)


def test_neither_status_nor_summary_means_not_known() -> None:
    (check,) = checks_in("pytest | tail -1", exit_status=0, output="some log line with the word error")

    assert check.passed is None


@pytest.mark.parametrize(
    "command",
    [
        "ls tests",
        "cat pytest.log",
        "pip install pytest",
        "echo pytest",
        "pytest --version",
        "git commit -m 'make test pass'",
        "grep -rn pytest .",
        "npm install",
        "cargo add serde",
        "go mod tidy",
        "ruff format .",
        "make install",
        "vim test_a.py",
        "cargo run --bin test",
        "go run ./cmd/test",
        "docker build -t test .",
    ],
)
def test_other_commands_are_no_checks(command: str) -> None:
    assert checks_in(command, exit_status=0, output="5 passed in 0.1s") == ()


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("make test", CheckKind.TEST),
        ("make -C api test", CheckKind.TEST),
        ("yarn vitest run", CheckKind.TEST),
        ("pnpm tsc --noEmit", CheckKind.TYPES),
        ("mvn -q clean verify", CheckKind.TEST),
        ("cargo +nightly test", CheckKind.TEST),
        ("go -C api test ./...", CheckKind.TEST),
        ("docker run --rm -v .:/app -w /app image pytest -q", CheckKind.TEST),
        ("npm run test:unit", CheckKind.TEST),
        ("pnpm run lint", CheckKind.LINT),
        ("npm run typecheck", CheckKind.TYPES),
        ("npm run build", CheckKind.BUILD),
        ("just check", CheckKind.BUILD),
        ("./scripts/run_tests.sh", CheckKind.TEST),
        ("python tests/test_parser.py", CheckKind.TEST),
        ("python manage.py test", CheckKind.TEST),
        ("cargo check", CheckKind.TYPES),
        ("go vet ./...", CheckKind.LINT),
        ("./gradlew :app:test", CheckKind.TEST),
        ("cmake --build build", CheckKind.BUILD),
    ],
)
def test_a_check_is_told_by_what_it_looks_at(command: str, kind: CheckKind) -> None:
    (check,) = checks_in(command, exit_status=0, output="")

    assert check.kind is kind


def test_a_printed_status_counts_as_the_checks_own() -> None:
    (check,) = checks_in('pytest -q; echo "exit=$?"', exit_status=0, output="some lines\nexit=1")

    assert (check.passed, check.basis) == (False, "exit status 1")


def test_no_test_found_is_neither_passed_nor_failed() -> None:
    (nothing,) = checks_in("pytest tests/none", exit_status=5, output="no tests ran in 0.01s")
    (no_path,) = checks_in(
        "pytest gone.py", exit_status=4, output="ERROR: file or directory not found: gone.py"
    )
    (no_files,) = checks_in("go test ./...", exit_status=0, output="?   \texample.com/b\t[no test files]")
    (none_found,) = checks_in("python -m unittest", exit_status=0, output="Ran 0 tests in 0.000s\n\nOK")

    assert [check.passed for check in (nothing, no_path, no_files, none_found)] == [None] * 4


def test_a_passing_chain_means_that_each_of_its_checks_passed() -> None:
    checks = checks_in("ruff check . && mypy . && pytest -q", exit_status=0, output="")

    assert [(check.tool, check.passed) for check in checks] == [
        ("ruff check", True),
        ("mypy", True),
        ("pytest", True),
    ]


def test_a_failing_chain_blames_the_check_whose_output_reads_as_failed() -> None:
    checks = checks_in("ruff check . && mypy . && pytest -q", exit_status=1, output="Found 3 errors.")

    assert {check.tool: check.passed for check in checks} == {
        "ruff check": False,
        "mypy": None,
        "pytest": None,
    }


def test_a_failing_chain_without_a_hint_counts_as_one_failure_of_the_weakest_kind() -> None:
    (check,) = checks_in("ruff check . && mypy . && pytest -q", exit_status=1, output="")

    assert (check.kind, check.passed, check.tool) == (CheckKind.LINT, False, "ruff check && mypy && pytest")


def test_the_last_summary_of_a_repeated_run_decides() -> None:
    output = "1 failed, 2 passed in 0.2s\nrerunning\n3 passed in 0.2s"

    (check,) = checks_in("pytest | cat", exit_status=0, output=output)

    assert (check.passed, check.finding) == (True, "3 passed in 0.2s")


def test_colours_do_not_hide_a_summary() -> None:
    output = "\x1b[32m\x1b[1m3 passed\x1b[0m\x1b[32m in 0.02s\x1b[0m"

    (check,) = checks_in("pytest", exit_status=None, output=output)

    assert check.passed is True
