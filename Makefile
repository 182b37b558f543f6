# make demo   a rendered project, production-like, at http://127.0.0.1:8000
# make test   the whole suite
# make bench  this project beside its peers, in half an hour: docs/benchmarks.md
# Each sets up what it needs first.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

.PHONY: demo test bench lint screenshots requirements clean

demo: .venv/ready
	@$(BIN)/python scripts/demo.py --port $(PORT)

test: .venv/ready
	$(BIN)/python -m pytest

bench: build/bench/ready
	build/bench/bin/python -m benchmarks

# The peers' packages are in an environment of their own.
build/bench/ready: benchmarks/requirements.txt
	$(PYTHON) -m venv build/bench
	build/bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@touch $@

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.venv/ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.13 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# The README's pictures of the page.
screenshots: .venv/ready
	UPDATE_SCREENSHOTS=1 $(BIN)/python -m pytest tests/browser -k fits_its_window

# Pin what requirements.in names, for every platform, without an index's address.
requirements: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
		--no-header --no-emit-index-url requirements.in --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
		--no-header --no-emit-index-url benchmarks/requirements.in \
		--output-file benchmarks/requirements.txt

clean:
	rm -rf .venv build
