# The same commands for people and for CI. Everything lives in .venv; nothing else on the machine is touched.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.venv/run.stamp: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up (once) …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt >&2
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt >&2
	@touch $@

setup: .venv/run.stamp  ## virtual environment with the pinned requirements

talk: .venv/run.stamp  ## the bot in this terminal: no Slack, no tokens (ARGS="--settings FILE" for your own repository)
	@$(BIN)/python -m bot talk $(ARGS)

run: .venv/run.stamp  ## everything in one process, against the real Slack and GitHub
	@$(BIN)/python -m bot run

test: .venv/dev.stamp  ## all tests
	@$(BIN)/python -m pytest -n 2

bench: .venv/dev.stamp  ## measure, beside Probot and the bare limits (ARGS="history --full" for a part)
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: .venv/dev.stamp  ## kill the bot again and again while the world around it fails (ARGS="--seed 1 --database sqlite")
	@$(BIN)/python -m tests.chaos $(ARGS)

check: .venv/dev.stamp  ## what CI runs: format, lint, types, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory test

format: .venv/dev.stamp  ## format and mend what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

requirements: .venv/dev.stamp  ## pin requirements anew from pyproject.toml
	@$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-emit-options --no-emit-trusted-host --allow-unsafe --upgrade -o requirements.txt pyproject.toml
	@$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-emit-options --no-emit-trusted-host --allow-unsafe --upgrade --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

.PHONY: help setup talk run test bench chaos check format requirements
