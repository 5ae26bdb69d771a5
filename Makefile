# Thin on purpose: each line is a command a person could type. `make` alone lists what there is.

PYTHON  ?= python3
WORKERS ?= 2
BIN     := .venv/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK    := $(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe \
           --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# Stamps: newer than what they were made from means there is nothing to do, so a second start runs no pip.
RUNTIME      := .venv/.runtime
DEVELOPMENT  := .venv/.development
BROWSER_CODE := crm_admin/static/vendor/manifest.json
PEERS        := tests/peers/node_modules/.package-lock.json
TRANSLATIONS := .venv/.translations

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test access check format bench translations lock wheel clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: $(RUNTIME) $(BROWSER_CODE) $(TRANSLATIONS)  ## start the demo on http://127.0.0.1:8000
	@exec $(BIN)/crm demo $(ARGS)

test: $(DEVELOPMENT) $(BROWSER_CODE) $(PEERS) $(TRANSLATIONS)  ## run all tests, on SQLite and PostgreSQL (ARGS="-k phone")
	$(BIN)/python -m tests.provide
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --junitxml var/test/junit.xml $(ARGS)

check: $(DEVELOPMENT)  ## lint, format, types, import contracts, dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/dependencies.py

access: $(DEVELOPMENT) $(BROWSER_CODE) $(TRANSLATIONS)  ## the whole access matrix on both databases (ARGS="-k rep")
	CRM_ACCESS_WHOLE=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/access $(ARGS)

format: $(DEVELOPMENT)  ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(DEVELOPMENT) $(BROWSER_CODE) $(TRANSLATIONS)  ## measure; figures in var/bench/*.json
	$(BIN)/python -m tests.provide --no-browser
	$(BIN)/python -m tests.bench $(ARGS)

translations: $(DEVELOPMENT)  ## bring new strings into the catalogues; lists what is to be translated
	$(BIN)/python scripts/catalogues.py update

lock: export CUSTOM_COMPILE_COMMAND = make lock
lock: $(DEVELOPMENT)  ## write the lock files anew from pyproject.toml and package.json (ARGS=--upgrade)
	$(LOCK) $(ARGS) --extra carrier --output-file requirements/run.txt pyproject.toml
	$(LOCK) $(ARGS) --all-build-deps --only-build-deps --constraint requirements/run.txt --output-file requirements/build.txt pyproject.toml
	$(LOCK) $(ARGS) --extra carrier --extra dev --constraint requirements/run.txt --output-file requirements/dev.txt pyproject.toml
	$(LOCK) $(ARGS) --output-file requirements/node.txt requirements/node.in
	npm install --package-lock-only
	npm install --package-lock-only --prefix tests/peers
	$(BIN)/python scripts/vendor.py --notices

wheel: $(RUNTIME) $(BROWSER_CODE)  ## build dist/crm-*.whl, which carries everything
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

clean:  ## remove what set-up made, keep the data under var/
	rm -rf .venv node_modules tests/peers/node_modules crm_admin/static/vendor dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (PYTHON=python3.12 make …)")'
	$(PYTHON) -m venv .venv

# The checkout is compiled, as pip does with all else: at every start, where Python may not write, it takes half a second.
$(RUNTIME): requirements/build.txt requirements/run.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes --no-deps -r requirements/build.txt
	$(PIP) install --require-hashes --no-deps -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q $(wildcard crm_admin call_center geo)
	@touch $@

$(DEVELOPMENT): requirements/dev.txt $(RUNTIME)
	$(PIP) install --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

$(BROWSER_CODE): package.json package-lock.json crm_admin/static/icons.txt scripts/vendor.py | $(BIN)/python
	@command -v npm >/dev/null || $(PIP) install --require-hashes --no-deps -r requirements/node.txt
	$(BIN)/python scripts/vendor.py
	@touch $@

$(PEERS): tests/peers/package.json tests/peers/package-lock.json | $(BROWSER_CODE)
	$(BIN)/python scripts/vendor.py --peers
	@touch $@

$(TRANSLATIONS): $(wildcard */translations/*/LC_MESSAGES/*.po) scripts/catalogues.py $(RUNTIME)
	$(BIN)/python scripts/catalogues.py
	@touch $@
