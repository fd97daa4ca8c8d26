PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SC2_ATTRIB := $(BIN)/sc2-attrib

.PHONY: demo test test-all lint bench accuracy corpus dev clean

demo: $(VENV)/generate  ## index this Python, train a small StarCoder2, complete, annotate
	$(SC2_ATTRIB) demo

test: $(VENV)/dev  ## what a change must pass
	$(BIN)/pytest -m "not slow"

test-all: $(VENV)/dev  ## with the long checks
	$(BIN)/pytest

lint: $(VENV)/dev  ## style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/dev  ## measure; needs CORPUS=folder of Parquet files
	$(BIN)/python -m benchmarks.local_index $(CORPUS)

accuracy: $(VENV)/dev  ## how much is found, and how much falsely; needs CORPUS, takes some minutes
	$(BIN)/python -m benchmarks.accuracy $(CORPUS) > docs/accuracy.md

corpus: $(VENV)/dev  ## what is measured: 1.6 GB of code from a Debian mirror, in build/corpus/parquet
	$(BIN)/python -m benchmarks.corpus.fetch build/corpus

dev: $(VENV)/dev  ## an environment to work in

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/generate: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[generate]"
	touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[generate,dev]"
	touch $@
