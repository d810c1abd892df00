# Everything from nothing but Python ≥ 3.11 and make: each target makes the environment that it needs by itself.
# Another Python: `make test PYTHON=python3.13`. It has an environment of its own, so both can be kept.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?=
ARGS ?=

ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),help)),)
PYTHON_PATH := $(shell scripts/find-python $(PYTHON))
ifeq ($(PYTHON_PATH),)
$(error no Python to work with)
endif
PYTHON_VERSION := $(shell $(PYTHON_PATH) -c 'import sys; print(".".join(map(str, sys.version_info[:2])))')
endif

VENV := .venv/$(PYTHON_VERSION)
BIN := $(VENV)/bin
UV := env -u PYTHONPATH VIRTUAL_ENV=$(CURDIR)/$(VENV) UV_SYSTEM_CERTS=1 UV_NO_CONFIG=1 UV_LINK_MODE=copy $(BIN)/uv
# Nothing of the developer's shell reaches what is run here.
CLEAN := env -u PYTHONPATH -u PYTHONHOME -u PYTEST_ADDOPTS -u PYTEST_PLUGINS
PYTEST := $(CLEAN) $(BIN)/python -m pytest -n 2 --durations 10 $(if $(JUNIT),--junitxml $(JUNIT))

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' Makefile

.PHONY: serve
serve: $(VENV)/.serve ## start the server on http://localhost:8000 (ARGS="--port 9000")
	@exec $(CLEAN) $(BIN)/callscope serve $(ARGS)

.PHONY: demo
demo: $(VENV)/.serve ## fill the data folder with 30 days of believable calls (ARGS="--calls 50000")
	@$(CLEAN) $(BIN)/callscope demo $(ARGS)

.PHONY: test
test: $(VENV)/.dev ## run the tests, on SQLite and on PostgreSQL (ARGS="-k feedback")
	@$(PYTEST) $(ARGS)

.PHONY: test-long
test-long: $(VENV)/.dev ## run the long forms of the tests (kill -9, property tests)
	@$(PYTEST) -m long --timeout 1200 $(ARGS)

.PHONY: check
check: lint types ## formatting, lint, types, imports, lock files
	@scripts/lock --check $(UV)

.PHONY: lint
lint: $(VENV)/.dev ## formatting and lint alone
	@$(CLEAN) $(BIN)/ruff format --check .
	@$(CLEAN) $(BIN)/ruff check .

.PHONY: types
types: $(VENV)/.dev ## types and imports alone
	@$(CLEAN) $(BIN)/mypy
	@$(CLEAN) $(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.dev ## format the code, and mend what lint can mend by itself
	@$(CLEAN) $(BIN)/ruff check --fix-only .
	@$(CLEAN) $(BIN)/ruff format .

.PHONY: bench
bench: $(VENV)/.dev ## measure speed and size; what the figures should be is in docs/performance.md
	@$(CLEAN) $(BIN)/python -m bench $(ARGS)

.PHONY: lock
lock: $(VENV)/.uv ## write requirements.txt and requirements-dev.txt anew from pyproject.toml (ARGS="--upgrade")
	@scripts/lock $(ARGS) $(UV)

.PHONY: clean
clean: ## remove the environments and what tools leave behind; never the data folder
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp file says that a step is done; it is done again when what it was made from has changed.
$(VENV)/.uv:
	@echo "Making an environment with Python $(PYTHON_VERSION) in $(VENV)"
	@$(CLEAN) $(PYTHON_PATH) -m venv --clear $(VENV)
	@sed -n '/^uv==/,/# via/p' requirements-dev.txt > $(VENV)/uv.txt
	@$(CLEAN) $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@touch $@

$(VENV)/.serve: $(VENV)/.uv requirements.txt pyproject.toml
	@$(UV) pip install --quiet --require-hashes -r requirements.txt
	@$(UV) pip install --quiet --no-deps --build-constraints requirements-dev.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.serve requirements-dev.txt
	@$(UV) pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
