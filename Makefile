# The two commands: `make demo` and `make test`. Both set everything up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint fast golden papers setup clean

demo: $(VENV)/.installed
	$(BIN)/escalade demo --out runs/demo

# Tests run in two processes of one thread each; whichever is done first takes over from the other.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal

test: $(VENV)/.developer lint
	$(PYTEST)

# Everything but the tests marked slow.
fast: $(VENV)/.developer
	$(PYTEST) -m "not slow"

# Records anew what tests/golden compares with: for changes that are meant to change results.
golden: $(VENV)/.developer
	PYTHONPATH=tests $(BIN)/python tests/golden/record.py

# Runs the rows of docs/explanation/papers.md and checks what shows each: 17 minutes on one busy core.
papers: $(VENV)/.developer
	$(BIN)/python -m pytest tests/papers/rows.py

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
