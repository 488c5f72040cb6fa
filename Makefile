# The commands everybody needs. Each makes .venv first and installs what it needs, once;
# all it takes is make and Python 3.11, 3.12 or 3.13 (make run PYTHON=/path/to/python3.12 names one).

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed
READY := $(VENV)/.compiled
PYTHON ?=

.PHONY: run test lint check help install
.DEFAULT_GOAL := help

help:
	@echo "make run     simulate the shipped area under gatekept and balanced, print and store the comparison"
	@echo "make test    run the tests"
	@echo "make lint    ruff check, ruff format --check, mypy"
	@echo "make check   lint and test"

run: $(READY)
	@$(BIN)/opendoor compare system=gatekept,balanced
	@echo; echo "To see it in a browser, on this machine alone: $(BIN)/opendoor dashboard"; \
	echo "(or with the folder named above: $(BIN)/opendoor dashboard RESULTS-FOLDER)"

test: $(READY)
	@$(BIN)/pytest

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

check: lint test

install: $(STAMP)

# Installed again only when what is to be installed has changed.
$(STAMP): pyproject.toml constraints.txt
	@set -e; fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; \
	if ! $(BIN)/python -c "$$fits" 2>/dev/null; then \
	    found=""; \
	    for candidate in $(PYTHON) python3.11 python3.12 python3.13 python3 python; do \
	        if "$$candidate" -c "$$fits" 2>/dev/null; then found="$$candidate"; break; fi; \
	        if [ "$$candidate" = "$(PYTHON)" ]; then \
	            echo "make: $(PYTHON) is not a Python 3.11, 3.12 or 3.13 that starts." >&2; exit 2; \
	        fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "make: OpenDoor needs Python 3.11, 3.12 or 3.13; this machine's python3 is: $$(python3 --version 2>&1 | head -n 1)." >&2; \
	        echo "make: install one of them, or name it: make run PYTHON=/path/to/python3.12" >&2; exit 2; \
	    fi; \
	    echo "Making $(VENV) with $$($$found --version) ..."; \
	    $$found -m venv --clear $(VENV) || { \
	        echo "make: this Python cannot make a virtual environment (on Debian or Ubuntu: apt install python3-venv)." >&2; exit 2; }; \
	fi; \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null; \
	echo "Installing OpenDoor and what it needs (about a minute) ..."; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $(STAMP)

$(READY): $(STAMP)
	@echo "Compiling the model for this machine (about a minute) ..."
	@$(BIN)/python -m experiments.running.compiling
	@touch $(READY)
