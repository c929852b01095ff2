"""What a person sees while a survey is worked through: a line per stage with pictures done, of how many, and the time left."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["RUN", "Progress", "last_line", "left"]

# Rules whose jobs have a shard each, in words; all others are called by their name.
WORDS = {
    "index": "read",
    "detect": "find animals",
    "crop": "crop",
    "embed": "describe crops",
    "collect": "collect",
    "sheets": "contact sheets",
    "project": "map",
    "represent": "representatives",
    "seeds": "other seeds",
}

# The rule that does nothing but ask for all others.
TARGET = "all"


def left(seconds: float) -> str:
    """A time that remains, in words: ``40 s``, ``3 min``, ``2.5 h``, ``3.1 days``."""
    for unit, size in (("days", 86400), ("h", 3600)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def last_line(log: str | Path) -> str:
    """What a failed job's log says, as one line: the last one before a traceback; "" where it says nothing."""
    try:
        lines = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    if "Traceback (most recent call last):" in lines:
        said = lines[: lines.index("Traceback (most recent call last):")]
        lines = said if any(line.strip() for line in said) else lines[-1:]
    lines = [line.strip() for line in lines if line.strip()]
    return lines[-1] if lines else ""


@dataclass
class Stage:
    """A rule's jobs in this run: how many pictures (or jobs) there are to do, and how many are done."""

    total: int = 0
    done: int = 0
    jobs: int = 0
    jobs_done: int = 0
    started: float | None = None


@dataclass
class Progress:
    """How far each stage is. Every method returns the lines to show; ``clock`` gives seconds."""

    clock: Callable[[], float] = time.monotonic
    sizes: Mapping[str, int] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    running: dict[int, tuple[str, str]] = field(default_factory=dict)
    failed: dict[tuple[str, str], None] = field(default_factory=dict)

    def expect(self, jobs: Iterable[tuple[str, str]], sizes: Mapping[str, int]) -> None:
        """Say what will be done.

        Parameters
        ----------
        jobs : iterable of (rule, shard)
            The shard is "" where a job has none.
        sizes : mapping
            Pictures of each shard.
        """
        self.sizes = sizes
        for rule, shard in jobs:
            stage = self.stages.setdefault(rule, Stage())
            stage.total += sizes.get(shard, 1)
            stage.jobs += 1

    def start(self, job: int, rule: str, shard: str = "") -> None:
        """A job begins."""
        self.running[job] = (rule, shard)
        stage = self.stages.setdefault(rule, Stage())
        if stage.started is None:
            stage.started = self.clock()

    def finish(self, job: int) -> list[str]:
        """A job ends well: the stage's line, once it has no more jobs."""
        if job not in self.running:
            return []
        rule, shard = self.running.pop(job)
        self.failed.pop((rule, shard), None)  # it was tried again
        stage = self.stages[rule]
        stage.jobs_done += 1
        stage.done += self.sizes.get(shard, 1)
        if stage.jobs_done < stage.jobs or rule == TARGET:
            return []
        took = self.clock() - (stage.started or 0.0)
        return [f"{self._name(rule)}{self._amount(rule, stage.done)}, {left(took)}"]

    def fail(self, job: int, rule: str, logs: Sequence[str]) -> list[str]:
        """A job ends badly: which, why (by the first of its logs that says something), and where its log is."""
        _, shard = self.running.pop(job, (rule, ""))
        self.failed[rule, shard] = None
        said = next(filter(None, map(last_line, logs)), "it said nothing (was it killed?)")
        lines = [f"FAILED: {WORDS.get(rule, rule)}{f' of {shard}' if shard else ''}: {said}"]
        return [*lines, *(f"        log: {log}" for log in logs[:1])]

    def unfinished(self) -> list[str]:
        """The run ends, and not all is done: which stages failed, since then others may have filled the screen."""
        failed = ", ".join(dict.fromkeys(WORDS.get(rule, rule) for rule, _ in self.failed))
        again = "the same command goes on where it was"
        return [f"not finished: FAILED above ({failed}); {again}" if failed else f"not finished; {again}"]

    def status(self) -> list[str]:
        """A line for each stage at work: how much of it is done, and how long the rest takes."""
        lines = []
        for rule in dict.fromkeys(rule for rule, _ in self.running.values() if rule != TARGET):
            stage = self.stages[rule]
            text = f"{self._name(rule)}{stage.done:,} of{self._amount(rule, max(stage.total, stage.done))}"
            if stage.done and stage.started is not None and stage.total > stage.done:
                rate = stage.done / max(self.clock() - stage.started, 1e-9)
                text += f", {left((stage.total - stage.done) / rate)} left"
            lines.append(text)
        return lines

    def _name(self, rule: str) -> str:
        return f"{WORDS.get(rule, rule.replace('_', ' ')):<20}"

    def _amount(self, rule: str, number: int) -> str:
        stage = self.stages[rule]
        if stage.total > stage.jobs:
            return f" {number:,} picture{'s' * (number != 1)}"
        return f" {number:,} job{'s' * (number != 1)}" if stage.jobs > 1 else " done" if stage.jobs_done else " 1 job"


# Of the main process: the workflow says what is expected, the logger what happens.
RUN = Progress()
