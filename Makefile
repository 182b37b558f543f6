# make demo      a rendered project, production-like, at http://127.0.0.1:8000
# make test      the tests that take seconds; about five minutes on two slow CPUs
# make test-all  the slow tests, too: browsers, faults, images, updates, PostgreSQL, an emulator of AWS
# make lint      style, types, sizes, prose, imports, security, workflows
# make matrix    the rendered project on every Python and Django, lowest and newest dependencies
# make torture   broken networks and killed processes, thousands of times
# make compat    the rendered project on other S3 servers: docs/stores.md
# make load      many people at once
# make scale     100,000 static files, 200,000 objects, 1,000,000 rows
# make cluster   the site on a SeaweedFS cluster whose nodes are killed
# make bench     this project compared with its peers: docs/benchmarks.md
# Each sets up what it needs first.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
ENVIRONMENT := $(PYTHON) scripts/make_environment.py
# Containers often set it: each process would then compile Django again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all lint matrix torture compat load scale cluster bench screenshots messages requirements clean

demo: free-port build/demo/ready
	@build/demo/bin/python scripts/demo.py --port $(PORT)

# Before anything is installed.
.PHONY: free-port
free-port: python
	@$(PYTHON) scripts/demo.py --port $(PORT) --check-port

# Only what the demo needs.
build/demo/ready: requirements-demo.txt | python
	@$(ENVIRONMENT) build/demo requirements-demo.txt
	@touch $@

test: .venv/test
	$(BIN)/python -m pytest -m "not slow and not matrix and not torture and not compat"

test-all: .venv/all build/ministack/ready build/awscli/ready
	$(BIN)/python -m pytest

lint: .venv/lint
	$(BIN)/python scripts/lint.py

matrix torture: .venv/all
	$(BIN)/python -m pytest -m $@

compat: .venv/all build/ministack/ready build/compat/ready
	$(BIN)/python -m pytest -m $@ tests/compat --numprocesses=2
	$(BIN)/python scripts/document_stores.py

# The stores that are neither the project's own nor ministack.
build/compat/ready: tests/compat/rclone.txt tests/compat/package-lock.json | python
	@$(ENVIRONMENT) build/compat tests/compat/rclone.txt
	cp tests/compat/package.json tests/compat/package-lock.json build/compat/
	npm ci --prefix build/compat --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# A line that begins with `load` and a second word loads a library into make.
scale cluster load: .venv/all
	$(BIN)/python -m benchmarks.$@

bench: build/bench/ready
	build/bench/bin/python -m benchmarks

# The peers' packages are in an environment of their own.
build/bench/ready: benchmarks/requirements.txt | python
	@$(ENVIRONMENT) build/bench benchmarks/requirements.txt
	@touch $@

# The emulator of AWS that infra/ is deployed to in the tests: it pins a botocore of its own.
build/ministack/ready: tests/infra/ministack.txt | python
	@$(ENVIRONMENT) build/ministack tests/infra/ministack.txt
	@touch $@

# The AWS CLI, with which a test follows infra/README.md: it pins a botocore, too.
build/awscli/ready: tests/infra/awscli.txt | python
	@$(ENVIRONMENT) build/awscli tests/infra/awscli.txt
	@touch $@

# One environment, with what the targets that ran so far need: the pins agree.
.venv/test: requirements-test.txt | python
.venv/lint: requirements-lint.txt | python
.venv/all: requirements.txt | python
.venv/test .venv/lint .venv/all:
	@$(ENVIRONMENT) .venv $<
	@touch $@

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.13 …")'

# The README's pictures of the page.
screenshots: .venv/all
	UPDATE_SCREENSHOTS=1 $(BIN)/python -m pytest tests/browser -k fits_its_window

# Translations: bring them up to date with the texts, and compile them.
messages: .venv/all
	$(BIN)/python scripts/refresh_messages.py

# Pin what the requirements*.in name, for every platform, without an index's address; then write
# what follows from the pins: the regions that botocore knows, the versions that stand elsewhere.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header \
	--no-emit-index-url --generate-hashes
requirements: .venv/all
	$(COMPILE) --upgrade requirements.in --output-file requirements.txt
	for part in demo test lint; do $(COMPILE) --upgrade --constraint requirements.txt \
		requirements-$$part.in --output-file requirements-$$part.txt || exit 1; done
	$(COMPILE) --upgrade benchmarks/requirements.in --output-file benchmarks/requirements.txt
	$(COMPILE) --upgrade tests/infra/ministack.in --output-file tests/infra/ministack.txt
	$(COMPILE) --upgrade tests/infra/awscli.in --output-file tests/infra/awscli.txt
	$(COMPILE) --upgrade tests/media/packages/requirements.in \
		--output-file tests/media/packages/requirements.txt
	$(COMPILE) --upgrade tests/compat/rclone.in --output-file tests/compat/rclone.txt
	$(ENVIRONMENT) .venv requirements.txt
	$(BIN)/python scripts/refresh_regions.py
	$(BIN)/python scripts/refresh_pins.py

clean:
	rm -rf .venv build
