# One verb a target, the same here and in CI. `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo test test-all faults fuzz leaks check lint types imports unit format docs corpus clean
.PHONY: bench bench-search bench-chunking bench-encoding bench-growth bench-throughput bench-quality bench-load bench-large bench-answering bench-evaluation bench-coverage

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: $(VENV)/.runtime ## set everything up, then ingest, ask and evaluate the demo corpus
	@$(BIN)/touchstone demo

test: check unit ## set everything up, then lint, types, import rules and tests

test-all: check ## the same with the slow tests
	@$(BIN)/pytest -m "not benchmark"

faults: $(VENV)/.dev ## kill ingestion, damage every file of the index, feed in thousands of damaged files: about an hour
	@$(BIN)/pytest tests/faults -m "not benchmark" -rP --durations=0

fuzz: $(VENV)/.dev ## send the whole API 20,000 requests that schemathesis makes up: about a quarter of an hour
	@$(BIN)/python -m tests.fuzz 20000

leaks: $(VENV)/.dev ## do at random what callers can do, and look for words that are not for them: half an hour and more
	@$(BIN)/pytest tests/service/api/test_leaks.py -m slow -v -s

check: lint types imports ## everything but the tests

lint: $(VENV)/.dev
	@$(BIN)/ruff format --check --quiet . || { echo "Run 'make format'."; exit 1; }
	@$(BIN)/ruff check --quiet .

types: $(VENV)/.dev
	@$(BIN)/mypy

imports: $(VENV)/.dev
	@$(BIN)/lint-imports --config pyproject.toml | tail -n 3

unit: $(VENV)/.dev
	@$(BIN)/pytest -n 3 --dist worksteal

format: $(VENV)/.dev ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## write docs/settings.md, docs/cli.md and docs/api.md anew
	@$(BIN)/python -m cli.reference docs

corpus: $(VENV)/.dev ## build the demo documents anew
	@$(BIN)/python -m demo.build

bench: $(VENV)/.dev ## speed on folders of documents: make bench CORPORA="DIR ..." (default: the demo corpus)
	@$(BIN)/python -m benchmarks.speed $(CORPORA)

bench-growth: $(VENV)/.dev ## what a document costs as a collection grows, and a re-run over unchanged files
	@$(BIN)/python -m benchmarks.growth

bench-throughput: $(VENV)/.dev ## ingestion against the bare encoder and LlamaIndex: make bench-throughput CORPORA="DIR ..."
	@$(BIN)/pip install --quiet --no-deps --target $(VENV)/peers --requirement benchmarks/peers.txt
	@$(BIN)/python -m benchmarks.throughput --peers $(VENV)/peers --precision int8 $(CORPORA)

bench-quality: $(VENV)/.dev ## how well search finds: make bench-quality CORPORA="DIR ..." (default: the demo)
	@$(BIN)/python -m benchmarks.quality $(CORPORA)

bench-answering: $(VENV)/.dev ## what the built-in model answers and refuses: make bench-answering CORPORA="DIR ..." (default: the demo)
	@$(BIN)/python -m benchmarks.answering $(CORPORA)

bench-evaluation: $(VENV)/.dev ## a run against a model that takes half a second: wall time, and CPU a call
	@$(BIN)/python -m benchmarks.evaluation

bench-coverage: $(VENV)/.dev ## how often intervals hold the truth and verdicts climb for nothing: the tables of docs/evaluation.md
	@$(BIN)/python -m benchmarks.coverage

bench-search: $(VENV)/.dev ## search in large collections: make bench-search DATA=FOLDER SIZES="100000 1000000"
	@$(BIN)/python -m benchmarks.search $(DATA) $(SIZES)

bench-load: $(VENV)/.dev ## the service under load: make bench-load DATA=FOLDER ROUTE=query SECONDS=600 (of the soak)
	@$(BIN)/python -m benchmarks.load $(DATA) --route $(or $(ROUTE),query) --soak $(or $(SECONDS),600)

bench-large: $(VENV)/.dev ## what others notice while a large document is ingested: make bench-large KINDS="csv json xlsx pdf"
	@$(BIN)/python -m benchmarks.large $(KINDS)

bench-encoding: $(VENV)/.dev ## the encoder against other ways to run its model: make bench-encoding CORPUS=DIR
	@$(BIN)/python -m benchmarks.encoding $(CORPUS)

bench-chunking: $(VENV)/.dev ## chunks against two libraries' splitters: make bench-chunking CORPUS=DIR
	@$(PIP) --editable ".[bench]"
	@$(BIN)/python -m benchmarks.chunking $(CORPUS)

clean: ## remove what was set up and built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache touchstone-demo

# Two stamps: the program alone, and the program with what its tests need.
$(VENV)/.runtime: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Touchstone into $(VENV): a few minutes the first time."
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Touchstone and its test tools into $(VENV): a few minutes the first time."
	@$(PIP) --editable ".[dev]"
	@touch $@ $(VENV)/.runtime
