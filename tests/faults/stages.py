"""Faults that are done to one stage, run in a process of its own on a copy of the finished survey."""

import json
import os
import resource
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import forks
from damage import damage
from survey import Job, Survey, contents
from verdict import Record, compare, names

# stages that open pictures
OPENS_PICTURES = {"index", "detect", "crop"}
# these take longest and come up less often, so that more faults fit into the time
SLOW = {"figures", "seeds", "cluster_method", "evaluate", "project", "report", "find_embedder"}


class Stage:
    """A stage, the copy of the survey it works on, and the reference."""

    def __init__(self, reference: Survey, expected: dict[str, bytes], folder: Path, seconds: dict[str, float]):
        self.reference, self.expected, self.seconds = reference, expected, seconds
        self.folder = folder

    def prepare(self, job: Job, keep_outputs: bool = False) -> Survey:
        """A copy of the survey in which this stage is to be run (again)."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        survey = Survey(self.folder, self.reference.jobs)
        for name in ("images", "results", "truth.csv", "survey.yaml"):
            source = self.reference.folder / name
            if source.is_dir():
                shutil.copytree(source, self.folder / name, ignore=shutil.ignore_patterns("benchmarks", "logs"))
            else:
                shutil.copy2(source, self.folder / name)
        if not keep_outputs:
            survey.remove([job])
        for output in job.outputs:  # as Snakemake does
            (self.folder / output).parent.mkdir(parents=True, exist_ok=True)
        return survey

    def repair(self, survey: Survey, job: Job) -> None:
        """Put back what is not the stage's own: inputs and pictures."""
        for name in ("images", "results", "truth.csv"):
            source = self.reference.folder / name
            for path in [source] if source.is_file() else sorted(source.rglob("*")):
                relative = path.relative_to(self.reference.folder)
                own = any(str(part) in job.outputs for part in [relative, *relative.parents])
                if path.is_file() and not own and "logs" not in relative.parts and "benchmarks" not in relative.parts:
                    (self.folder / relative).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, self.folder / relative)

    def run(self, survey: Survey, job: Job, record: Record, limits: Callable | None = None) -> tuple[int, str]:
        """Run the stage to its end."""
        record.runs += 1
        child = forks.start(survey, job, limits)
        code = child.wait()
        return code, self._said(child, record)

    def _said(self, child: forks.Child, record: Record) -> str:
        text = child.text()
        record.traceback |= "Traceback (most recent call last)" in text
        if lines := [line for line in text.splitlines() if line.strip()]:
            record.said.append(lines[-1][:300])
        return text

    def settle(self, survey: Survey, job: Job, record: Record) -> None:
        """After the fault: run the stage again, twice at most, and compare."""
        for _ in range(2):
            code, text = self.run(survey, job, record)
            if code == 0:
                break
        else:
            record.outcome, record.detail = "unnamed", f"fails for ever: {text[-500:]}"
            return
        record.outcome, record.detail = compare(contents(survey.results), self.expected)

    def look(self, survey: Survey, record: Record) -> bool:
        """Right after the fault: what stands under a result's name is whole."""
        found = contents(survey.results)
        torn = [name for name in found if name in self.expected and found[name] != self.expected[name]]
        if torn:
            record.outcome, record.detail = "torn", f"under its own name after the fault: {', '.join(torn[:5])}"
        return not torn


def killed(stage: Stage, job: Job, rng: Random, record: Record) -> None:
    """SIGKILL at a random moment."""
    survey = stage.prepare(job, keep_outputs=rng.random() < 0.3)
    moment = rng.random() * stage.seconds[job.name]
    record.what += f", after {moment:.3f} s of CPU"
    child = forks.start(survey, job)
    child.work(moment)
    child.signal(signal.SIGKILL)
    record.runs, code = 1, child.wait()
    record.what += " (it had ended)" if code == 0 else ""
    if stage.look(survey, record):
        stage.settle(survey, job, record)


def stopped(stage: Stage, job: Job, rng: Random, record: Record) -> None:
    """SIGSTOP at a random moment, SIGCONT, several times."""
    survey = stage.prepare(job)
    child = forks.start(survey, job)
    for _ in range(3):
        child.work(rng.random() * stage.seconds[job.name])
        child.signal(signal.SIGSTOP)
        time.sleep(0.02)
        child.signal(signal.SIGCONT)
    record.runs = 1
    if child.wait():
        record.outcome, record.detail = "unnamed", child.text()[-500:]
    else:
        record.outcome, record.detail = compare(contents(survey.results), stage.expected)


def twice_at_once(stage: Stage, job: Job, rng: Random, record: Record) -> None:
    """Two processes make the same result at the same time; one of them may be killed."""
    survey = stage.prepare(job)
    kill = rng.random() < 0.3
    children = []
    for _ in range(2):
        children.append(forks.start(survey, job))
        children[-1].work(rng.random() * stage.seconds[job.name] * 0.5)
    if kill:
        record.what += ", one killed"
        children[0].signal(signal.SIGKILL)
    record.runs, codes = 2, [child.wait() for child in children]
    if any(codes[1:] if kill else codes):
        record.detail = f"exit statuses {codes}"
    if stage.look(survey, record):
        stage.settle(survey, job, record)


def full_disk(stage: Stage, job: Job, rng: Random, record: Record) -> None:
    """No file can grow beyond a random size: what a full disk is to a writer, without a file system of its own."""
    survey = stage.prepare(job)
    largest = max(len(data) for name, data in stage.expected.items() if f"results/{name}" in _outputs(job, stage))
    limit = rng.randint(0, largest)
    record.what += f", at {limit} bytes"
    _limited(stage, survey, job, record, forks.at_most(resource.RLIMIT_FSIZE, limit))


def few_files(stage: Stage, job: Job, rng: Random, record: Record) -> None:
    """Only so many files can be open (EMFILE)."""
    survey = stage.prepare(job)
    limit = rng.randint(5, 20)
    record.what += f", {limit} files"
    _limited(stage, survey, job, record, forks.at_most(resource.RLIMIT_NOFILE, limit))


def little_memory(stage: Stage, job: Job, rng: Random, record: Record) -> None:
    """The address space ends a little above what the process has (ENOMEM, MemoryError)."""
    survey = stage.prepare(job)
    megabytes = rng.randint(1, 60)
    record.what += f", {megabytes} MB"
    _limited(stage, survey, job, record, forks.little_memory(megabytes))


def _limited(stage: Stage, survey: Survey, job: Job, record: Record, limit: Callable) -> None:
    code, _ = stage.run(survey, job, record, limit)
    if not stage.look(survey, record):
        if code == 0:
            record.outcome = "wrong"
        return
    record.what += f" (exit status {code})"
    stage.settle(survey, job, record)


def input_damaged(stage: Stage, job: Job, rng: Random, record: Record) -> None:
    """A result that the stage reads is damaged, or gone: it says so or comes to the same. (A user's own table is what it is.)"""
    survey = stage.prepare(job)
    names_ = [name for name in job.inputs if name.startswith("results/") and (survey.folder / name).is_file()]
    name = rng.choice(names_ or [""])
    if not name:
        record.outcome, record.detail = "skipped", "it reads no file"
        return
    if rng.random() < 0.15:
        (survey.folder / name).unlink()
        how = "gone"
    else:
        how = damage(survey.folder / name, rng, rng.random() < 0.5)
    record.what += f", {name}: {how}"
    code, text = stage.run(survey, job, record)
    _after_damage(stage, survey, job, record, code, text, name.removeprefix("results/"), [name])


def output_damaged(stage: Stage, job: Job, rng: Random, record: Record) -> None:
    """What stands where the result is to be is damaged, or something else: the stage replaces it."""
    survey = stage.prepare(job, keep_outputs=True)
    name = rng.choice(sorted(_outputs(job, stage)))
    record.what += f", {name}: {damage(survey.folder / name, rng)}"
    if rng.random() < 0.3:
        stray = (survey.folder / name).with_name(".tmp-elsewhere-1-" + Path(name).name)
        stray.write_bytes(b"half")
        record.what += ", beside another's temporary file"
    stage.settle(survey, job, record)


def picture_fault(stage: Stage, job: Job, rng: Random, record: Record) -> None:
    """A picture, or all of them, vanishes or changes before a stage opens it; then it is as it was."""
    survey = stage.prepare(job)
    pictures = sorted(path for path in (survey.folder / "images").rglob("*.JPG") if path.parts[-5] in job.name)
    picture = rng.choice(pictures)
    how = rng.choice(["vanishes", "is another", "grows", "is cut", "folder vanishes", "all vanish"])
    named = [picture.name]
    if how == "vanishes":
        picture.unlink()
    elif how == "is another":
        other = rng.choice([path for path in pictures if path.read_bytes() != picture.read_bytes()])
        picture.write_bytes(other.read_bytes())
    elif how == "grows":
        with open(picture, "ab") as file:
            file.write(rng.randbytes(rng.randint(1, 5000)))
    elif how == "is cut":
        os.truncate(picture, rng.randrange(picture.stat().st_size))
    else:
        gone = picture.parent if how == "folder vanishes" else survey.folder / "images"
        gone.rename(survey.folder / "away")
        named = [gone.name] if how == "all vanish" else [path.name for path in pictures if path.parent == gone]
    record.what += f", {picture.relative_to(survey.folder)} {how}"
    code, text = stage.run(survey, job, record)
    shutil.rmtree(survey.folder / "away", ignore_errors=True)
    _after_damage(stage, survey, job, record, code, text, None, named)


def _after_damage(
    stage: Stage, survey: Survey, job: Job, record: Record, code: int, text: str, damaged: str | None, named: list[str]
) -> None:
    line = names(text, *named) or (code == 0 and damaged is None and _listed_failures(survey, job, named)) or None
    ours = {name.removeprefix("results/") for name in _outputs(job, stage)}
    found = {name: data for name, data in contents(survey.results).items() if name in ours}
    expected = {name: stage.expected[name] for name in ours}
    outcome, detail = compare(found, expected) if code == 0 else ("", "")
    stage.repair(survey, job)
    stage.settle(survey, job, record)
    if record.outcome != "survived":
        record.detail = f"after the repair: {record.detail}"
    elif code == 0 and outcome != "survived":
        record.outcome, record.detail = (
            ("said", line)
            if line
            else ("wrong", f"exit status 0, {detail}; said: {record.said[0] if record.said else ''}")
        )
    elif code != 0:
        record.outcome = "said" if line else "unnamed"
        record.detail = line or f"said: {text[-300:]}"


def _outputs(job: Job, stage: Stage) -> set[str]:
    """The result files of a job (those in a folder one by one)."""
    return {
        f"results/{name}"
        for name in stage.expected
        if any(f"results/{name}" == out or f"results/{name}".startswith(f"{out}/") for out in job.outputs)
    }


def _listed_failures(survey: Survey, job: Job, named: list[str]) -> str | None:
    """What the stage's result lists as failed, if that is each of these pictures."""

    def read() -> str:
        path = survey.folder / job.outputs[0]
        if job.rule == "detect":
            return "\n".join(
                f"{i['file']}: {i['failure']}" for i in json.loads(path.read_bytes())["images"] if i.get("failure")
            )
        import pyarrow.parquet as pq

        if job.rule == "crop":
            return "\n".join(map(": ".join, json.loads(pq.read_schema(path).metadata[b"failures"])))
        rows = pq.read_table(path, columns=["path", "status", "error"]).to_pylist()
        return "\n".join(f"{row['path']}: {row['error']}" for row in rows if row["status"] == "failed")

    failures = forks.ask(read)
    return failures if all(name in failures for name in named) else None


KINDS: dict[str, tuple[Callable[[Stage, Job, Random, Record], None], int]] = {
    "killed": (killed, 30),
    "stopped": (stopped, 5),
    "twice at once": (twice_at_once, 8),
    "full disk": (full_disk, 12),
    "few files": (few_files, 4),
    "little memory": (little_memory, 4),
    "input damaged": (input_damaged, 30),
    "output damaged": (output_damaged, 7),
    "picture fault": (picture_fault, 12),
}


def one(stage: Stage, seed: str) -> Record:
    """The fault of a seed."""
    rng = Random(seed)
    kind = rng.choices(list(KINDS), [weight for _, weight in KINDS.values()])[0]
    jobs = stage.reference.jobs
    if kind == "picture fault":
        jobs = [job for job in jobs if job.rule in OPENS_PICTURES]
    job = rng.choices(jobs, [1 if job.rule in SLOW else 4 for job in jobs])[0]
    record = Record(seed, "stage", kind, what=job.name)
    begin = time.monotonic()
    try:
        KINDS[kind][0](stage, job, rng, record)
    except TimeoutError as error:
        record.outcome, record.detail = "unnamed", f"hangs: {error}"
    record.seconds = round(time.monotonic() - begin, 2)
    return record
