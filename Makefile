# What a developer types. `make demo` needs Python only; everything else prepares `.venv` and `.tools` by itself.

PYTHON ?= python3
WORKERS ?= auto
BIN := .venv/bin
READY := .venv/.ready
SERVERS := .tools/.ready
APART := $(addprefix .tools/,slo-generator google-client dropbox-sdk ministack rclone)

PYTEST := $(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadscope
WORKFLOWS := $(wildcard .github/workflows/*.yml) $(shell grep -ls '^jobs:' examples/*.yml)
GITLAB := examples/gitlab-ci.yml
ACTIONS := $(wildcard action.yml actions/*/action.yml)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow check bench rules dashboards stack slo-example openapi clean

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -e 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## make .venv/bin/lumen and the development tools

# Written last, so an interrupted set-up starts again.
$(READY): pyproject.toml tools/environment.py
	$(PYTHON) tools/environment.py .venv
	@touch $@

# Real servers for the tests, unpacked and never started outside them; without a browser its tests say what to do.
$(SERVERS): tools/debian.py
	$(PYTHON) tools/debian.py
	-$(PYTHON) tools/debian.py --browser
	@mkdir -p .tools && touch $@

# What ours is held against, each in a folder of its own.
$(APART): $(READY)
	$(BIN)/python tools/apart.py $(@F)

demo: ## a sample day in two regions on the embedded ledger; installs nothing
	$(PYTHON) entrypoint.py demo

test: $(READY) $(SERVERS) ## every test but the slow ones
	$(PYTEST) -m "not slow"

test-slow: $(READY) $(SERVERS) $(APART) ## the proofs that take minutes
	$(PYTEST) -m slow

check: $(READY) ## formatting, lint, types, the laws of the house, workflow security, generated text
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	MYPYPATH=tools $(BIN)/mypy --python-version 3.11 -m dashboards.__main__
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --no-progress --quiet $(ACTIONS) .github $(filter-out $(GITLAB),$(wildcard examples/*.yml))
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions $(ACTIONS)
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci $(GITLAB)
	$(BIN)/python tools/readme_tables.py --check
	$(BIN)/lumen runbook render --check

bench: $(READY) ## measure, beside the alternatives
	$(BIN)/python bench/run.py

dashboards: $(READY) ## write rules/grafana/*.json anew; needs Python 3.11
	cd tools && ../$(BIN)/python -m dashboards

rules: $(READY) ## write the shipped rule files, the rendered example and RUNBOOK.md anew
	$(BIN)/lumen rules render --out rules/prometheus
	$(BIN)/lumen runbook render
	cd examples/rules && ../../$(BIN)/lumen rules render --slo slo.yml --out rendered

stack: $(READY) $(SERVERS) ## a local Prometheus, Pushgateway and Alertmanager with a sample month; STACK="--once" and so on
	cd tools && ../$(BIN)/python -m stack $(STACK)

slo-example: $(READY) $(SERVERS) ## the promises of rules/slo/api.yml, asked of a real Prometheus with six weeks of a sample API
	$(BIN)/python tools/slo_example.py $(SLO)

openapi: ## take the extract of GitHub's API description, which the tests keep, anew; needs npm
	$(PYTHON) tools/github_openapi.py

clean: ## forget everything that was prepared
	rm -rf .venv .tools build dist lumen-demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
