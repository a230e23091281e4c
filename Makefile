# The same commands for people and for CI. Everything lives in .venv; nothing else on the machine is touched.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# The pins are complete, so no resolver is asked: pip before 23.3 applies a pin of `a` to `a[extra]` only until `a` has a newer release.
PIP = $(BIN)/python -m pip --disable-pip-version-check
INSTALL = @$(PIP) install --quiet --require-hashes --no-deps -r $< >&2 && { broken=$$($(PIP) check 2>&1) || { echo "$$broken" >&2; exit 1; }; }
# The oldest pip that a supported Python is found with: Debian 12's. What it can install, all later ones can.
OLDEST_PIP := 23.0.1
PIN = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-strip-extras \
	--custom-compile-command "make requirements"
LOCK = $(PIN) pyproject.toml

.venv/run.stamp: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Shipmate needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ": name another one, such as make PYTHON=python3.11 $(MAKECMDGOALS)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up (once) …" >&2
	$(INSTALL)
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	$(INSTALL)
	@touch $@

# What builds the site has an environment of its own, so that it never decides what the bot or its tests run with.
DOCS := .venv/docs
.venv/docs.stamp: requirements-docs.txt .venv/dev.stamp
	@$(BIN)/uv venv --quiet --clear $(DOCS)
	@$(BIN)/uv pip install --quiet --python $(DOCS)/bin/python --require-hashes --no-deps -r $< >&2
	@$(BIN)/uv pip check --quiet --python $(DOCS)/bin/python
	@touch $@

setup: .venv/run.stamp  ## virtual environment with the pinned requirements

talk: .venv/run.stamp  ## the bot in this terminal: no Slack, no tokens (ARGS="--settings FILE" for your own repository)
	@$(BIN)/python -m bot talk $(ARGS)

run: .venv/run.stamp  ## everything in one process, against the real Slack and GitHub
	@$(BIN)/python -m bot run

setup-slack: .venv/run.stamp  ## set up with the real Slack and GitHub, step by step; run it again to go on
	@$(BIN)/python -m bot setup $(ARGS)

PYTEST = $(BIN)/python -m pytest -n 3 --dist worksteal

test: .venv/dev.stamp  ## the tests, but for those that start whole bots as processes
	@$(PYTEST) -m "not processes"

test-processes: .venv/dev.stamp  ## bots as processes that are started, killed and paused, and a short game of chaos
	@$(PYTEST) -m processes

bench: .venv/dev.stamp  ## measure, beside Probot and the bare limits (ARGS="history --full" for a part)
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: .venv/dev.stamp  ## kill the bot again and again while the world around it fails (ARGS="--seed 1 --database sqlite")
	@$(BIN)/python -m tests.chaos $(ARGS)

check: .venv/dev.stamp  ## format, lint, types, all tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@wc -l $$(git ls-files 'bot/*.py' 'handlers/*.py' ':!bot/migrations/versions') | awk '$$1 > 400 && $$2 != "total" {print "! " $$2 " has " $$1 " lines: which idea is missing?"}'
	@$(PYTEST)

# Material is maintained until May 2027, and says so at each build; CONTRIBUTING.md tells what comes then.
docs: .venv/docs.stamp  ## the documentation as a site, in build/site; a link that leads nowhere fails
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict  # --quiet would count no warnings

audit: .venv/dev.stamp  ## known vulnerabilities of the pinned requirements, where their advisories can be reached
	@$(BIN)/python -m tests.audit $(ARGS)

fresh:  ## set up in an empty folder with the oldest pip that is supported, and say something to the bot
	@tests/fresh.sh "$(PYTHON)" "$(OLDEST_PIP)"

format: .venv/dev.stamp  ## format and mend what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

requirements: .venv/dev.stamp  ## pin requirements anew from pyproject.toml, for every Python that is supported
	@$(LOCK) -o requirements.txt
	@$(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt
	@$(PIN) --group audit -o requirements-audit.txt
	@$(PIN) --group docs -o requirements-docs.txt

.PHONY: help setup talk run setup-slack test test-processes bench chaos check docs audit fresh format requirements
