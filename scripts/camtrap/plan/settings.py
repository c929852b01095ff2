"""What made these results: ``settings.json`` beside them, and what other settings would make again.

Snakemake's own record lies in the working folder and knows nothing of a copy of the results. This one goes with them. It
holds, stage by stage, the part of the configuration that changes results, the weights and the stage's version.
"""

import csv
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from camtrap.core import checksums
from camtrap.core.errors import PlanError
from camtrap.core.files import read_json, write_json

__all__ = ["PER_SHARD", "Change", "Made", "changes", "refuse", "settings_of"]

# Stages that work through every shard: hours or days. A change of theirs needs a yes; what comes after takes minutes.
PER_SHARD = {
    "index": ("reading the pictures", "index"),
    "detect": ("detection", "detections"),
    "crop": ("cropping", "crops"),
    "embed": ("describing the crops", "embeddings/{model}"),
}
WEIGHTS = "weights"


@dataclass(frozen=True)
class Change:
    """A stage whose results were made with other settings: why, how many shards there are, seconds that they took."""

    stage: str
    reasons: tuple[str, ...]
    n_shards: int = 0
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """One line: what would be made again, how long it took, and why."""
        what = PER_SHARD[self.stage][0] if self.stage in PER_SHARD else self.stage
        shards = f" of {self.n_shards} shard{'s' * (self.n_shards != 1)}" if self.stage in PER_SHARD else ""
        cost = f", {duration(self.seconds)}" if self.seconds else ""
        return f"{what}{shards}{cost}, because {'; '.join(self.reasons)}"


def duration(seconds: float) -> str:
    """About how long, in words: ``about 3 days``."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 1.5 * size or (seconds >= size and unit != "day"):
            number = round(seconds / size)
            return f"about {number} {unit}{'s' * (number != 1)}"
    return "less than a minute"


def changes(
    recorded: Mapping[str, Any], current: Mapping[str, Any], default: Callable[[str], object]
) -> dict[str, list[str]]:
    """Of each stage in both what differs, as ``detector.model was MDV5A and is MDV1000-spruce``.

    Parameters
    ----------
    recorded, current : mapping
        Stage to its settings, nested. What belongs to one embedder is a stage of its own, ``embed/resnet152``.
    default : callable
        The default of a dotted key, None where the schema has none. A setting that an older version did not know, or that
        is written down only where it is not a default, counts only where it has another value.
    """
    found: dict[str, list[str]] = {}
    for stage, new in current.items():
        if stage not in recorded:
            continue
        old, told = dict(_flat(recorded[stage])), []
        for key, value in _flat(new):
            if key not in old and "version" not in old:
                continue  # of an old survey only a part is known
            was = old[key] if key in old else default(key)
            if was != value and value != {} and not (key == WEIGHTS and value in _either(was)):
                told.append(_change(key, was, value))
        here = dict(_flat(new))
        for key, was in old.items():
            known = default(key)
            if key not in here and was != {} and known is not None and was != known:
                told.append(_change(key, was, known))
        if told:
            found[stage] = told
    return found


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner


def _either(value: object) -> list:
    """Weights may be known by several names: that of the model, and the SHA-256."""
    return value if isinstance(value, list) else [value]


def _change(key: str, was: object, now: object) -> str:
    """In words. The hash of a table that the user wrote says nothing to a person."""
    if key != WEIGHTS and (_is_hash(was) or _is_hash(now)):
        return f"{key} {'is new' if was is None else 'was left out' if now is None else 'has other contents'}"
    return f"{key} was {_word(was)} and is {_word(now)}"


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and not set(value) - set("0123456789abcdef")


def _word(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_word, value)) or "nothing"
    text = "nothing" if value is None or value == {} else str(value)
    return f"{text[:12]}…" if _is_hash(text) else text


def settings_of(results: str | os.PathLike) -> Path:
    """Where ``settings.json`` lies. One that was deleted is put back: without it the survey would count as one of an early version."""
    path = Path(results) / "settings.json"
    checksums.restore(Path(results), path)
    return path


@dataclass
class Made:
    """``settings.json`` of a results folder."""

    results: Path
    model: str
    stages: dict[str, Any] = field(default_factory=dict)
    _touched: list[tuple[Path, int, int]] = field(default_factory=list)

    @classmethod
    def read(cls, results: str | os.PathLike, model: str) -> "Made":
        """Read what made the results. Of a survey from before there was such a file, the detector is known."""
        made = cls(Path(results), model)
        if settings_of(results).exists():
            checksums.verify(made.results, [made.path])
            made.stages = read_json(made.path, "stages")["stages"]
        elif (detector := made.results / "models" / "detector.json").exists():
            known = read_json(detector, "sha256", "backend")
            # weights that were downloaded are known by the model's name, too
            names = [known["sha256"], known.get("model")]
            made.stages["detect"] = {"detector": {"backend": known["backend"]}, WEIGHTS: names}
            if known["sha256"] is None:
                del made.stages["detect"][WEIGHTS]
        return made

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.results / "settings.json"

    def compare(self, current: Mapping[str, Any], default: Callable[[str], object]) -> list[Change]:
        """The stages with results that were made with other settings than the current ones."""
        recorded = dict(self.stages)
        detector = self.results / "models" / "detector.json"
        if WEIGHTS in recorded.get("detect", {}) and detector.exists():
            names = [*_either(recorded["detect"][WEIGHTS]), read_json(detector, "sha256")["sha256"]]
            recorded["detect"] = recorded["detect"] | {WEIGHTS: names}
        found = []
        for stage, reasons in changes(recorded, current, default).items():
            name = stage.partition("/")[0]  # embed/resnet152
            if name not in PER_SHARD:
                found.append(Change(name, tuple(reasons)))
            elif n := self._n_results(name):
                found.append(Change(name, tuple(reasons), n, self._seconds(name)))
        return found

    def write(self, current: Mapping[str, Any], version: str) -> None:
        """Record the current settings; called when a run begins."""
        new = {"format": 1, "version": version, "stages": {**self.stages, **current}}
        if not self.path.exists() or read_json(self.path) != new:
            self._write(new)
        checksums.keep(self.results, self.path)
        self._touched.clear()

    def put_back(self, stages: Collection[str]) -> None:
        """Record the earlier settings of stages of which nothing was made, as what they need could not be found."""
        known = read_json(self.path, "stages")
        for stage in stages:
            if stage in self.stages:
                known["stages"][stage] = self.stages[stage]
        self._write(known)

    def _write(self, content: dict[str, Any]) -> None:
        checksums.forget(self.results, [self.path])
        write_json(self.path, content)
        checksums.record(self.results, [self.path])
        checksums.keep(self.results, self.path)

    def touch(self, stages: Collection[str], inputs: Mapping[str, Collection[str]]) -> None:
        """Make the small inputs of changed stages new, so that they run also where Snakemake has no record (a copy)."""
        now = time.time_ns()
        for stage in stages:
            for path in map(Path, inputs.get(stage, ())):
                if path.exists():
                    status = path.stat()
                    self._touched.append((path, status.st_atime_ns, status.st_mtime_ns))
                    os.utime(path, ns=(now, now))

    def restore(self) -> None:
        """Give the touched files their times back: nothing was run (a dry run, a refusal)."""
        for path, accessed, modified in self._touched:
            if path.exists():
                os.utime(path, ns=(accessed, modified))
        self._touched.clear()

    def _n_results(self, stage: str) -> int:
        folder = self.results / PER_SHARD[stage][1].format(model=self.model)
        return sum(1 for path in folder.glob("*-*-*.*") if not path.name.startswith("."))

    def _seconds(self, stage: str) -> float:
        """What the stage's jobs took, by Snakemake's benchmarks."""
        folder = self.results / "benchmarks" / stage
        total = 0.0
        for path in (folder / self.model if stage == "embed" else folder).glob("*.tsv"):
            with open(path, encoding="utf-8") as file:
                for row in csv.DictReader(file, delimiter="\t"):
                    total += float(row.get("s") or 0)
        return total


def refuse(found: list[Change], redo: Collection[str]) -> None:
    """Refuse a run that would make again what takes long, unless the configuration says yes.

    Parameters
    ----------
    found : list of Change
    redo : collection of str
        Stages that may be made again (``plan.redo``); ``all`` is all of them.

    Raises
    ------
    PlanError
        One line for each stage, and what to write.
    """
    asked = [change for change in found if change.stage in PER_SHARD and not {"all", change.stage} & set(redo)]
    if not asked:
        return
    lines = [f"  {change.line}" for change in asked]
    after = list(PER_SHARD)[min(list(PER_SHARD).index(change.stage) for change in asked) + 1 :]
    lines.append(f"  and what comes after: {', '.join([*(PER_SHARD[name][0] for name in after), 'clusters, report'])}")
    wanted = asked[0].stage if len(asked) == 1 else f"[{', '.join(change.stage for change in asked)}]"
    raise PlanError(
        "these results were made with other settings. This run would make again:\n"
        + "\n".join(lines)
        + "\nNothing was removed. Set them as they were (is a --configfile missing?), or say yes: add "
        + f"'plan={{redo: {wanted}}}' to what follows --config, or redo: {wanted} below plan: in your file"
    )
