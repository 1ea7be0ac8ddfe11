# The developer's menu. Everything it makes stays in this checkout: .venv, .build, .demo.
SHELL := bash
.DEFAULT_GOAL := help

# The newest Python is not the best: ansible-core 2.19, which the suite runs on, needs 3.11 to 3.13.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help setup demo test test-long lint sanity bench bench-check docs clean

help: ## This list.
	@awk -F ': *[^#]*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## The virtual environment .venv with everything the other targets need.

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing into .venv (a minute or two the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install -qq --editable . --group dev
	@touch $@

demo: $(READY) ## A rollout on a simulated tenant, from the first look to the proof: nothing leaves this machine.
	@$(BIN)/python dev/demo.py

test: $(READY) ## The whole suite: lint, types, tests, Ansible's own checks.
	@$(BIN)/python dev/stages.py

lint: $(READY) ## Only what reads the sources: ruff, mypy, ansible-lint, changelog, plugin documentation.
	@$(BIN)/python dev/stages.py --group lint

sanity: $(READY) ## Only ansible-test, in a mirrored copy of the collection.
	@$(BIN)/python dev/stages.py --group sanity

test-long: $(READY) ## The slow forms: a kill at every write boundary, the model suite at length.
	@INTUNE_SCEP_TEST_PROFILE=long $(BIN)/python -m pytest -n2 --dist=worksteal \
		tests/unit/strong_mapping/test_faults.py tests/unit/changes/test_kills.py \
		tests/unit/changes/test_mutants.py \
		tests/unit/changes/test_undo_property.py tests/unit/changes/test_interleavings.py \
		tests/unit/rollout/test_whole.py tests/unit/rollout/test_killed.py \
		tests/unit/rollout/test_model.py tests/unit/rollout/test_mutants.py \
		tests/conformance/test_stateful.py tests/unit/test_hostile_files.py \
		tests/unit/certificates/test_fuzz.py tests/unit/tenant/test_population.py \
		tests/e2e/test_certificate_cli.py tests/e2e/test_migration_guide.py

bench: $(READY) ## Ratios measured in one run, both sides of each in turns.
	@rm -f .build/bench.jsonl
	@$(BIN)/python -m pytest --no-header -q -s -p no:cacheprovider tests/benchmarks

bench-check: $(READY) ## Which goals the last `make bench` missed.
	@$(BIN)/python dev/bench_check.py

docs: $(READY) ## The documentation site, in .build/site.
	@$(BIN)/python dev/docs.py

clean: ## Remove everything that make made, the virtual environment too.
	@rm -rf .venv .build .demo .cache .ansible .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
