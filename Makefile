# make run    the daemon on config.toml          make test   everything that must hold, as CI runs it
# make once   one round                          make lock   pins the packages anew
# make demo   ten seconds that show it all       make bench  speed against the plain loop
# make crash, make fuzz, make soak               the long reliability runs; see docs/reliability.md

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run once demo test lint lock bench truth crash fuzz soak clean

run: $(VENV)/.runtime
	$(BIN)/watcher --config config.toml run

once: $(VENV)/.runtime
	$(BIN)/watcher --config config.toml once

demo: $(VENV)/.runtime
	$(BIN)/watcher demo

test: $(VENV)/.dev lint
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m bench.throughput

truth: $(VENV)/.dev
	$(BIN)/python -m bench.truth

crash: $(VENV)/.dev
	$(BIN)/python -m bench.crash

fuzz: $(VENV)/.dev
	$(BIN)/python -m bench.fuzz

soak: $(VENV)/.dev
	$(BIN)/python -m bench.soak

lock:
	uv pip compile pyproject.toml requirements/build.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements/runtime.txt
	uv pip compile pyproject.toml requirements/build.in --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements/dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@
