# One target, one job; `make help` lists them.
PYTHON ?= python3
UV := .venv/bin/uv
INSTALL := $(UV) pip install --quiet --require-hashes

.DEFAULT_GOAL := help
.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.venv/.ready: requirements/bootstrap.txt requirements/development.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(INSTALL) --python .venv -r requirements/development.txt
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: .venv/.ready  ## install everything that the library, its tests and its checks need
