# Recipes for people; `make` alone lists them. Each one first makes the environment it needs (.venv).
VENV ?= .venv
export VENV

.PHONY: help run test lint format bench crash docs clean

help:  ## list the recipes
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run:  ## install, then play a recorded task in a scratch bank and show what an agent would see
	@.ci/environment run
	@$(VENV)/bin/reasoningbank demo

# A file stays with one worker, in the order of the folders: the long campaigns first. ARGS="-n 0" is one process.
test:  ## run every test (short forms of the campaigns); ARGS="-k name" narrows it
	@.ci/environment dev
	@$(VENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint:  ## check style, types and the import contracts
	@.ci/environment dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format:  ## format the sources and apply the safe fixes of ruff
	@.ci/environment dev
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

bench:  ## measure against the budgets, on an otherwise idle machine (takes a while); ARGS="--parts NAME" narrows it
	@.ci/environment dev
	@PYTHONPATH=tests/benchmarks:tests/support $(VENV)/bin/python -m bench $(ARGS)

crash:  ## the long campaigns: kills, power cuts, malformed frames, many sessions
	@.ci/environment dev
	@RB_CRASH_ROUNDS=200 RB_FUZZ_FRAMES=1000000 RB_FUZZ_PAYLOADS=100000 RB_SESSIONS=1000 \
		$(VENV)/bin/python -m pytest -s --timeout=0 tests/crash tests/integration/server $(ARGS)

docs:  ## regenerate docs/cli.md, docs/rules and the table of keys in docs/configuration.md
	@.ci/environment dev
	@$(VENV)/bin/python -m reasoningbank_daemon.cli.manual docs

clean:  ## remove the environment and the caches
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
