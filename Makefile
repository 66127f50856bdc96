# Two commands do everything on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DATA ?= ../shared/data
# Processes that share the tests, whole files each.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

# Many tests start Python anew: what is compiled is kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test setup setup-mapping setup-system lock lint docs bench bench-cohort bench-verdicts bench-engine bench-truth bench-reads bench-course bench-claims bench-shuffle bench-crash bench-rerun bench-leaks bench-names bench-reference bench-reversal bench-qiime bench-animals bench-molecules bench-people bench-hostile bench-scale bench-outofcore fuzz bad-input calibration clean comparison picture reproduce

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: setup  ## set up, run the built-in household cohort, say where the page is
	@$(BIN)/commensal demo --out demo

test: setup setup-system lint  ## set up, run every check
	@OMP_NUM_THREADS=1 $(BIN)/pytest -q -n $(JOBS) --dist loadfile

setup: $(STAMP)  ## build .venv from the lock

$(STAMP): requirements/dev.txt requirements/mapping.txt pyproject.toml | $(BIN)/uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(MAKE) --no-print-directory setup-mapping
	@touch $@

# mappy has no wheels. Who has no compiler goes without host removal and mapping mode; CI may not.
setup-mapping: | $(BIN)/uv  ## mappy, built from source (cc, Python.h, zlib.h); again after installing these
	@if [ "$$CI" = "true" ] && [ "$$(id -u)" = "0" ] && ! { command -v cc && test -e /usr/include/zlib.h; } >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev python3-dev zlib1g-dev >/dev/null; fi
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/mapping.txt 2>$(VENV)/mapping.log || { \
	  echo "setup: mappy could not be built (see $(VENV)/mapping.log): host removal and mapping mode are left out." >&2; \
	  echo "  mend: install a C compiler and the headers of Python and zlib (Debian: gcc python3-dev zlib1g-dev), then: make setup-mapping" >&2; \
	  test "$$CI" != "true"; }

setup-system:  ## Debian packages that tests use (only on CI, as root)
	@if [ "$$CI" = "true" ] && [ "$$(id -u)" = "0" ] && ! command -v chromium >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core poppler-utils >/dev/null; \
	elif ! command -v chromium >/dev/null; then \
	  echo "setup-system: no Chromium here; tests of the page in a browser will be skipped (CI=true as root installs it)"; fi

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header
lock: $(BIN)/uv  ## pin every dependency with its hash, without index addresses
	@$(LOCK) --group dev --group docs --extra reads --extra r --extra cluster pyproject.toml -o requirements/dev.txt
	@$(LOCK) --extra reads --extra r --extra cluster pyproject.toml -o requirements/run.txt
	@$(LOCK) --group mapping -o requirements/mapping.txt

$(BIN)/uv:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

lint: setup  ## ruff, mypy, import-linter
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>&1 | tail -n 12; exit $${PIPESTATUS[0]}

docs: setup  ## the documentation, into docs/_build/html
	@$(BIN)/sphinx-build -W -q --keep-going -b html docs docs/_build/html && echo "docs/_build/html/index.html"

picture: demo  ## the picture of the page in the README, from the demo; needs Chromium
	@$(BIN)/python tools/picture.py demo/report.html docs/images/page.png

bench: bench-cohort  ## all short benchmarks

bench-verdicts: setup  ## false verdicts of screens without an effect, cages as units
	@$(BIN)/python benchmarks/verdicts.py

bench-cohort: setup  ## jacobs2016 from table to page: seconds, memory; --help
	@$(BIN)/python benchmarks/cohort.py --data $(DATA)

bench-engine: setup  ## features, pairs and permutations per second, beside lme4, lmerTest, glmer, vegan, scikit-bio, HAllA
	@worst=0; for part in engine_start engine_stream engine_logistic engine_permanova engine_pairs engine_default engine; do \
	  $(BIN)/python benchmarks/$$part.py || { status=$$?; [ $$status -gt $$worst ] && worst=$$status; }; done; exit $$worst

bench-truth: setup  ## signals implanted into real tables: FDR and power beside limma, Wilcoxon, LinDA-like, ANCOM-BC
	@$(BIN)/python benchmarks/truth.py --data $(DATA)

bench-course: setup  ## animals over the course of a disease: null rates, classes, departures, with what was planted
	@$(BIN)/python benchmarks/course.py

bench-claims: setup  ## simulated model studies: the planted claim first, nothing false past the gate; ARGS=--full for all
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/claims.py $(ARGS)

bench-crash: setup  ## runs killed at random moments, run again: the same bytes
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/crash.py $(ARGS)

bench-rerun: setup  ## the demo run again with nothing changed: seconds
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/rerun.py $(ARGS)

bench-shuffle: setup  ## studies without effects: how often noise of the first claim is small; ARGS='--studies 14'
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/shuffle_null.py $(ARGS)

bench-leaks: setup  ## leaks between samples: planted ones that are hinted at, and false hints
	@$(BIN)/python benchmarks/leaks.py

bench-names: setup  ## names of two real metabolomes against their own numbers: precision, recall
	@$(BIN)/python benchmarks/names.py --data $(DATA)

bench-animals: setup  ## simulated animal studies: coverage, familywise error, classes of a course; a whole study in seconds
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/animals.py

bench-molecules: setup  ## simulated molecules of two fluids: the true mediator's rank, false candidates, seconds
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/molecules.py

bench-outofcore: setup  ## a gene table larger than memory through a run: peak, seconds; ARGS=--full for 10,000 × 1 M
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/outofcore.py $(ARGS)

bench-people: setup  ## null rates of levels, severity, pathways, carriers, producers on real cohorts
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/people.py --data $(DATA)

bench-reference: setup  ## a reference's cost per genome: seconds, memory, bytes
	@$(BIN)/python benchmarks/reference.py --data $(DATA)

# Peers are never installed: SOURMASH=/path/to/sourmash (pip, in an environment of its own), kraken2 on PATH.
bench-reads: setup  ## simulated communities of real genomes: species, functions, genes, reads per second, memory; beside sourmash, kraken2
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/reads.py --data $(DATA)

bench-scale: setup  ## what a sample, a feature and a task cost; two workers beside one; makes the tables of docs/scale.md
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/scale.py --data $(DATA); status=$$?; \
	  [ $$status = 3 ] || $(BIN)/python benchmarks/scale_page.py >/dev/null; exit $$status

bench-reversal: setup  ## a treatment that does nothing, with a shared vehicle arm: null rate, bias, coverage, seconds
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/reversal.py

# QIIME 2 is never installed by this project: `python benchmarks/qiime.py --help` says how Debian has it.
bench-qiime: setup  ## the same people through what QIIME 2's plugins run: answers, seconds, null rates under the design's shuffles
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/qiime.py --data $(DATA)

calibration: setup  ## null rates: of every p of stats, and of cohort under 200 restricted shuffles of real cohorts
	@worst=0; for part in "engine_null" "cohort_null --data $(DATA)"; do set -- $$part; \
	  $(BIN)/python benchmarks/$$1.py $${@:2} || { status=$$?; [ $$status -gt $$worst ] && worst=$$status; }; done; exit $$worst

reproduce: setup  ## docs/reproduce.md: where each figure of the documentation is from
	@$(BIN)/python benchmarks/reproduce_page.py $(ARGS)

comparison: setup  ## docs/comparison.md, from the figures in benchmarks/results and the tolerances of the tests
	@$(BIN)/python benchmarks/comparison_page.py $(ARGS)

bench-hostile: setup  ## 50,000 bad files through every reader: an error that names the file, or a right result
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/hostile.py $(ARGS)

# Not in the lock, as it has no wheels for every Python: pip install --no-deps --target FOLDER atheris; ATHERIS=FOLDER
fuzz: setup  ## every reader fuzzed by coverage with Atheris (ATHERIS=FOLDER holds it); ARGS='--seconds 60 study'
	@OMP_NUM_THREADS=1 PYTHONPATH=$(ATHERIS) $(BIN)/python benchmarks/fuzz_atheris.py $(ARGS)

bad-input: setup  ## 10,000 odd studies through the estimators: an answer or a refusal in words
	@$(BIN)/python benchmarks/bad_input.py

clean:  ## remove what was built
	@rm -rf $(VENV) docs/_build dist demo .mypy_cache .ruff_cache .pytest_cache
