"""The kinds of faults that are done through ``snakemake``."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from damage import damage
from runs import Part, Situation, clean_up, descendants, prepare, scripts, send
from survey import Survey, environment, files
from verdict import Record

import psutil  # isort: skip


def kill_job(it: Situation) -> None:
    """SIGKILL for one job."""
    run = it.start()
    if it.moment(run):
        jobs = list(scripts(run.pid))
        send(jobs and [it.rng.choice(jobs)], signal.SIGKILL)
        it.record.what += f" ({len(jobs)} jobs at work)"
    it.end(run)
    it.settle()


def kill_main(it: Situation) -> None:
    """SIGKILL for the main process; its jobs go on, and the same command is given while they do."""
    run = it.start()
    if it.moment(run):
        run.kill()
    run.wait()
    it.settle()


def kill_all(it: Situation) -> None:
    """SIGKILL for all at once."""
    run = it.start()
    if it.moment(run):
        it.kill(run)
    run.wait()
    it.settle()


def interrupt(it: Situation) -> None:
    """Ctrl-C (a signal for all), once or twice, or SIGTERM for the main process."""
    run = it.start()
    how = it.rng.choice(["ctrl-c", "ctrl-c twice", "term"])
    it.record.what += f", {how}"
    if it.moment(run):
        everybody = [psutil.Process(run.pid), *descendants(run.pid)]
        send(everybody[:1] if how == "term" else everybody, signal.SIGTERM if how == "term" else signal.SIGINT)
        if how == "ctrl-c twice":
            time.sleep(0.3)
            send(everybody, signal.SIGINT)
    it.end(run)
    it.settle()


def stop_continue(it: Situation) -> None:
    """SIGSTOP for a job, the main process or all, and SIGCONT a second later."""
    run = it.start()
    if it.moment(run):
        main, jobs = [psutil.Process(run.pid)], list(scripts(run.pid))
        who = it.rng.choice([main, jobs, main + descendants(run.pid)])
        send(who, signal.SIGSTOP)
        time.sleep(it.rng.random() * 2)
        send(who, signal.SIGCONT)
    it.end(run)
    it.settle()


def two_runs(it: Situation) -> None:
    """The same command twice at once, from one working folder or from two."""
    first = it.start(number=1)
    time.sleep(it.rng.random() * 4)
    elsewhere = None
    places = []
    if it.rng.random() < 0.4:
        elsewhere = it.survey.folder / "elsewhere"
        elsewhere.mkdir()
        for name in ("images", "results", "truth.csv", "survey.yaml"):
            (it.survey.results).mkdir(exist_ok=True)
            (elsewhere / name).symlink_to(it.survey.folder / name)
        it.record.what += ", from two folders"
    second = it.start(*places, number=2, directory=elsewhere)
    codes = it.end(first), it.end(second)
    it.record.what += f", exit statuses {codes}"
    it.settle()


def job_limits(it: Situation) -> None:
    """A job gets no more memory, or no more open files."""
    run = it.start()
    limit = it.rng.choice(["--as=50000000", "--nofile=4"])
    it.record.what += f", {limit}"
    if it.moment(run):
        jobs = list(scripts(run.pid))
        for process in jobs[:1]:
            subprocess.run(["prlimit", "--pid", str(process.pid), limit], check=False, capture_output=True)
    it.end(run)
    it.settle()


def full_disk(it: Situation) -> None:
    """The file system of the results is full, from the beginning or after a while; then there is room again."""
    room = it.rng.randint(0, 2_000_000)
    if not _own_file_system(it, room):
        return
    it.record.what += f", {room} bytes of room"
    it.end(it.start())
    subprocess.run(["mount", "-o", "remount,size=1g", str(it.survey.results)], check=True)
    it.settle()


def read_only(it: Situation) -> None:
    """The results cannot be written any more after a while; then they can."""
    if not _own_file_system(it, 2**30):
        return
    run = it.start()
    if it.moment(run):
        done = subprocess.run(["mount", "-o", "remount,ro,size=1g", str(it.survey.results)], capture_output=True)
        it.record.what += " (busy: not done)" if done.returncode else ""
    it.end(run)
    subprocess.run(["mount", "-o", "remount,rw,size=1g", str(it.survey.results)], check=True)
    it.settle()


def _own_file_system(it: Situation, room: int) -> bool:
    results, aside = it.survey.results, it.survey.folder / "aside"
    results.mkdir(exist_ok=True)
    used = sum(path.stat().st_blocks * 512 for path in results.rglob("*")) + 100_000
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", str(results)]).returncode:
        it.record.outcome, it.record.detail = "skipped", "no file system can be mounted here"
        return False
    # what was there lies below the mount: it comes from the reference's copy
    subprocess.run(["umount", str(results)], check=True)
    results.rename(aside)
    results.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", str(results)], check=True)
    subprocess.run(["cp", "-a", f"{aside}/.", str(results)], check=True)
    subprocess.run(["mount", "-o", f"remount,size={used + room}", str(results)], check=True)
    shutil.rmtree(aside)
    return True


def damaged(it: Situation) -> None:
    """A random result is damaged, with or without a new time; sometimes what is made of it has to be made again."""
    name = it.rng.choice(sorted(files(it.survey.results)))
    how = damage(it.survey.results / name, it.rng, it.rng.random() < 0.5)
    it.record.what += f", {name}: {how}"
    users = [job for job in it.survey.jobs if f"results/{name}" in job.inputs]
    if users and it.rng.random() < 0.6:
        user = it.rng.choice(users)
        it.survey.remove([user])
        it.record.what += f", and {user.name} is to be done again"
    _heals(it, name)


def _heals(it: Situation, name: str) -> None:
    """The results are made whole; or the file is named, and the advice (delete it and run again) leads there."""
    code = it.end(it.start())
    if code == 0:
        it.compare(name)
        if it.record.outcome == "survived":
            return
    outcome, detail = (it.record.outcome, it.record.detail) if code == 0 else ("unnamed", it.texts[-1][-600:])
    line = it.said(name) or check(it, name)
    if line is None:
        it.record.outcome, it.record.detail = outcome, detail
        return
    _delete(it, name)
    if it.settle():
        it.record.outcome, it.record.detail = "said", line
    else:
        it.record.detail = f"deleted as advised ({line}): {it.record.detail}"


def _delete(it: Situation, name: str) -> None:
    """Delete a result; of a folder that one job makes, all of it (as the message says)."""
    made = {output for job in it.survey.jobs for output in job.outputs}
    folder = next((path for path in Path(f"results/{name}").parents if str(path) in made), None)
    if folder:
        shutil.rmtree(it.survey.folder / folder)
    else:
        (it.survey.results / name).unlink(missing_ok=True)


def check(it: Situation, name: str) -> str | None:
    """What ``make check`` says of a file."""
    done = subprocess.run(
        [sys.executable, "-m", "camtrap.check", "results"],
        cwd=it.survey.folder,
        env=environment(),
        capture_output=True,
        text=True,
        errors="replace",
    )
    it.texts.append(done.stdout + done.stderr)
    return it.said(name) if done.returncode else None


def deleted(it: Situation) -> None:
    """A random result is deleted, or a whole folder of them."""
    name = it.rng.choice(sorted(files(it.survey.results)))
    if it.rng.random() < 0.2:
        name = str(Path(name).parent) if "/" in name else name
    it.record.what += f", {name}"
    path = it.survey.results / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    it.settle()
    if it.record.outcome != "survived" and (line := it.said(name) or check(it, name)):
        _delete(it, name)
        if it.settle():
            it.record.outcome, it.record.detail = "said", line


def outage(it: Situation) -> None:
    """Pictures are away for a while: one, a folder or all; the next run finds them again.

    They go once they are planned: before that they are new ones for the next run, which come in shards of their own.
    """
    pictures = sorted((it.survey.folder / "images").rglob("*.JPG"))
    picture = it.rng.choice(pictures)
    gone = it.rng.choice([picture, picture.parent, it.survey.folder / "images"])
    it.record.what += f", {gone.relative_to(it.survey.folder)}"
    run, away = it.start(), it.survey.folder / "away"
    it.moment(run)
    while run.poll() is None and not any(it.survey.results.glob("plan/manifests/*.tsv")):
        time.sleep(0.02)
    gone.rename(away)
    it.end(run)
    if it.rng.random() < 0.3:
        it.end(it.start())  # still away
        it.record.what += ", for two runs"
    away.rename(gone)
    it.settle()


def picture_changes(it: Situation) -> None:
    """A picture is exchanged while the survey is worked through, and put back as it was, with its time."""
    pictures = sorted((it.survey.folder / "images").rglob("*.JPG"))
    picture = it.rng.choice(pictures)
    before, status = picture.read_bytes(), picture.stat()
    others = [data for data in (path.read_bytes() for path in pictures) if data != before]
    run = it.start()
    it.moment(run)
    picture.write_bytes(it.rng.choice([it.rng.choice(others), before[: len(before) // 2], b""]))
    it.record.what += f", {picture.name}"
    it.end(run)
    picture.write_bytes(before)
    os.utime(picture, ns=(status.st_atime_ns, status.st_mtime_ns))
    _or_supersede(it, picture)


def picture_grows(it: Situation) -> None:
    """A picture that is still being copied when the run begins, and is whole a moment later."""
    pictures = sorted((it.survey.folder / "images").rglob("*.JPG"))
    picture = it.rng.choice(pictures)
    before, status = picture.read_bytes(), picture.stat()
    picture.write_bytes(before[: it.rng.randrange(len(before))])
    it.record.what += f", {picture.name}"
    run = it.start()
    it.moment(run)
    picture.write_bytes(before)
    os.utime(picture, ns=(status.st_atime_ns, status.st_mtime_ns))
    it.end(run)
    _or_supersede(it, picture)


def _or_supersede(it: Situation, picture: Path) -> None:
    """The undisturbed results; or the picture is named, and superseding its shard comes to the same numbers."""
    it.texts.clear()
    if it.settle():
        return
    line = it.said(picture.name)
    if line is None:
        return
    counts = "tables/counts.json"
    code = it.end(it.start("--config", "plan={settle_seconds: 0, shard_size: 8, changed: supersede}"))
    same = code == 0 and (it.survey.results / counts).read_bytes() == it.expected[counts]
    it.record.outcome = "said" if same else "wrong"
    it.record.detail = line if same else f"superseded, and the counts differ: {it.texts[-1][-300:]}"


UNDONE = ["tables", "clusters", "report"]
# function, weight, parts of the survey at which it is done
KINDS: dict[str, tuple[Callable[[Situation], None], int, list[str]]] = {
    "kill job": (kill_job, 14, UNDONE),
    "kill main": (kill_main, 12, UNDONE),
    "kill all": (kill_all, 14, UNDONE),
    "interrupt": (interrupt, 6, UNDONE),
    "stop, continue": (stop_continue, 5, UNDONE),
    "two runs": (two_runs, 7, UNDONE),
    "job limits": (job_limits, 5, UNDONE),
    "full disk": (full_disk, 7, UNDONE),
    "read-only": (read_only, 6, UNDONE),
    "damaged": (damaged, 26, ["done"]),
    "deleted": (deleted, 14, ["done"]),
    "outage": (outage, 9, ["tables"]),
    "picture changes": (picture_changes, 7, ["tables"]),
    "picture grows": (picture_grows, 5, ["tables"]),
}


def one(reference: Survey, expected: dict[str, bytes], folder: Path, seed: str) -> Record:
    """The fault of a seed."""
    rng = Random(seed)
    kind = rng.choices(list(KINDS), [weight for _, weight, _ in KINDS.values()])[0]
    part = Part.all_of(reference)[rng.choice(KINDS[kind][2])]
    record = Record(seed, "snakemake", kind, what=part.name)
    it = prepare(reference, expected, part, folder, rng, record)
    begin = time.monotonic()
    try:
        KINDS[kind][0](it)
    except TimeoutError as error:
        record.outcome, record.detail = "unnamed", f"hangs: {error}"
    finally:
        clean_up(it)
    record.seconds = round(time.monotonic() - begin, 1)
    record.said = [line for text in it.texts for line in text.strip().splitlines()[-1:]]
    return record
