# Needs Python >= 3.11 (with venv), make and git. Everything else is installed into .venv.
# The project's own names are never looked up at a package index: members are installed from here, without dependencies.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MEMBERS := protocol services/registry services/audit gateway infra/standalone
OURS := goodstanding $(addprefix goodstanding-,registry audit gateway standalone)
SOURCES := $(MEMBERS:%=%/src)
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
ONCE ?=
ONLY ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test check conformance faults bench lock clean

help:  ## Show what there is to do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## Make .venv and install what requirements.lock names, and the members

$(INSTALLED): requirements.lock $(MEMBERS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " \
		+ sys.version.split()[0] + "; name another one with make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@

demo: $(INSTALLED)  ## See the main job done, then serve on http://127.0.0.1:8080; ONCE=1 stops after the walk
	@exec $(BIN)/goodstanding-standalone demo $(if $(filter-out 0,$(ONCE)),--once)

test: $(INSTALLED)  ## Run the tests; pytest prints the time they took
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "not conformance and not faults and not mutants and not docs"

check: $(INSTALLED)  ## ruff, mypy --strict, import-linter, and whether the documentation is true
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict $(SOURCES)
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/docs

conformance: $(INSTALLED)  ## Have the demo's artefacts verified by implementations that are not ours
	@$(BIN)/python -m pytest -m conformance

faults: $(INSTALLED)  ## Break every write, kill every process, plant bugs, and see that nothing is lost or missed; KILLS=1000, BITS=8 by hand
	@KILLS=$(KILLS) BITS=$(BITS) $(BIN)/python -m pytest -m "faults or mutants"

bench: $(INSTALLED)  ## Measure against named references, ONLY=area for one; writes build/bench.json
	@$(BIN)/python tests/bench/run.py $(ONLY)

lock: $(INSTALLED)  ## Resolve the third parties anew into requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--all-extras --group pyproject.toml:dev $(OURS:%=--no-emit-package %) \
		--output-file requirements.lock $(MEMBERS:%=%/pyproject.toml)

clean:  ## Delete what was built and what was measured; var/ and .venv stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(MEMBERS) tests -name __pycache__ -type d -prune -exec rm -rf {} +
