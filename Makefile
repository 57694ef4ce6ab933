# The two commands: `make demo` and `make test`. Both set everything up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-runs test-rest lint fast golden setup clean

demo: $(VENV)/.installed
	$(BIN)/escalade demo --out runs/demo

# Whole runs and everything else take about as long: each half has a core to itself.
RUNS := tests/end_to_end tests/studies tests/cli

test: $(VENV)/.developer lint
	$(MAKE) --jobs=2 test-runs test-rest

test-runs: $(VENV)/.developer
	$(BIN)/python -m pytest $(RUNS)

test-rest: $(VENV)/.developer
	$(BIN)/python -m pytest $(RUNS:%=--ignore=%)

# Everything but the tests marked slow.
fast: $(VENV)/.developer
	$(BIN)/python -m pytest -m "not slow"

# Records anew what tests/golden compares with: for changes that are meant to change results.
golden: $(VENV)/.developer
	$(BIN)/python tests/golden/record.py

# Without ruff's cache: it keeps a file's verdict when a module that the file imports moves.
lint: $(VENV)/.developer
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --no-cache .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(VENV)/.developer

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "Escalade needs Python 3.11 or newer; use make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[onnx]'
	touch $@

$(VENV)/.developer: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
