# make demo           sets up, runs the whole pipeline on a simulated survey, prints where the report is
# make review         opens the page in which the groups are looked at and named (RESULTS=results)
# make test           sets up, passes the tests
# make test-long      the rest of them, which take longest
# make lint           everything that reads the code without running it
# make gpu-pack       wheels and pictures for tests/gpu/run.sh on a machine without a network
# make test-install   both commands on a fresh Debian 12 and 13 (root; by hand)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SETUP := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.development
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Modules are compiled when they are first imported: where that is not kept, each job compiles them again (1.5 s of each).
unexport PYTHONPATH PYTHONDONTWRITEBYTECODE

RESULTS ?= results

.PHONY: setup development demo review test test-long test-browser test-writers test-handover test-install test-slurm test-faults test-kills faults fuzz bench bench-quality bench-scale gpu-pack lint format replan check lock clean
setup: $(SETUP)
development: $(DEVELOPMENT)

# An environment of another Python is made anew. Nothing is compiled beforehand: most modules are never imported.
NAME = $(shell $(PYTHON) -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
# PyPI's torch for Linux x86-64 is built for CUDA and wants its libraries; elsewhere (and with a CPU build) it needs nothing more.
$(SETUP): envs/requirements.lock envs/cuda.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11, 3.12 or 3.13 is needed (this is %s): make PYTHON=/path/to/python3.13" % sys.version.split()[0])'
	$(PYTHON) -m venv $(if $(wildcard $(VENV)/lib/$(NAME)),,--clear) $(VENV)
	$(PIP) install --quiet --no-compile --no-deps -r envs/requirements.lock
	$(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) install --quiet --no-compile --no-deps -r envs/cuda.lock
	$(BIN)/python -c 'import torch'
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python envs/prune.py
	touch $@

$(DEVELOPMENT): $(SETUP) envs/development.lock
	$(PIP) install --quiet --no-compile --no-deps -r envs/development.lock
	touch $@

demo: setup
	$(BIN)/python -m camtrap.simulate.demo --cores $(CORES)

# The page in which experts look, name and correct; ARGS: --images, --species, --port, --no-browser, --who, --folder.
review: setup
	$(BIN)/python -m camtrap.review serve $(ARGS) -- "$(RESULTS)"

# The page in Debian's Chromium; where there is none it says so.
test-browser: development
	$(BIN)/python -m pytest -q -rs $(ARGS) tests/browser

# The long ones first, so that no core waits at the end.
test: development
	$(BIN)/python -m pytest -q -n $(CORES) --dist loadscope --no-loadscope-reorder -m "not long" tests/workflow tests/unit

# What takes longest: both seeds' recipes, real pictures, surveys that are run twice. CI runs them after the others.
test-long: development
	$(BIN)/python -m pytest -q -n $(CORES) --dist loadscope -m long tests/workflow tests/unit

# A real SLURM cluster on this machine (root and Debian; elsewhere it says that nothing was tested).
# What failed alone: make test-slurm ARGS=--last-failed
test-slurm: development
	$(BIN)/python -m pytest -q $(ARGS) tests/slurm

# Detection files by the own writers of packages that the project does not need.
test-writers: development
	$(PIP) install --quiet --no-deps --upgrade --target build/writers -r envs/writers.lock
	WRITERS=1 $(BIN)/python -m pytest -q -rP -o pythonpath='tests/unit build/writers' tests/workflow/test_writers.py

# Packages of ours as frictionless reads them; PACKAGE=results/export/camtrap_dp also validates that of a survey, and R reads its tables.
test-handover: development
	$(PIP) install --quiet --no-deps --upgrade --target build/handover -r envs/handover.lock
	HANDOVER=1 $(BIN)/python -m pytest -q -o pythonpath='tests/unit tests/unit/export build/handover' tests/handover

# Both commands on a fresh Debian 12 and 13, each in a folder with its own Python (root, Debian; half an hour).
test-install:
	tests/install/run.sh bookworm trixie

# Ten faults at random through snakemake and a hundred by stage (some minutes; the same ones every time).
test-faults: development
	$(BIN)/python -m pytest -q tests/faults

# A log of decisions whose writer is killed a thousand times.
test-kills: development
	KILLS=1000 $(BIN)/python -m pytest -q -rP tests/unit/review/test_kills.py

# Faults at random, N through snakemake and STAGES by stage, and what became of each (build/faults.json; hours).
# After a stop: make faults ARGS=--go-on. One of them again: $(BIN)/python tests/faults/campaign.py --only 1.snakemake.7
N ?= 200
STAGES ?= $(N)0
SEED ?= 1
faults: development
	$(BIN)/python tests/faults/campaign.py --snakemake $(N) --stages $(STAGES) --seed $(SEED) $(ARGS)

# Readers of detection files, EXIF and tables against mutated files for ten minutes (build/fuzz.json).
fuzz: development
	$(PIP) install --quiet --no-deps --upgrade --target build/fuzz/site -r envs/fuzz.lock || echo "no Atheris here: random mutations"
	$(BIN)/python tests/fuzz/fuzz.py --seed $(SEED)

# How fast (build/bench/speed.json, planning.json), how good, how far: an hour or more each on a quiet machine.
bench: development
	$(BIN)/python tests/bench/speed.py
	$(BIN)/python tests/bench/agreement.py
	$(BIN)/python tests/bench/burst_frames.py
	$(BIN)/python tests/bench/planning.py

bench-quality: development
	$(BIN)/python tests/bench/quality.py
	$(BIN)/python tests/bench/rare.py

bench-scale: development
	$(BIN)/python tests/bench/scale.py

# Wheels that a bare machine with a GPU lacks and pictures (build/gpu-pack), for tests/gpu/run.sh there; ARGS="--also pyarrow --without faiss-cpu"
gpu-pack: setup
	$(BIN)/python tests/gpu/pack.py $(ARGS)

lint: development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile rules examples
	$(BIN)/snakemake --lint --configfile config/demo.yaml
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python docs/generate.py --check
	@! find tests/unit tests/workflow -name 'test_*.py' -printf '%f: pytest takes a name once\n' | sort | uniq -d | grep .

format: development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile rules examples
	$(BIN)/python docs/generate.py

# Pictures that were edited in place: work through their shards again (ARGS: what else your command has, as --configfile).
replan: setup
	$(BIN)/snakemake --cores $(CORES) $(ARGS) --config images='$(IMAGES)' results='$(RESULTS)' 'plan={changed: supersede}'

# Go through all results of a survey: what is missing, damaged, or does not add up.
check: setup
	$(BIN)/python -m camtrap.check $(RESULTS)

# The newest of everything: make lock UPGRADE=1
lock: setup
	$(BIN)/python envs/lock.py $(if $(UPGRADE),--upgrade)

clean:
	rm -rf demo build .snakemake .pytest_cache .ruff_cache .mypy_cache .hypothesis
