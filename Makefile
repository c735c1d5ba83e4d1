# Two commands matter: `make kiosk` shows it, `make test` proves it. Each sets up what it needs; nothing asks a question.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
# One more than there are cores: many a test waits for another process, a browser or a printer.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# Where bytecode is not kept (containers often say so) each of the many processes of a run would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: kiosk
kiosk: setup-kiosk ## set up, then start the kiosk with an emulated card (without a display: off screen, into out/)
	@$(BIN)/python scripts/render_prompts.py --if-possible
	@$(BIN)/chipid kiosk --demo

.PHONY: test
test: setup-test check ## set up, then run every check and the whole test suite
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: check
check: setup-test ## style, types and who-imports-whom: exactly what the build server checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: quick
quick: setup-test ## unit tests that need no disk, one case of each table: under a minute
	@CHIPID_QUICK=1 $(BIN)/python -m pytest tests/unit -m "not slow and not soak" -n auto

.PHONY: soak
soak: setup-test ## the long sweeps whole, of which the test suite takes a hundredth (CHIPID_SOAK_SHARE, CHIPID_SOAK_SEED)
	@CHIPID_SOAK_SHARE=$${CHIPID_SOAK_SHARE:-100} $(BIN)/python -m pytest tests -m "soak or wide or hypothesis" --ignore=tests/fuzz
	@CHIPID_SOAK_SHARE=$${CHIPID_SOAK_SHARE:-100} $(BIN)/python -m tests.soak_run
	@CHIPID_SOAK_SHARE=$${CHIPID_SOAK_SHARE:-100} $(BIN)/python -m tests.soak_check_ins

.PHONY: bench
bench: setup-test ## the figures of the README, measured on this machine
	@$(BIN)/python -m bench

.PHONY: screens
screens: setup-test ## every state of every screen in every look as pictures in out/screens/, and the accessibility audit's table
	@$(BIN)/python -m tests.ui.make_screens out/screens

.PHONY: sounds
sounds: setup-kiosk ## render the spoken prompts with espeak-ng, those that have changed (docs/sound.md)
	@$(BIN)/python scripts/render_prompts.py

.PHONY: doctor
doctor: setup-kiosk ## what is missing on this machine, and how to get it
	@$(BIN)/chipid doctor

.PHONY: docs
docs: setup-test ## the pages of docs/ that are made from the code
	@$(BIN)/python scripts/document_errors.py
	@$(BIN)/python scripts/document_limits.py
	@$(BIN)/python scripts/document_flows.py
	@$(BIN)/python -m bench.read_time_picture

.PHONY: lock
lock: ## renew requirements/*.txt from pyproject.toml (UPGRADE=yes: the newest of everything)
	@scripts/lock

.PHONY: bare-check
bare-check: ## as root: clone into a bare Debian and run both commands there (SUITE=bookworm, MIRROR=…)
	@scripts/bare-root-check

.PHONY: clean
clean: ## remove what can be made again; .venv stays (make clean-all removes it too)
	rm -rf out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.PHONY: clean-all
clean-all: clean
	rm -rf .venv

.PHONY: setup-kiosk setup-test
setup-kiosk:
	@scripts/setup kiosk
setup-test:
	@scripts/setup test
