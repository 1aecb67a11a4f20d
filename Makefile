# make run    the daemon with config.toml        make test   linters and all tests
# make once   one round                          make quick  the fast tests, in a minute
# make demo   a demo of ten seconds              make lint   linters only
# make lock   pins the packages again            make bench  throughput, compared with a plain loop
# make golden the golden files of the pages: see docs/contributing.md
# make crash, make fuzz, make soak: see docs/reliability.md; make explore: property tests with new examples
# make figures: the tables of the documentation, see docs/performance.md
# make mutants: changes to the code that no test notices, see docs/mutants.md

# Where it is set, each start of Python compiles the program again, and each worker of pytest all tests.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SYNAPSE := .venv-synapse
FORMATS := .venv-formats
VERIFIER := tests/outbox/npm
CHECKERS := tests/web/browser/npm

.PHONY: run once demo test quick golden mutants peers lint lock bench figures truth crash fuzz soak explore clean

run: $(VENV)/.runtime
	$(BIN)/watcher --config config.toml run

once: $(VENV)/.runtime
	$(BIN)/watcher --config config.toml once

demo: $(VENV)/.runtime
	$(BIN)/watcher demo

# Linters run while the peers are installed. Three tests at once for two cores: one of the whole program waits for it half
# of its time.
test: $(VENV)/.dev
	$(MAKE) --jobs=2 --output-sync=target lint peers
	$(BIN)/python -m pytest -n 3 --dist worksteal

# A first answer within a minute: rooms whose tests start neither processes nor servers.
QUICK := $(addprefix tests/,alerts articles clock/test_clock.py config corpus docs/test_pages.py feeds matching \
	net/test_addresses.py net/test_caching.py net/test_decoding.py net/test_redact.py net/test_target.py \
	runtime store text)

quick: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal --quick $(QUICK)

# The same examples each time make a test fail only for the change that it tests; these are new ones.
explore: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal --hypothesis-profile explore \
		$(shell grep -rl hypothesis tests --include 'test_*.py')

# Agrees to what the pages say to a screen reader now; read the difference before you commit it.
golden: $(VENV)/.dev peers
	$(BIN)/python -m pytest -q tests/web/browser --rewrite-golden

# Changes the code of some rooms on purpose, one place at a time, and prints the changes that no test notices; hours, and
# it goes on where it was stopped. What is left, and why: docs/mutants.md.
mutants: $(VENV)/.mutants
	$(BIN)/python -m mutmut run --max-children 1 $(MUTANTS)
	$(BIN)/python -m mutmut results

# What alerts, exports and pages are tested against: a homeserver, the verifier of webhooks for JavaScript, the schema of
# TEI, a reader of VRT, and what drives a browser and judges its pages. Without them their tests skip and say so.
peers: $(SYNAPSE)/.ready $(FORMATS)/.ready $(VERIFIER)/node_modules/.package-lock.json $(VENV)/.browser \
	$(CHECKERS)/node_modules/.package-lock.json

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/codespell
	$(BIN)/python -m pytest -q tests/docs/test_wording.py

bench: $(VENV)/.dev
	$(BIN)/python -m bench.throughput

# The short forms of all benchmarks, twenty minutes; only some: FIGURES="throughput watchlist"; the long forms: LONG=1.
figures: $(VENV)/.dev
	$(BIN)/python -m bench.figures $(if $(LONG),--long) $(FIGURES)

truth: $(VENV)/.dev
	$(BIN)/python -m bench.truth

crash: $(VENV)/.dev
	$(BIN)/python -m bench.crash

fuzz: $(VENV)/.dev
	$(BIN)/python -m bench.fuzz

soak: $(VENV)/.dev
	$(BIN)/python -m bench.soak --pages --seen

lock:
	uv pip compile pyproject.toml requirements/build.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements/runtime.txt
	uv pip compile pyproject.toml requirements/build.in --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements/dev.txt
	uv pip compile pyproject.toml requirements/build.in --group dev --group mutants --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements/mutants.txt
	uv pip compile --group browser --constraint requirements/dev.txt --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements/browser.txt
	uv pip compile requirements/synapse.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements/synapse.txt
	uv pip compile requirements/formats.in requirements/build.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements/formats.txt

clean:
	rm -rf $(VENV) $(SYNAPSE) $(FORMATS) $(VERIFIER)/node_modules $(CHECKERS)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache mutants

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

$(VENV)/.mutants: $(VENV)/.dev requirements/mutants.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/mutants.txt
	touch $@

$(VENV)/.browser: $(VENV)/.dev requirements/browser.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/browser.txt && touch $@ || \
		echo "playwright could not be installed: the tests in a browser will skip" >&2

$(SYNAPSE)/.ready: requirements/synapse.txt
	$(PYTHON) -m venv $(SYNAPSE)
	$(SYNAPSE)/bin/python -m pip install --quiet --require-hashes -r requirements/synapse.txt && touch $@ || \
		echo "Synapse could not be installed: its tests will skip" >&2

$(FORMATS)/.ready: requirements/formats.txt
	$(PYTHON) -m venv $(FORMATS)
	$(FORMATS)/bin/python -m pip install --quiet --require-hashes -r requirements/formats.txt && touch $@ || \
		echo "the tools for TEI and VRT could not be installed: their tests will skip" >&2

$(VERIFIER)/node_modules/.package-lock.json: $(VERIFIER)/package-lock.json
	npm ci --prefix $(VERIFIER) --ignore-scripts --no-audit --no-fund --silent && touch $@ || \
		echo "the npm package standardwebhooks could not be installed: its test will skip" >&2

$(CHECKERS)/node_modules/.package-lock.json: $(CHECKERS)/package-lock.json
	npm ci --prefix $(CHECKERS) --ignore-scripts --no-audit --no-fund --silent && touch $@ || \
		echo "the npm packages axe-core and vnu-jar could not be installed: the tests in a browser will skip" >&2
