# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Windows and conda equivalents stand in README.md.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOWN_SEED ?= 2022
SERVE ?= 1
PORT ?= 8501
OUT ?= demo-output
WORKERS ?= 2
SAMPLE ?= 1500
LAYERS ?= 60
SAMPLE_SEED ?= 2022

.DEFAULT_GOAL := help
.PHONY: help demo app test check bench judge calibrate mutants docs clean

help: ## List the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "SafeSpace needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(READY) ## Set up, run the main job on the made-up town, say what to open, serve the app
	$(BIN)/safespace demo --out $(OUT) --seed $(TOWN_SEED) --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve,--serve)

app: $(READY) ## Serve the app on 127.0.0.1 over ./safespace-data
	$(BIN)/safespace app --port $(PORT)

test: $(READY) check ## The whole gate: style, types, imports, tests, doctests, coverage
	$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term

check: $(READY) ## Style, types and import contract only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## Speed as ratios against named peers in one run
	$(BIN)/python -m pytest tests/benchmarks --benchmark-enable --benchmark-only -p no:xdist -p no:cacheprovider

judge: $(READY) ## The published order beside simpler ones on the real files of SAFESPACE_REALDATA, learnt on a year, judged on the next
	$(BIN)/python -m pytest tests/hotspots/test_real_order.py -m realdata -s -p no:xdist -p no:cacheprovider

calibrate: $(READY) ## How often a place is found in made-up worlds where nothing, or something, is: LAYERS of each
	PYTHONPATH=tests $(BIN)/python -m calibration.rates --layers $(LAYERS)

mutants: $(READY) ## Change the code a little and see whether a test notices: SAMPLE of them, all with SAMPLE=0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutants]'
	$(BIN)/python tests/mutation.py --sample $(SAMPLE) --seed $(SAMPLE_SEED) --workers $(WORKERS)

docs: $(READY) ## Regenerate the pages that are made from code (docs/formats.md, docs/cli.md, docs/errors.md)
	$(BIN)/python -m safespace docs --out docs

clean: ## Remove what these commands made
	rm -rf $(VENV) $(OUT) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
