# Works on a fresh clone with Python 3.11+ and make: every target makes what it needs in .venv.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
XDIST  ?= auto
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint matrix conformance fuzz bench docs dev clean
.DEFAULT_GOAL := dev

# One stamp for each set of packages; pyproject.toml newer than the stamp means: install again.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(f"Playhead needs Python 3.11 or newer, this is {sys.version.split()[0]}. Name another one: make PYTHON=python3.13")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[test]'
	@touch $@ $(VENV)/.core

$(VENV)/.lint: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[test,lint]'
	@touch $@ $(VENV)/.test $(VENV)/.core

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.lint $(VENV)/.test $(VENV)/.core

dev: $(VENV)/.dev  ## everything a contributor needs, in .venv

demo: $(VENV)/.core  ## record an agent over real HTTP, replay it twice, compare
	$(BIN)/playhead demo

test: $(VENV)/.test  ## the whole suite, offline
	$(BIN)/python -m pytest -n $(XDIST) -m "not slow" $(ARGS)

lint: $(VENV)/.lint  ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

matrix: $(VENV)/.dev  ## SDKs, plugins, other Pythons, slow tests
	$(BIN)/nox $(ARGS)

# The reference lives in an environment of its own. ARGS go to the drawn scenarios: ARGS="--count 5000 --seed 1".
KIT       ?= ../shared/conformance
REFERENCE ?= .venv-reference/bin/python

conformance: $(VENV)/.test $(REFERENCE)  ## the runtime against the reference: recorded scenarios, and drawn ones
	$(BIN)/python $(KIT)/compare.py $(KIT)/scenarios --api tests.conformance.binding:API --allow tests/conformance/allowed.json
	$(REFERENCE) tests/facts/record.py --check
	PLAYHEAD_REFERENCE=$(REFERENCE) $(BIN)/python -m pytest -q -m slow tests/conformance/test_differential.py
	$(BIN)/python tests/conformance/differential.py --kit $(KIT) --reference $(REFERENCE) $(ARGS)

.venv-reference/bin/python: | $(BIN)/python
	$(PYTHON) -m venv .venv-reference
	.venv-reference/bin/python -m pip install --quiet --disable-pip-version-check pydantic-ai-slim==1.85.1

fuzz: $(VENV)/.test  ## longer random search than `make test` allows itself
	$(BIN)/python -m tests.fuzz.long
	$(BIN)/python -m tests.fuzz.sdks --seconds 300
	$(BIN)/python -m pytest tests/fuzz -n $(XDIST) --hypothesis-profile=long --timeout=1800 $(ARGS)

bench: $(VENV)/.test  ## ratios against the peers and against a floor
	$(BIN)/python benchmarks/run.py $(ARGS)

docs: $(VENV)/.docs  ## the site, in site/
	$(BIN)/mkdocs build --strict

$(VENV)/.docs: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[docs]'
	@touch $@ $(VENV)/.core

clean:
	rm -rf $(VENV) .venv-reference .nox site build dist
