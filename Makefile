# Everyday commands; `make` lists them. Needs GNU make 3.81 or newer and Python 3.11 or newer, nothing else:
# .venv is built by the first target that needs it, from the locked versions in requirements/.
#
# make ends with 2 whatever the exit code of a command was; which it was is said on stderr. A script that wants the
# codes of docs/exit-codes.md runs `make setup` once and then .venv/bin/dbmate-wrap itself.

# Options: ENV=staging NAME=add_orders YES=1 ARGS="--to 004" PYTHON=/usr/bin/python3.12
# Only ENV is also taken from the environment, and not where it is the start-up file of a shell (ENV=/etc/profile).
# WSL, for one, sets NAME, and nobody should confirm with a YES that he has forgotten.
$(foreach v,NAME ARGS YES,$(if $(findstring environment,$(origin $(v))),$(eval $(v) :=)))
ifneq ($(findstring environment,$(origin ENV)),)
ifneq ($(findstring /,$(ENV)),)
ENV :=
endif
endif
export ENV NAME PYTHON

WRAP := .venv/bin/dbmate-wrap
WHERE = $(if $(ENV),--env "$$ENV")
# Ends the line of every target that runs $(WRAP).
OR_SAY = || { code=$$?; echo "make: dbmate-wrap ended with $$code (docs/exit-codes.md); a script that needs the code \
	runs $(WRAP) itself" >&2; exit $$code; }

.DEFAULT_GOAL := help
.PHONY: help setup migrate status new check seal plan rollback test lint bench mutate docs lock clean stale name

help: ## list the targets
	@echo 'Usage: make TARGET [ENV=staging] [NAME=add_orders] [ARGS="..."]'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' Makefile

setup: .venv/.stamp ## build .venv from the locked requirements
	@sh scripts/bootstrap compile # What has changed since .venv was built.
	@echo 'Ready: $(WRAP) --help, or make migrate'

migrate: .venv/.stamp ## apply the pending migrations (ENV=..., YES=1 where protected)
	@$(WRAP) up $(WHERE) $(if $(YES),--yes) $(ARGS) $(OR_SAY)

status: .venv/.stamp ## show every migration and its state (ENV=...)
	@$(WRAP) status $(WHERE) $(ARGS) $(OR_SAY)

new: name .venv/.stamp ## create the next migration file (NAME=add_orders)
	@$(WRAP) new "$$NAME" $(ARGS) $(OR_SAY)

check: .venv/.stamp ## prove the migrations, as a pull request does
	@$(WRAP) check $(ARGS) $(OR_SAY)

seal: .venv/.stamp ## append new migrations to the lockfile
	@$(WRAP) seal $(ARGS) $(OR_SAY)

plan: .venv/.stamp ## say what migrate would do, and do nothing (ENV=...)
	@$(WRAP) plan $(WHERE) $(ARGS) $(OR_SAY)

rollback: .venv/.stamp ## undo the last migration (ENV=...)
	@$(WRAP) rollback $(WHERE) $(ARGS) $(OR_SAY)

test: .venv/.dev-stamp ## run all tests (ARGS="-k name")
	@.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

lint: .venv/.dev-stamp ## check style, types, sizes, imports between the packages, generated docs, shell scripts
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m mypy
	@.venv/bin/python scripts/check_sizes.py
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/python scripts/generate_docs.py --check
	@if test -e .venv/.docs-stamp; then .venv/bin/python scripts/site.py --quiet; \
	else echo 'the site of the docs was not built: what makes it is installed by make docs' >&2; fi
	@if command -v shellcheck >/dev/null; then shellcheck scripts/bootstrap scripts/onboard .ci/run \
	dbmate_wrap/cli/shells/dbmate-wrap.bash docs/fleet/ecs/run-task.sh docs/fleet/kubernetes/report.sh \
	docs/fleet/parallel/fleet-up \
	docs/fleet/slurm/fleet.sbatch; \
	else echo 'shellcheck is not installed: shell scripts were not checked' >&2; fi

bench: .venv/.dev-stamp ## measure, and write docs/benchmarks.md
	@.venv/bin/python -m scripts.bench --write $(ARGS)

mutate: .venv/.dev-stamp ## change small things in what decides, and see what no test notices
	@.venv/bin/python scripts/mutate.py $(ARGS)

docs: .venv/.docs-stamp ## write the generated parts of docs/ again, and make a site of it in build/site
	@.venv/bin/python scripts/generate_docs.py
	@.venv/bin/python scripts/site.py

lock: .venv/.dev-stamp ## renew requirements/*.txt (ARGS="--upgrade-package typer" for one only)
	@.venv/bin/python scripts/lock.py $(ARGS)

clean: ## remove .venv and caches, never the development database
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	@find dbmate_wrap scripts tests -name __pycache__ -prune -exec rm -rf {} +

name:
	@test -n "$$NAME" || { echo 'NAME is missing: make new NAME=add_orders' >&2; exit 2; }

# An environment does not survive being moved, nor the loss of the Python that it was made with: build it anew.
ifneq ($(shell test -x .venv/bin/python && cat .venv/.home 2>/dev/null),$(CURDIR))
.venv/.stamp .venv/.dev-stamp .venv/.docs-stamp: stale
endif

.venv/.stamp: pyproject.toml requirements/build.txt requirements/runtime.txt
	@sh scripts/bootstrap runtime

.venv/.dev-stamp: pyproject.toml requirements/build.txt requirements/dev.txt
	@sh scripts/bootstrap dev

.venv/.docs-stamp: pyproject.toml requirements/build.txt requirements/dev.txt requirements/docs.txt
	@sh scripts/bootstrap docs
