# Everything a new machine needs is set up here: Python >= 3.11, make and git are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Where it is set, every process of every test would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check lint types imports pytest faults bench clean

demo: $(STAMP)  ## the main job, on a workspace made for show
	$(BIN)/sinagotd demo

test: check pytest  ## everything that CI runs

check: lint types imports

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

pytest: $(STAMP)
	$(BIN)/pytest -q --numprocesses=2

faults: $(STAMP)  ## every fault as often as docs/promises.md says, and a table; under an hour
	$(BIN)/pytest -q tests/faults --full --timeout=0 --numprocesses=0 $(FAULTS)

bench: $(STAMP)  ## how fast it is, beside its peers, as a table; BENCH="--only latency --long"
	$(BIN)/python -m tests.benchmarks $(BENCH)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .venv-bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
