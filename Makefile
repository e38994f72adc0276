# Two commands: `make demo` and `make test`. Each does all of its own set-up in .venv; nothing else on the machine is touched.
VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
WORKERS ?= 2
export OMP_WAIT_POLICY ?= PASSIVE
# Without compiled modules each of the hundreds of processes that the tests start would compile the package again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test check format clean
help:
	@echo "make demo    clean, synthesize and model a real, messy table in under a minute"
	@echo "make test    the whole test suite"
	@echo "make check   style, types, layers, and the contents of the wheel"

demo: $(VENV)/.demo
	$(BIN)/autoprep demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=. $(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/python tests/check_wheel.py

format: $(VENV)/.check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "autoprep needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt pip
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo,featuretools]'
	@touch $@

$(VENV)/.test: $(VENV)/.python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo,featuretools,serve,sql,optuna,test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.check: $(VENV)/.python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo,featuretools,serve,sql,optuna,test,dev]'
	@touch $@ $(VENV)/.test $(VENV)/.demo

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
