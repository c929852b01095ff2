"""The workflow on the testbed: a copy of the repository, its shipped profile with account and partitions set, and sacct."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TESTBED = Path(__file__).with_name("testbed")
ACCOUNT = "survey"
# Nodes of a usual shape; they only pretend, so that the shipped profile's requests fit.
SHAPE = ["--cpu-nodes", "2", "--gpu-nodes", "1", "--gpus", "3", "--cpus", "8", "--mem", "32000", "--account", ACCOUNT]
FIELDS = [
    "JobIDRaw",
    "Partition",
    "NodeList",
    "State",
    "TimelimitRaw",
    "ReqMem",
    "AllocTRES",
    "Start",
    "End",
    "Comment",
]
# Not results: what a job said and how long it took, hashes (also of the report, with its time), who runs, the last run's size.
NO_RESULTS = {"logs", "benchmarks", "checksums", "plan/lock", "plan/current"}


def wait_for(condition: Callable, seconds: float, what: str):
    """Return the condition's first true value; AssertionError naming ``what`` after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"{what}: not seen within {seconds:.0f} s")


class Testbed:
    """The SLURM cluster of this machine."""

    def __init__(self, folder: Path):
        self.folder = folder

    def command(self, name: str, *arguments: str) -> str:
        """Run a command of the testbed script."""
        done = subprocess.run(
            [TESTBED, name, self.folder, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def running(self, rule: str) -> list[tuple[str, str]]:
        """(job id, node) of the running jobs of a rule or a group."""
        listed = slurm("squeue", "-h", "-t", "R", "-o", "%i|%N|%k")
        rows = [line.split("|", 2) for line in listed.splitlines()]
        return [(job, node) for job, node, comment in rows if re.match(rf"rule_{rule}(_|$)", comment)]

    def process(self, job: str, script: str) -> int | None:
        """Process id of the Python that runs a job's script."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if len(words) < 2 or b"python" not in words[0] or not words[1].endswith(f".{script}.py".encode()):
                    continue
                if f"SLURM_JOB_ID={job}\0".encode() in (entry / "environ").read_bytes():
                    return int(entry.name)
            except OSError:
                continue
        return None


def slurm(*command: str) -> str:
    """Output of a SLURM client; empty where the controller does not answer."""
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


@dataclass
class Job:
    """A row of sacct."""

    job: str
    partition: str
    node: str
    state: str
    minutes: int
    memory: str
    resources: str
    start: str
    end: str
    comment: str

    @property
    def rule(self) -> str:
        """Rule of a job, or name of its group."""
        return re.match(r"rule_(index|crop)_\1?|rule_(.*?)(_wildcards_.*)?$", self.comment).expand(r"\1\2")

    @property
    def megabytes(self) -> int:
        """Memory asked for."""
        number, unit = re.match(r"([\d.]+)([MG])", self.memory).groups()
        return round(float(number) * {"M": 1, "G": 1024}[unit])


class Run:
    """A Snakemake process, its output in a file."""

    def __init__(self, command: list[str], folder: Path, log: Path, environment: dict[str, str]):
        self.log = log
        self.began = time.monotonic()
        with open(log, "w", encoding="utf-8") as file:
            self.process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=file, env=environment)

    def end(self, expect: int | None = 0, seconds: float = 900) -> str:
        """Wait; return the output. AssertionError with its end if the exit status is not the expected one."""
        try:
            status = self.process.wait(seconds)
        finally:
            self.process.kill()
        text = self.log.read_text(encoding="utf-8")
        assert expect is None or status == expect, f"exit status {status}, {self.log}:\n{text[-6000:]}"
        return text

    def kill(self) -> None:
        """SIGKILL Snakemake alone; its jobs stay."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.began

    @property
    def jobs(self) -> list[Job]:
        """Its jobs, from the accounting."""
        name = re.search(r"SLURM run ID: (\S+)", self.log.read_text(encoding="utf-8"))
        if not name:
            return []
        listed = slurm("sacct", "-X", "-P", "-n", "--name", name[1], "-o", ",".join(FIELDS))
        rows = [line.split("|", len(FIELDS) - 1) for line in listed.splitlines()]
        return [Job(*row[:4], int(row[4] or 0), *row[5:]) for row in rows]


class Workflow:
    """A copy of the repository in which runs leave their traces, with account and partitions set as a site would."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True)
        for name in ("Snakefile", "config", "envs", "report", "rules", "scripts"):
            (folder / name).symlink_to(REPOSITORY / name)
        shutil.copytree(REPOSITORY / "profiles", folder / "profiles")
        for profile in ("slurm", "slurm-cpu"):
            path = folder / "profiles" / profile / "config.yaml"
            text = path.read_text(encoding="utf-8")
            for key, value in {"account": ACCOUNT, "cpu_partition": "cpu", "gpu_partition": "gpu"}.items():
                text = re.sub(rf"^  {key}: .*$", f"  {key}: {value}", text, flags=re.MULTILINE)
            path.write_text(text, encoding="utf-8")
        # No real GPUs here: jobs reserve one and leave it alone.
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "CAMTRAP_DEVICE": "cpu",
        }

    def start(
        self, results: Path, config: Path, *options: str, targets=(), profile: str | None = "slurm", **environment
    ) -> Run:
        """Start Snakemake with a profile (None: on this machine)."""
        where = ["--cores", "2"]
        if profile:
            # The rest of the profile stays; looks at the queue come sooner than a site would like.
            where = ["--profile", f"profiles/{profile}", "--slurm-init-seconds-before-status-checks", "4"]
        number = len(list(results.parent.glob(f"{results.name}.*.log")))
        survey = ["--configfile", config, "--config", f"results={results}"]
        return Run(
            [sys.executable, "-m", "snakemake", *where, *options, *survey, "--", *targets],
            self.folder,
            results.parent / f"{results.name}.{number}.log",
            {**self.environment, **environment},
        )


def files(results: Path) -> dict[str, bytes]:
    """All result files by path; of the report the time at which it was made is left out."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results).as_posix()
        if path.is_file() and name.split("/")[0] not in NO_RESULTS and name not in NO_RESULTS:
            content = path.read_bytes()
            if name == "report/report.html":
                content, n_times = re.subn(rb'<time id="made"[^>]*>[^<]*</time>', b"", content)
                assert n_times == 1
            found[name] = content
    return found


def assert_same(results: Path, undisturbed: Path, *folders: str) -> int:
    """Compare two folders of results (or some of the folders in them) byte for byte; return the number of files."""
    ours, theirs = (
        {name: content for name, content in files(path).items() if not folders or name.split("/")[0] in folders}
        for path in (results, undisturbed)
    )
    missing, extra = sorted(theirs.keys() - ours.keys()), sorted(ours.keys() - theirs.keys())
    differing = sorted(name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name])
    assert (missing, extra, differing) == ([], [], []), (missing, extra, differing)
    return len(ours)


def targets(results: Path, undisturbed: Path, folder: str) -> list[str]:
    """The files that an undisturbed run left in a folder of its results, as targets of a run with other results."""
    return [str(results / folder / path.name) for path in sorted((undisturbed / folder).iterdir())]
