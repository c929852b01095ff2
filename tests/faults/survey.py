"""The survey that faults are done to: a dozen simulated pictures on two cards, run once undisturbed.

Its results are the reference. What Snakemake ran for each job is kept (``.snakemake/scripts``: our script and the pickled
job before it), so that one job can be run again without Snakemake.
"""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from camtrap.simulate import simulate

REPO = Path(__file__).resolve().parents[2]
CONFIG = {
    "images": "images",
    "results": "results",
    "plan": {"shard_size": 8, "settle_seconds": 0},
    "detector": {"backend": "motion"},
    "embed": {"model": "mobilenet_v3_small", "weights": "random", "image_size": 32},
    "cluster": {
        "k": "2-3",
        "sweeps": ["kmeans"],
        "methods": ["average"],
        "average": {"partitions": 4, "runs": 1, "resamples": 1},
        "project": {"methods": ["tsne"], "perplexity": 3, "iterations": 20},
    },
    "evaluate": {"seeds": 1, "resamples": 20, "truth": "truth.csv"},
    "export": {"folders": "copy"},
}
# Of these the content is not a result: how long jobs took, what they said, checksums, and the plan's bookkeeping.
NO_RESULT = (
    "logs/",
    "benchmarks/",
    "checksums/",
    "plan/lock",
    "plan/current",
    "plan/hashes.json",
    "plan/places.json",  # where the pictures lie: another folder for each survey
    "plan/touched.tsv",
    "plan/removed/",
    "plan/again/",
)
# Written while a result is made; a killed job leaves them behind.
TEMPORARY = (".snakemake", ".tmp-")


@dataclass(frozen=True)
class Job:
    """A job as Snakemake ran it."""

    rule: str
    name: str
    script: Path
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    log: str


@dataclass
class Survey:
    """A folder with ``images``, ``results``, ``survey.yaml``, ``truth.csv`` and Snakemake's own records."""

    folder: Path
    jobs: list[Job] = field(default_factory=list)

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def command(self, *arguments: str, directory: Path | None = None) -> list[str]:
        """The command line of a run; ``directory`` is another working folder than the survey's."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPO / "Snakefile"), "--cores", "2"]
        return [*command, *arguments, "--directory", str(directory or self.folder), "--configfile", "survey.yaml"]

    def start(self, *arguments: str, directory: Path | None = None, out: Path | None = None) -> subprocess.Popen:
        """Start a run in a process group of its own; what it says goes to ``out``."""
        with open(out or self.folder / "said.txt", "wb") as file:
            return subprocess.Popen(
                self.command(*arguments, directory=directory),
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def copy(self, folder: Path) -> "Survey":
        """The same survey at another place, to be damaged."""
        subprocess.run(["cp", "-a", str(self.folder), str(folder)], check=True)
        return Survey(folder, self.jobs)

    def made_by(self, jobs: list[Job]) -> set[str]:
        """Names of the plan's files and of the results that these jobs are to make."""
        made = {output for job in jobs for output in job.outputs}
        return {name for name in files(self.results) if name.startswith("plan/") or _below(f"results/{name}", made)}

    def remove(self, jobs: list[Job]) -> None:
        """Remove what these jobs made."""
        for path in (self.folder / output for job in jobs for output in job.outputs):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def environment() -> dict[str, str]:
    """The environment of a run: what another run would have set is left out."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("CAMTRAP_PLAN", "SLURM"))}
    return clean | {"PYTHONPATH": str(REPO / "scripts")}


def make_reference(folder: Path) -> Survey:
    """Simulate the survey, run it undisturbed and read what was run for each job."""
    simulate(folder, seed=3, cards=2, stations=2, pictures=12, size=(160, 120), workers=1)
    (folder / "survey.yaml").write_text(yaml.safe_dump(CONFIG))
    survey = Survey(folder)
    code = survey.start("--skip-script-cleanup").wait()
    said = (folder / "said.txt").read_text(errors="replace")
    if code:
        raise SystemExit(f"the undisturbed run failed:\n{said[-4000:]}")
    shutil.move(folder / ".snakemake" / "scripts", folder / "jobs")
    return open_reference(folder)


def open_reference(folder: Path) -> Survey:
    """A reference that was made before."""
    return Survey(folder, in_order([_job(script) for script in sorted((folder / "jobs").glob("*.py"))]))


def _job(script: Path) -> Job:
    found = re.search(rb"pickle\.loads\((b(\".*?(?<!\\)\"|'.*?(?<!\\)'))\);", script.read_bytes(), re.DOTALL)
    assert found, script
    job = pickle.loads(eval(found[1]))  # written by our own Snakemake a moment ago
    name = " ".join([job.rule, *map(str, job.wildcards)])
    return Job(job.rule, name, script, tuple(map(str, job.input)), tuple(map(str, job.output)), str(job.log[0]))


def in_order(jobs: list[Job]) -> list[Job]:
    """Jobs in an order in which they can run, by name where that is free."""
    waiting, done, order = sorted(jobs, key=lambda job: job.name), set(), []
    made = {output for job in jobs for output in job.outputs}
    while waiting:
        ready = next(job for job in waiting if all(i in done or i not in made for i in job.inputs))
        waiting.remove(ready)
        order.append(ready)
        done |= set(ready.outputs)
    return order


def needed_by(jobs: list[Job], rule: str) -> list[Job]:
    """The jobs of a rule and all that come before them."""
    wanted, found = set(), []
    for job in reversed(jobs):
        if job.rule == rule or wanted & set(job.outputs):
            wanted |= set(job.inputs)
            found.append(job)
    return found[::-1]


def files(results: Path) -> set[str]:
    """Names of all result files below a results folder."""
    found = set()
    for folder, _, names in os.walk(results):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), results)
            if not path.startswith(NO_RESULT) and not any(part.startswith(TEMPORARY) for part in Path(path).parts):
                found.add(path)
    return found


def contents(results: Path, names: set[str] | None = None) -> dict[str, bytes]:
    """Result files by name, without what says when they were made."""
    found = {}
    for name in sorted(files(results) if names is None else files(results) & names):
        data = (results / name).read_bytes()
        if name.endswith("report.html"):
            data = re.sub(rb'<time id="made"[^\n]*', b"", data)
        if name == "settings.json":
            data = _without_times(data)
        found[name] = data
    return found


def _without_times(data: bytes) -> bytes:
    try:
        value = json.loads(data)
    except ValueError:
        return data
    return json.dumps(value, sort_keys=True).encode()


def _below(name: str, tops: set[str]) -> bool:
    return name in tops or any(str(parent) in tops for parent in Path(name).parents)


def temporary_folder() -> Path:
    """Where faults are done."""
    return Path(tempfile.mkdtemp(prefix="camtrap-faults-"))
