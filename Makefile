# greenloop: `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Compiled files are kept, whatever is set outside: tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup engine postgresql docker demo test check fast real hostile blueprints bench lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

setup: .venv/.done ## make .venv with everything pinned by hash

.venv/.done: requirements.lock pyproject.toml
	@scripts/setup.sh $(PYTHON)
	@touch $@

engine: ## install and start the Docker engine when none answers (needs root)
	@scripts/engine.sh

postgresql: ## install PostgreSQL for the tests that start a server of their own (needs root)
	@scripts/postgresql.sh

docker: setup engine ## build the sandbox's base image
	@$(BIN)/greenloop sandbox build

demo: setup engine ## a feature request becomes a verified branch, with no API key
	@scripts/demo.sh

check: setup ## format, lint, types, structure
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/pytest -q tests/test_architecture.py

fast: setup ## tests that need neither a Docker engine nor a database server
	@$(BIN)/pytest -q -n 3 --dist worksteal -m 'not docker and not e2e and not hostile and not postgresql' # they wait a third of the time

real: docker postgresql ## tests on a real Docker engine and a real PostgreSQL, and whole runs
	@scripts/test_tools.sh
	@$(BIN)/pytest -q -n 2 --dist worksteal --durations 15 -m '(docker or e2e or postgresql) and not hostile'

hostile: docker ## programs and repositories that mean harm, and the table of what became of them
	@$(BIN)/pytest -q -n 2 --dist worksteal tests/hostile

blueprints: docker ## every combination of blueprints on both databases under every gate, and the table
	@$(BIN)/python scripts/blueprint_table.py

test: check fast real hostile ## set up everything and run every test

bench: setup engine ## every benchmark, ratios against a floor measured in the same run
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

lock: ## pin the dependencies again
	@uv pip compile -q pyproject.toml --group dev --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
		--python-version 3.11 --universal -o requirements.lock

clean: ## remove what make made here
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
