# One target, one job; `make help` lists them.
PYTHON ?= python3
UV := .venv/bin/uv
INSTALL := $(UV) pip install --quiet --require-hashes --compile-bytecode
# As pip does: a network with an authority of its own has it in the system.
export UV_SYSTEM_CERTS := 1
SAM := SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam

# A python3.13 to compile the artifacts with. A pyenv shim may be on PATH and still not run.
PYENV_3_13 := $(patsubst %/shims,%/versions/3.13.*/bin/python3.13,$(filter %/shims,$(subst :, ,$(PATH))))
export PYTHON313 := $(shell for candidate in python3.13 $(wildcard $(PYENV_3_13)); \
	do $$candidate -c '' 2>/dev/null && echo $$candidate && break; done)

# What is built here is found here: cosign, cue, policy-controller's tester, opa.
export PATH := $(abspath .build/bin):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.venv/.ready: requirements/bootstrap.txt requirements/development.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python 3.11 or newer is needed, this is " + sys.version)'
	rm -rf .venv # and not `venv --clear`, which empties what a symbolic link points to
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(INSTALL) --python .venv -r requirements/development.txt
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

# Environments of their own: sam for the SAM command line, ministack for the local stack, lambda for what Lambda's runtime brings.
.venv-%/.ready: requirements/%.txt | .venv/.ready
	rm -rf .venv-$*
	.venv/bin/python -m venv --without-pip .venv-$*
	$(INSTALL) --python .venv-$* -r $<
	@touch $@

.PHONY: setup
setup: .venv/.ready  ## install everything that the library, its tests and its checks need

.PHONY: test
test: .venv/.ready .venv-ministack/.ready .venv-lambda/.ready  ## every test
	.venv/bin/pytest -q -n 3 --dist worksteal

.PHONY: check
check: format-check lint types docs validate build  ## everything that is checked without running it: format, lint, types, docs, template

.PHONY: format
format: .venv/.ready  ## put the code in its form
	.venv/bin/ruff check --quiet --fix-only .
	.venv/bin/ruff format .

.PHONY: format-check lint types
format-check: .venv/.ready
	.venv/bin/ruff format --check .

lint: .venv/.ready
	.venv/bin/ruff check .

types: .venv/.ready
	.venv/bin/mypy

.PHONY: docs
docs: .venv/.ready
	.venv/bin/pytest -q tests/test_docs.py tests/test_architecture.py tests/test_template.py

.PHONY: validate
validate: .venv-sam/.ready  ## check the template as SAM and CloudFormation see it
	$(SAM) validate --lint

.PHONY: build
build: .venv-sam/.ready  ## build the functions and layers for Lambda, into .aws-sam
	UV=$(abspath $(UV)) $(SAM) build

.PHONY: demo
demo: .venv/.ready .venv-ministack/.ready  ## a publish from webhook to verdict, the whole stack on this machine
	.venv/bin/python -m local.demo

.PHONY: serve
serve: .venv/.ready .venv-ministack/.ready  ## the whole stack on this machine until it is interrupted
	.venv/bin/python -m local.serve

.PHONY: slack-test
slack-test: .venv/.ready  ## send a sample incident to Slack: CHANNEL='#name', the token or webhook in REGISTRY_VERIFIER_SLACK
	@.venv/bin/registry-verifier slack-test --channel '$(CHANNEL)'

.PHONY: interop
interop: .venv/.ready  ## cosign, where it is installed, and this verifier judge the same images
	.venv/bin/python -m local.interop

.PHONY: policy-tester
policy-tester: .venv/.ready  ## policy-controller's own tester, built with Go, and this verifier judge the same images by the same policies
	.venv/bin/python -m local.interop.policies

.PHONY: rego
rego: .venv/.ready  ## Open Policy Agent's command, for conditions in Rego, built with Go into .build/bin
	$(MAKE) -s -C layers build-RegoLayer REGO=true HOST_PYTHON=$(abspath .venv/bin/python) ARTIFACTS_DIR=$(abspath .build)

.PHONY: differential
differential: .venv/.ready  ## the real cue command, built with Go, and this verifier judge the same documents by the same conditions
	.venv/bin/python -m local.differential --pairs $(or $(PAIRS),1000) --seed $(or $(SEED),1)

.PHONY: simulate
simulate: .venv/.ready  ## thousands of publishes with known truth through the whole stack, in virtual time: N=5000 SEED=1
	.venv/bin/python -m local.simulation --publishes $(or $(N),5000) --seed $(or $(SEED),1)

.PHONY: openapi
openapi: .venv/.ready  ## the OpenAPI file and docs/api.md anew, from the code
	.venv/bin/python -m local.openapi
	.venv/bin/python -m local.reference

.PHONY: contract
contract: .venv/.ready .venv-ministack/.ready .venv-contract/.ready  ## schemathesis and a generated client against the API of the local stack
	.venv/bin/python -m local.contract

.PHONY: browser
browser: .venv/.ready .venv-browser/.ready  ## the status page in a real Chromium: clicks, keyboard, contrast, hostile text
	PYTHONPATH=$$(echo .venv-browser/lib/python3*/site-packages) .venv/bin/python -m local.browser

.PHONY: screenshots
screenshots: .venv/.ready .venv-browser/.ready  ## pictures of the status page, light, dark and narrow, into .build/screenshots
	PYTHONPATH=$$(echo .venv-browser/lib/python3*/site-packages) .venv/bin/python -m local.browser --screenshots .build/screenshots

.PHONY: bench
bench: .venv/.ready .venv-lambda/.ready  ## measure what is meant to be fast, side by side with something known
	@for file in bench/*.py; do .venv/bin/python -m bench.$$(basename $$file .py) || exit 1; done

.PHONY: deploy
deploy: build  ## deploy to the AWS account of the environment, asking for the parameters
	$(SAM) deploy --guided

.PHONY: clean
clean:  ## remove everything that was built or installed here
	rm -rf .venv .venv-* .build .aws-sam .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -prune -exec rm -r {} +
