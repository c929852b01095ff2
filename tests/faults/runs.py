"""Faults that are done to a run of Snakemake; then the same command is given again."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil
from forks import ask
from survey import Job, Survey, contents, files, needed_by
from verdict import Record, compare, names

TIMEOUT = 900
# the same command is given so often at most
TRIES = 3


@dataclass
class Part:
    """A part of the survey that is run again: what it needs is there, what it makes is not."""

    name: str
    jobs: list[Job]
    kept: set[str]
    target: str | None

    @classmethod
    def all_of(cls, reference: Survey) -> dict[str, "Part"]:
        """From pictures to tables, from tables to clusters, from clusters to the report, and all that is done."""
        everything = files(reference.results)
        first = needed_by(reference.jobs, "collect")
        second = [job for job in needed_by(reference.jobs, "choose") if job not in first]
        third = [job for job in reference.jobs if job not in first + second]
        tables = next(out for job in first if job.rule == "collect" for out in job.outputs)
        choice = next(out for job in second if job.rule == "choose" for out in job.outputs)
        return {
            "tables": cls("tables", first, reference.made_by(first), tables),
            "clusters": cls("clusters", second, reference.made_by(first + second), choice),
            "report": cls("report", third, everything, None),
            "done": cls("done", [], everything, None),
        }


@dataclass
class Situation:
    """A survey in which a part is still to be done, what it comes to undisturbed, and what was said so far."""

    survey: Survey
    part: Part
    expected: dict[str, bytes]
    rng: Random
    record: Record
    texts: list[str] = field(default_factory=list)

    @property
    def target(self) -> list[str]:
        return [self.part.target] if self.part.target else []

    def start(self, *arguments: str, number: int = 0, directory: Path | None = None) -> subprocess.Popen:
        """Give the command."""
        self.record.runs += 1
        out = self.survey.folder / f"said-{self.record.runs}-{number}.txt"
        run = self.survey.start(*self.target, *arguments, directory=directory, out=out)
        run.out = out
        run.began = time.time()
        return run

    def end(self, run: subprocess.Popen, seconds: float = TIMEOUT) -> int:
        """Wait for its end, and for that of the jobs that it leaves behind."""
        try:
            code = run.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill(run)
            raise TimeoutError(f"no end after {seconds} s: {run.out.read_text(errors='replace')[-300:]}") from None
        text = run.out.read_text(errors="replace")
        self.record.traceback |= "Traceback (most recent call last)" in text
        self.texts.append(text)
        return code

    def kill(self, run: subprocess.Popen) -> None:
        """SIGKILL for the main process and all its jobs."""
        for process in [*descendants(run.pid), psutil.Process(run.pid)] if run.poll() is None else []:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        run.wait()

    def moment(self, run: subprocess.Popen) -> bool:
        """Wait until so many jobs have begun, and a little longer; False if the run ended before."""
        jobs = self.rng.randint(0, max(0, len(self.part.jobs) - 1))
        delay = self.rng.random() * (3 if jobs == 0 else 1.5)
        self.record.what += f", {delay:.2f} s after job {jobs} of {len(self.part.jobs)}"
        end = time.monotonic() + TIMEOUT
        while run.poll() is None and self._begun(run) < jobs and time.monotonic() < end:
            time.sleep(0.05)
        try:
            run.wait(delay)
        except subprocess.TimeoutExpired:
            return True
        self.record.what += " (it had ended)"
        return False

    def _begun(self, run: subprocess.Popen) -> int:
        logs = (self.survey.folder / job.log for job in self.part.jobs)
        return sum(log.exists() and log.stat().st_mtime >= run.began - 0.01 for log in logs)

    def settle(self, tries: int = TRIES) -> bool:
        """Give the same command again until it ends well; True if the results then are the undisturbed run's."""
        code = 1
        for _ in range(tries):
            code = self.end(self.start())
            if code == 0:
                break
        if code:
            self.record.outcome = "unnamed"
            self.record.detail = f"fails {tries} times: {self.texts[-1][-600:]}"
            return False
        self.compare()
        return self.record.outcome == "survived"

    def compare(self, damaged: str | None = None) -> None:
        """Compare the results with the undisturbed run's."""
        found = contents(self.survey.results, self.part.kept | (files(self.survey.results) - self.expected.keys()))
        expected = {name: self.expected[name] for name in self.part.kept}
        if "plan/superseded.tsv" in found:  # a shard was looked at again under another name
            found, expected = without_shards(found), without_shards(expected)
        self.record.outcome, self.record.detail = compare(found, expected, damaged)

    def said(self, *named: str) -> str | None:
        """The line in which one of these files was named."""
        for text in self.texts:
            if line := names(text, *named):
                return line
        return None


def without_shards(results: dict[str, bytes]) -> dict[str, bytes]:
    """Results without the files of shards, and tables without the columns that name them."""

    def tables() -> str:
        import pyarrow as pa
        import pyarrow.parquet as pq

        texts = {}
        for name in ("tables/images.parquet", "tables/crops.parquet"):
            table = pq.read_table(pa.BufferReader(results[name]))
            texts[name] = repr(table.drop_columns([c for c in ("shard", "row") if c in table.column_names]).to_pylist())
        return json.dumps(texts)

    of_shards = ("plan/", "index/", "detections/", "crops/", "embeddings/")
    plain = {name: data for name, data in results.items() if not name.startswith(of_shards)}
    return plain | {name: text.encode() for name, text in json.loads(ask(tables)).items()}


def descendants(pid: int) -> list[psutil.Process]:
    """The processes that a run started, oldest first."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def scripts(pid: int) -> Iterator[psutil.Process]:
    """The jobs of a run."""
    for process in descendants(pid):
        try:
            if any(".snakemake/scripts" in word for word in process.cmdline()) and process.name() != "sh":
                yield process
        except psutil.Error:
            continue


def send(processes: list[psutil.Process], number: int) -> None:
    """A signal for each that is still there."""
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def orphans(folder: Path) -> list[psutil.Process]:
    """Processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(folder)):
                found.append(process)
        except psutil.Error:
            continue
    return found


def prepare(reference: Survey, expected: dict[str, bytes], part: Part, folder: Path, rng: Random, record: Record):
    """A copy of the reference in which a part is still to be done."""
    survey = reference.copy(folder)
    if part.name == "tables":
        shutil.rmtree(survey.results)
        shutil.rmtree(survey.folder / ".snakemake")
    elif part.name != "done":
        everything = Part.all_of(reference)
        later = everything["report"].jobs if part.name == "clusters" else []
        survey.remove(part.jobs + later)
    return Situation(survey, part, expected, rng, record)


def clean_up(situation: Situation) -> None:
    """End what is left of a fault and remove its folder."""
    folder = situation.survey.folder
    for process in orphans(folder):
        if process.pid != os.getpid():
            send([process], signal.SIGCONT)
            send([process], signal.SIGKILL)
    if os.path.ismount(situation.survey.results):
        subprocess.run(["umount", "-l", str(situation.survey.results)], check=False)
    shutil.rmtree(folder, ignore_errors=True)
