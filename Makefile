# Everything a user or developer runs. Needs python3 (3.11 to 3.13, with venv), make and a C
# compiler; nothing is installed outside this folder.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
LOCK := build/lock
SEED ?= 0
WORKERS ?= auto
# part of their examples that property tests draw here; all: make test DEPTH=1
DEPTH ?= 0.34
# without kept bytecode, every process that a test starts would compile the whole package anew
unexport PYTHONDONTWRITEBYTECODE

# The interpreter that makes the environment: the first of these that fits, or the one you name.
CANDIDATES := python3 python3.13 python3.12 python3.11
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	"$$p" scripts/check_python.py 2>/dev/null && { echo "$$p"; exit; }; done; echo python3)

.PHONY: help demo examples test test-slow test-network test-simbench lint kernels bench docs clean lock

help: ## list what make can do
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

demo: $(VENV)/core.stamp ## run one day of the default community into runs/demo, with its report
	@$(BIN)/gridpact demo --out runs/demo

examples: $(VENV)/core.stamp ## run every scenario in examples/ into runs/examples
	@sh scripts/examples.sh $(BIN)/gridpact

test: $(VENV)/dev.stamp ## check style, types and imports, then run the tests
	@$(MAKE) --no-print-directory -j 2 lint kernels
	@echo "Property tests draw a part of their examples: all with make test DEPTH=1"
	@echo "Tests marked slow are left out here (the closing line counts them): make test-slow"
	@DEPTH=$(DEPTH) $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow" -rs --hypothesis-seed=$(SEED)

test-slow: $(VENV)/dev.stamp ## run the tests that take longer
	@DEPTH=$(DEPTH) $(BIN)/pytest -n $(WORKERS) --dist worksteal -m slow -rs --hypothesis-seed=$(SEED) || [ $$? -eq 5 ] # 5: none

test-network: $(VENV)/dev.stamp ## build a node and run the tests of four validators (five minutes once, then five each)
	@NETWORK=build $(BIN)/pytest -m slow -rs tests/ledger/evm/network/test_validators.py

test-simbench: requirements/simbench.lock ## run the tests of SimBench, power flow, S3, Dask, UFTP, Beancount and SD-JWT in an environment of their own
	@$(PYTHON) -m venv build/simbench
	@build/simbench/bin/python -m pip install --quiet --no-compile --disable-pip-version-check \
		--require-hashes -r requirements/simbench.lock
	@build/simbench/bin/python -m pip install --quiet --no-compile --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	@build/simbench/bin/pytest -n $(WORKERS) -rs tests/connectors \
		tests/scheduling/fleet/engine/test_dask.py tests/app/delivery/test_settlement.py \
		tests/app/cli/books/test_accounting.py tests/ledger/identity/test_sd_jwt.py

lint: $(VENV)/dev.stamp ## check style, types and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache

# Machine code is made while types are checked, and once: else each worker would make it.
kernels: $(VENV)/dev.stamp
	@$(BIN)/gridpact demo --quiet --out build/kernels

bench: $(VENV)/dev.stamp ## measure each claim against a reference; QUICK=1 for a short run
	@for script in benchmarks/*.py; do \
		echo "== $$script"; $(BIN)/python "$$script" $(if $(QUICK),--quick) || exit 1; done

docs: $(VENV)/dev.stamp ## refresh what the documentation quotes; FIGURES=1 measures anew
	@for each in generated catalogue diaries examples links consoles; do $(BIN)/python scripts/docs_$$each.py || exit 1; done
	@$(if $(FIGURES),$(BIN)/python scripts/docs_figures.py && $(BIN)/python scripts/docs_comparison.py && $(BIN)/python scripts/docs_fleet.py)

clean: ## remove the environment, caches and runs
	rm -rf $(VENV) build dist runs .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +

# -- the environment: made once, and again only when a lock file or pyproject.toml changes ------

# not compiled: most modules of most packages are never imported, the others compile when they are
INSTALL = $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check
PACKAGE = $(INSTALL) --no-deps --no-build-isolation --editable .

$(VENV)/made.stamp:
	@command -v $(PYTHON) >/dev/null || { echo "gridpact: no $(PYTHON) found; install Python" \
		"3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) scripts/check_python.py
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/core.stamp: requirements/core.lock pyproject.toml | $(VENV)/made.stamp
	@echo "Installing gridpact and what it needs into $(VENV) …"
	@$(INSTALL) --require-hashes -r requirements/core.lock
	@$(PACKAGE)
	@touch $@

# The development lock holds all of the core lock, so it serves for both.
$(VENV)/dev.stamp: requirements/dev.lock requirements/core.lock pyproject.toml | $(VENV)/made.stamp
	@echo "Installing gridpact and its development tools into $(VENV) …"
	@$(INSTALL) --require-hashes -r requirements/dev.lock
	@$(PACKAGE)
	@touch $(VENV)/core.stamp $@

# -- for maintainers: newest versions that fit, for every supported Python and system -----------

COMPILE = $(LOCK)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --upgrade

lock: $(VENV)/made.stamp ## renew the lock files (for maintainers)
	@$(BIN)/python -m venv --clear $(LOCK)
	@$(LOCK)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check 'uv>=0.9,<1'
	@$(COMPILE) pyproject.toml --group build -o requirements/core.lock >/dev/null
	@$(COMPILE) pyproject.toml --group build --group dev -c requirements/core.lock \
		-o requirements/dev.lock >/dev/null
	@# apart from the others: SimBench needs older versions of pandas and numpy
	@$(COMPILE) pyproject.toml --extra simbench --extra grid --extra dask --group build --group dev \
		--group peers \
		-o requirements/simbench.lock >/dev/null
