# All targets need Python 3.11 or newer, pip and make, and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: quickstart test lint bench audit lock clean

quickstart: $(INSTALLED)  ## run, tune, freeze and report on an embedded model and sample
	$(BIN)/openmedlm quickstart

test: $(INSTALLED)  ## run all tests
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED)  ## check style, types, import layers and the build
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m build --no-isolation --outdir $(VENV)/dist

bench: $(INSTALLED)  ## measure speed compared with other libraries; half an hour
	$(BIN)/python benchmarks/calls.py
	$(BIN)/python benchmarks/calls.py --latency-ms 500 --in-flight 512 --calls 5000 --contenders bare evaluate
	$(BIN)/python benchmarks/votes_per_request.py
	$(BIN)/python benchmarks/rescoring.py
	$(BIN)/python benchmarks/neighbours.py
	$(BIN)/python benchmarks/embedding.py
	$(BIN)/python benchmarks/embedding.py --words 15 --texts 2000
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/rendering.py
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/prefix.py
	$(BIN)/python benchmarks/tuning.py --pruners
	$(BIN)/python benchmarks/scaling.py workers
	$(BIN)/python benchmarks/scaling.py driver
	$(BIN)/python benchmarks/scaling.py leases

# torch is not in the lock: pip takes the CUDA build that fits, or the CPU build of the index that you name.
$(INSTALLED): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "openmedlm needs Python 3.11 or newer: pass its path as PYTHON=…")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq torch==2.13.0
	$(BIN)/pip install -qq --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install -qq --no-deps --no-build-isolation -e .
	touch $@

audit:  ## check the pinned packages for known vulnerabilities (PyPI's advisories)
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install -qq pip-audit
	$(VENV)/audit/bin/pip-audit -r requirements.lock --disable-pip --require-hashes --progress-spinner off

lock:  ## resolve requirements.lock again from pyproject.toml
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/pip install -qq uv
	$(VENV)/lock/bin/uv pip compile pyproject.toml --extra local --extra postgres --extra ray --extra mlflow --extra dev --python-version 3.11 --generate-hashes \
		--no-emit-package torch --no-header --no-emit-find-links --find-links "$${PIP_FIND_LINKS:-.}" --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info
