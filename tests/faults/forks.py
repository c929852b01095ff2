"""A stage in a process of its own within milliseconds: a parent that has imported everything forks once per stage.

The child runs what Snakemake ran: the script with the pickled job before it, in another copy of the survey.
"""

import contextlib
import importlib
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
from survey import REPO, Job, Survey

TIMEOUT = 900  # of a machine that does much else


@dataclass
class Child:
    """A stage at work."""

    pid: int
    log: Path
    said: Path
    started: float

    def wait(self, seconds: float = TIMEOUT) -> int:
        """The exit status (negative: the signal); a stage that hangs is killed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        self.signal(signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise TimeoutError(f"{self.log}: not ended after {seconds} s")

    def work(self, seconds: float) -> None:
        """Wait until the stage has used so many seconds of a CPU (a busy machine's clock says little), or has ended."""
        hertz, end = os.sysconf("SC_CLK_TCK"), time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            if stat[0] == "Z" or (int(stat[11]) + int(stat[12])) / hertz >= seconds:
                return
            time.sleep(0.002)

    def signal(self, number: int) -> None:
        """Send a signal to the stage and what it started."""
        os.killpg(self.pid, number)

    def text(self) -> str:
        """What the stage said, in its log and beside it."""
        parts = [path.read_text(errors="replace") for path in (self.said, self.log) if path.exists()]
        return "\n".join(parts)


def start(survey: Survey, job: Job, limits: Callable[[], None] | None = None) -> Child:
    """Run a stage in a forked process; ``limits`` is called in it before the stage begins."""
    said = survey.folder / f"said-{time.monotonic_ns()}.txt"
    log = survey.folder / job.log
    log.unlink(missing_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _child(survey.folder, job, said, limits)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.setpgid(pid, pid)  # by both: whoever comes first
    return Child(pid, log, said, time.monotonic())


def _child(folder: Path, job: Job, said: Path, limits: Callable[[], None] | None) -> None:
    code = 1
    try:
        os.setpgid(0, 0)
        os.chdir(folder)
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        source = compile(job.script.read_bytes(), str(job.script), "exec")
        if limits:
            limits()
        exec(source, {"__name__": "__main__", "__file__": str(job.script)})
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1
    except BaseException:
        try:
            traceback.print_exc()
        except BaseException:
            code = 2
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def ask(function: Callable[[], str]) -> str:
    """What a function says in a process of its own: libraries' threads must not begin in the one that forks."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(write, function().encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return text


def preload(reference: Survey, folder: Path) -> dict[str, float]:
    """Run each stage twice: the first time to import here what it imports, the second time for its seconds of a CPU."""
    os.environ["PYTHONPATH"] = str(REPO / "scripts")
    importlib.import_module("snakemake.script")
    cv2.setNumThreads(1)  # a child that inherits OpenCV's threads and asks for another number waits for them for ever
    survey = reference.copy(folder)
    seconds = {}
    for job in reference.jobs:
        modules = folder / "modules.txt"
        child = start(survey, job, limits=lambda path=modules: _tell_modules(path))
        if child.wait():
            raise SystemExit(f"{job.name} fails undisturbed:\n{child.text()}")
        for name in modules.read_text().split("\n"):
            if name not in sys.modules:
                try:
                    importlib.import_module(name)
                except Exception:
                    continue
        begin = os.times()
        start(survey, job).wait()
        end = os.times()
        seconds[job.name] = end.children_user + end.children_system - begin.children_user - begin.children_system
    return seconds


def _tell_modules(path: Path) -> None:
    """At the end of this process write which modules it has."""
    leave = os._exit

    def tell(code: int) -> None:
        path.write_text("\n".join(list(sys.modules)))
        leave(code)

    os._exit = tell


def at_most(kind: int, value: int) -> Callable[[], None]:
    """A limit for a child (``resource.RLIMIT_FSIZE`` and its like)."""
    return lambda: resource.setrlimit(kind, (value, value))


def little_memory(megabytes: int) -> Callable[[], None]:
    """So much address space more than the child has at its beginning."""

    def limit() -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        size = pages * os.sysconf("SC_PAGE_SIZE") + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (size, size))

    return limit
