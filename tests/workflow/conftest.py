"""A tiny survey that was run once, to be copied and changed; and what a dry run of Snakemake says of it."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import forked
import numpy as np
import pytest
import yaml
from PIL import Image

REPO = Path(__file__).resolve().parents[2]
SHARD = re.compile(r"[A-Za-z0-9_]+-[0-9]{5}-[0-9a-f]{8}")
CONFIG = {
    "images": "pictures",
    "results": "results",
    # what is made again is what the tests look at; test_guard.py tests that it needs a yes
    "plan": {"settle_seconds": 0, "redo": "all"},
    "detector": {"backend": "none"},
    "embed": {"model": "mobilenet_v3_small", "weights": "random", "image_size": 32},
    "cluster": {
        "k": "2-3",
        "sweeps": ["kmeans", "gmm"],
        "methods": ["leiden"],
        "project": {"methods": ["tsne"], "iterations": 20},
    },
    "evaluate": {"seeds": 1},
    "export": {"figures": False, "tables": False},  # they have tests of their own
}


@dataclass
class Jobs:
    """What a dry run lists: jobs by rule, and the shards named by the jobs of each kind (a kind is a job's message)."""

    text: str
    rules: Counter = field(default_factory=Counter)
    shards: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "Jobs":
        jobs = cls(text)
        table = re.search(r"^job +count\n[- ]+\n(.*?)^total ", text, re.MULTILINE | re.DOTALL)
        if table is None:
            assert "Nothing to be done" in text, text
            return jobs
        jobs.rules.update({rule: int(count) for rule, count in map(str.split, table[1].splitlines())})
        del jobs.rules["all"]
        for message in re.findall(r"^Job \d+: (.*)$", text, re.MULTILINE):
            for shard in SHARD.findall(message):
                jobs.shards.setdefault(SHARD.sub("", message), set()).add(shard)
        return jobs


class Survey:
    """A folder with ``pictures``, ``results``, the configuration and Snakemake's own records."""

    cache: Path

    def __init__(self, folder: Path, workflow: Path = REPO):
        self.folder, self.workflow = folder, workflow
        self.pictures, self.results = folder / "pictures", folder / "results"
        self.settings: dict = {}

    def command(self, *arguments: str) -> list[str]:
        """The command line; ``settings`` go before the survey's own configuration."""
        (self.folder / "changed.yaml").write_text(yaml.safe_dump(self.settings))
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(self.workflow / "Snakefile")]
        configuration = ["--configfile", "survey.yaml", "changed.yaml"]
        return [*command, "--directory", str(self.folder), *arguments, *configuration]

    def environment(self, **more: str) -> dict[str, str]:
        """That of the tests, without what would change a run."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("CAMTRAP", "SLURM"))}
        return clean | {"CAMTRAP_CACHE": str(self.cache)} | more

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        """Start Snakemake and do not wait for it."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(**environment),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def snakemake(self, *arguments: str, fails: bool = False, **environment: str) -> str:
        """Run Snakemake to its end and return what it says."""
        python, module, name, *rest = self.command(*arguments)
        assert [python, module, name] == [sys.executable, "-m", "snakemake"]
        code, text = forked.snakemake(rest, self.folder, self.environment(**environment))
        assert bool(code) == fails, text
        return text

    def dry_run(self, *arguments: str) -> Jobs:
        """The jobs of a dry run; printed, so that `pytest -rP` shows the table of job sets."""
        jobs = Jobs.of(self.snakemake("--dry-run", *arguments))
        print("jobs:", ", ".join(f"{count} {rule}" for rule, count in sorted(jobs.rules.items())) or "none")
        return jobs

    def run(self, *arguments: str) -> str:
        """A real run."""
        return self.snakemake("--cores", "2", *arguments)

    def picture(self, path: str, number: int, size: tuple[int, int] = (64, 48)) -> None:
        """Write a small picture (width, height); another number is another picture."""
        file = self.pictures / path
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 60, (size[1], size[0], 3))
        noise[:, :, number % 3] += 120
        Image.fromarray(noise.astype(np.uint8)).save(file, quality=90)

    def shards(self, batch: str = "") -> list[str]:
        """Committed shards, of a batch."""
        rows = (self.results / "plan" / "index.tsv").read_text().splitlines()[1:]
        return [row.split("\t")[0] for row in rows if row.startswith(batch)]


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """Two memory cards of six pictures, worked through; made once, whatever the number of test processes."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder, Survey.cache = shared / "finished-survey", shared / "cache"
    with open(shared / "finished-survey.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            survey = Survey(folder)
            for number in range(12):
                survey.picture(f"card{number // 6 + 1}/north/{number % 6}.jpg", number)
            (folder / "survey.yaml").write_text(yaml.safe_dump(CONFIG))
            survey.run()
            (folder / "done").touch()
    return folder


@pytest.fixture
def survey(finished, tmp_path) -> Survey:
    """The finished survey, to be changed."""
    folder = tmp_path / "survey"
    subprocess.run(["cp", "-a", str(finished), str(folder)], check=True)
    return Survey(folder)


@pytest.fixture
def clone(tmp_path) -> Path:
    """The workflow's own files, checked out anew: all of them younger than any result."""
    folder = tmp_path / "clone"
    for name in ("rules", "scripts", "config", "envs", "profiles", "report"):
        shutil.copytree(
            REPO / name, folder / name, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copyfile(REPO / "Snakefile", folder / "Snakefile")
    return folder
