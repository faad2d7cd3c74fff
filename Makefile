# Two commands: `make run` to use it, `make test` to trust it. Everything is installed into .venv
# from hash-pinned locks, with plain pip or, where it is at hand, uv.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One worker more than there are cores, because each waits for its database now and then; and what
# a worker has finished is taken from the slowest.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
# A client of the sandbox that nobody here wrote (npm fetches it once).
STRIPE_CLI := .cache/stripe-cli/installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_REQUIRE_VIRTUALENV := 1
export PIP_NO_INPUT := 1

say = @printf '\n\033[1m== %s\033[0m\n' '$(1)'

.PHONY: help
help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' \
	| while IFS=$$'\t' read -r name text; do printf '  \033[1m%-14s\033[0m %s\n' "$$name" "$$text"; done

# -- Use it ---------------------------------------------------------------------------------------

.PHONY: run
run: $(VENV)/.runtime ## Install, migrate, seed a small demo once, and serve on 127.0.0.1 (PORT=8000)
	@exec $(BIN)/bursar run

# -- Trust it -------------------------------------------------------------------------------------

.PHONY: test
test: $(VENV)/.dev $(STRIPE_CLI) ## Run every test, on SQLite and on a PostgreSQL that the tests bring
	@$(MEASURING) $(PYTEST) $(ARGS)

.PHONY: check
# One run is enough: the tests that have to cover something are measured where all of them run.
check: MEASURING = $(MEASURED)
check: lint types imports test coverage conformance scan ## Everything that must hold before a change lands

.PHONY: lint
lint: $(VENV)/.dev ## Style and formatting, changing nothing
	$(call say,ruff)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: $(VENV)/.dev ## mypy, strict
	$(call say,mypy)
	@$(BIN)/mypy

.PHONY: imports
imports: $(VENV)/.dev ## The layers: who may import whom
	$(call say,import-linter)
	@$(BIN)/lint-imports --cache-dir .cache/import-linter

# These are wholly covered, branches too. A slice joins the list here the day it is finished.
# What counts money is covered wholly, by tests of its own: watching every line of every test would
# take longer than all of them do.
WHOLLY_COVERED := core/kernel core/ledger core/ledger_proof core/pricing core/proration
COVERING := tests/core/kernel tests/core/ledger tests/core/wallets tests/core/db tests/core/pricing \
	tests/core/proration \
	tests/core/metering/test_reading.py tests/core/metering/test_charging.py tests/transports/test_roles.py
MEASURED = mkdir -p .cache/coverage && rm -f .cache/coverage/data* && PYTEST_PLUGINS=tests.measuring \
	BURSAR_COVERED='$(WHOLLY_COVERED)' BURSAR_COVERING='$(COVERING)'

.PHONY: coverage
coverage: $(VENV)/.dev ## Branch coverage of the parts that count money, which need all of it
	$(call say,coverage: nothing left out of $(WHOLLY_COVERED))
	@$(if $(MEASURING),,$(MEASURED) $(PYTEST) $(ARGS) $(COVERING))
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --fail-under=100

.PHONY: coverage-all
coverage-all: $(VENV)/.dev $(STRIPE_CLI) ## Every test, with branch coverage of everything
	@mkdir -p .cache/coverage && rm -f .cache/coverage/data*
	@$(PYTEST) --cov --cov-report=term-missing:skip-covered $(ARGS)

.PHONY: conformance
conformance: $(VENV)/.dev ## The official MCP suite against our endpoint (npm fetches it once)
	$(call say,MCP conformance)
	@$(BIN)/python -m conformance

.PHONY: scan
scan: $(VENV)/.dev ## The Cisco MCP scanner over everything that models are told
	$(call say,MCP scanner)
	@$(BIN)/python -m conformance.scan

.PHONY: bench
bench: $(VENV)/.dev ## Measure us beside our baselines, and write var/bench.json (ARGS=--quick, --full)
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-growth
bench-growth: $(VENV)/.dev ## Charges with 10^5 to 10^7 entries in the ledger (ARGS=1000000 for fewer)
	@$(BIN)/python -m benchmarks --growth $(ARGS)

# Tests ask for 50,000 operations, four kills and fifty cuts, whenever they are run; these are the
# figures of the long form.
SOAK := BURSAR_SOAK_OPERATIONS=1000000 BURSAR_SOAK_KILLS=12 BURSAR_SOAK_CUTS=1000 \
	BURSAR_SOAK_ROUNDS=250 BURSAR_SOAK_EVENTS=1000 BURSAR_SOAK_SECONDS=36000

.PHONY: soak
soak: $(VENV)/.dev ## A million operations, twelve kills, a thousand lost answers; takes its time
	$(call say,soak)
	@$(SOAK) $(BIN)/python -m pytest -n 0 -o log_cli=true --log-cli-level=INFO $(ARGS) tests/soak

.PHONY: format
format: $(VENV)/.dev ## Apply what ruff can fix by itself
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

# -- Keep it --------------------------------------------------------------------------------------

# Universal, so that one lock serves every system and Python; without any URL, so that it can be
# installed from whichever index a machine is set up to use.
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(ARGS)

# The development lock is resolved first and the others are held to it, so that all three can be
# installed into one environment, and what is tested is what runs.
.PHONY: lock
lock: $(VENV)/.dev ## Resolve the locks anew; ARGS=--upgrade takes newer versions
	@mkdir -p .cache
	@$(COMPILE) --extra dev pyproject.toml -o requirements-dev.lock
	@sed -E '/^ /d; s/ \\$$//' requirements-dev.lock > .cache/pins.txt
	@$(COMPILE) -c .cache/pins.txt pyproject.toml -o requirements.lock
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		> .cache/build.txt
	@$(COMPILE) -c .cache/pins.txt .cache/build.txt -o requirements-build.lock

.PHONY: clean
clean: ## Remove what make made, except the database in var/
	@rm -rf $(VENV) .cache .hypothesis build dist

# -- How it is installed --------------------------------------------------------------------------

# A stamp per lock: a start after the first one installs nothing, and so takes no longer than it must.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Bursar needs Python 3.11 or newer; say which: make PYTHON=python3.12 …' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo 'python3 -m venv failed; on Debian: apt install python3-venv' >&2; \
		     rm -rf $(VENV); exit 1; }

define install
	@printf '== installing %s (once, until it changes)\n' '$(1)'
	@if command -v uv > /dev/null; \
		then pip="uv pip install --quiet --python $(BIN)/python"; \
		else pip="$(BIN)/python -m pip install -qq"; \
	fi; \
	$$pip --require-hashes $(addprefix -r ,$(1)) && $$pip --no-deps --no-build-isolation -e .
endef

$(VENV)/.runtime: requirements.lock requirements-build.lock pyproject.toml | $(BIN)/python
	$(call install,requirements.lock requirements-build.lock)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(call install,requirements-dev.lock)
	@touch $@ $(VENV)/.runtime

$(STRIPE_CLI): tests/stripe/cli/package.json tests/stripe/cli/package-lock.json | $(VENV)/.dev
	@$(BIN)/python -m tests.stripe.cli
	@touch $@
