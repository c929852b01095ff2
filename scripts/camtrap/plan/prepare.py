"""What the Snakefile asks when it is parsed: which shards there are, in the main process and in its jobs.

The main process looks for new pictures and tells its jobs, in an environment variable, how much of the plan belongs to
this run: what is planned meanwhile cannot reach a job that waits in a queue.
"""

import hashlib
import json
import os
import sys
from collections.abc import Sized
from dataclasses import dataclass, field
from pathlib import Path

from camtrap.core.errors import DamageError, PlanError
from camtrap.core.files import read_json, write_json, write_text
from camtrap.core.hashes import file_hash
from camtrap.core.lock import Lock
from camtrap.core.paths import Roots
from camtrap.plan.ledger import Outcome, Plan
from camtrap.plan.shards import LONGEST, slug

__all__ = ["Prepared", "model_key", "prepare", "say"]

VARIABLE = "CAMTRAP_PLAN"
PLANNING = "planning"
# Seconds to wait for another process that only looks for new pictures (a dry run, say).
PATIENCE = 60


@dataclass
class Prepared:
    """The part of the plan that belongs to this run."""

    shards: list[str] = field(default_factory=list)
    n_pictures: int = 0
    removed: str = "removed.tsv"
    hashes: Path | None = None
    plan: Plan | None = None
    outcome: Outcome | None = None
    lock: Lock | None = None
    sizes: dict[str, int] = field(default_factory=dict)

    def file_hash(self, path: str | None) -> str | None:
        """SHA-256 of a file that the configuration names; None for none, and for what is not a file (a model's name).

        Kept in ``plan/hashes.json`` by path, size and time, so that large weights are read once; nowhere while linting.
        """
        if not path or not os.path.isfile(path):
            return path
        status = os.stat(path)
        key = f"{os.path.abspath(path)}|{status.st_size}|{status.st_mtime_ns}"
        known = self._known_hashes()
        if key not in known:
            known[key] = file_hash(path)
            if self.hashes:
                write_json(self.hashes, {"sha256": _checksum(known), "files": known})
        return known[key]

    def _known_hashes(self) -> dict[str, str]:
        """What was hashed before; nothing where the file is damaged, or of a version that wrote no checksum."""
        if not self.hashes or not self.hashes.exists():
            return {}
        try:
            known = read_json(self.hashes)
        except DamageError:
            return {}
        files = known.get("files") if isinstance(known, dict) else None
        return files if isinstance(files, dict) and known.get("sha256") == _checksum(files) else {}

    def manifests(self) -> list[Path]:
        """Manifests of the shards of this run."""
        return [self.plan.manifest(shard) for shard in self.shards] if self.plan else []

    def passed(self) -> dict[str, int]:
        """How many files of which format were passed over; {} where nobody looked."""
        return dict(sorted(self.outcome.passed.items())) if self.outcome else {}

    def commit(self) -> None:
        """Enter the new shards into the plan for good; from here on another run is refused until this process ends."""
        if self.plan is None:
            return
        self.lock = Lock(self.plan.folder / "lock")
        if not self.lock.acquire(passing=PLANNING, patience=PATIENCE):
            raise PlanError(
                f"{self.plan.results}: another run works on these results ({self.lock.holder()}); wait for it to end"
            )
        if self.outcome is not None:
            self.plan.commit(self.outcome)
        write_text(self.plan.folder / "current", os.environ[VARIABLE])


def _checksum(known: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def model_key(config: dict) -> str:
    """Folder name of the embedder: each model's embeddings and clusters stand beside the others'."""
    model = config["embed"]["model"]
    if len(model) <= LONGEST:
        return slug(model)
    # two long names may begin alike
    return f"{slug(model)[:31]}_{hashlib.sha256(model.encode()).hexdigest()[:8]}"


def prepare(config: dict, main: bool, lint: bool = False) -> Prepared:
    """Plan (in the main process) or read the plan that the main process made (in a job).

    Raises
    ------
    PlanError
        No pictures are named or found, or a known picture changed.
    """
    plan = Plan(config["results"])
    if not main:
        return _of_this_run(plan)
    if lint:
        return Prepared()
    if config["images"] is None:
        raise PlanError("no pictures are named: add --config images=/path/to/pictures results=/path/to/results")
    try:
        outcome = _look(plan, config)
    except OSError as error:
        raise PlanError(f"{error.filename}: {error.strerror}, so that there is no planning") from None
    n_rows, n_superseded, removed = len(plan.rows()), len(plan.superseded()), _current(plan, None)[2]
    if outcome is not None:
        n_rows, n_superseded = n_rows + len(outcome.fresh), n_superseded + len(outcome.superseded)
        removed = plan.removed_file(outcome).stem
    os.environ[VARIABLE] = f"{n_rows}:{n_superseded}:{removed}"
    shards = outcome.shards if outcome is not None else plan.live()
    if not shards:
        raise PlanError(_nothing(config["images"], outcome))
    sizes = {row[0]: int(row[2]) for row in plan.rows()}
    if outcome is not None:
        sizes.update({shard.name: len(shard.rows) for shard in outcome.fresh})
    n_pictures = sum(sizes[shard] for shard in shards)
    if outcome is not None and not {"index", "all"} & set(_listed(config["plan"]["redo"])):
        _refuse_another_survey(config["images"], outcome, n_pictures)
    return Prepared(shards, n_pictures, _removed_path(plan, removed), _hashes(plan), plan, outcome, sizes=sizes)


def _refuse_another_survey(images: object, outcome: Outcome, n_pictures: int) -> None:
    """Other pictures than those of a survey are another survey's, or the same ones under another name: days of work."""
    if outcome.n_new and outcome.removed and n_pictures == outcome.n_new + len(outcome.removed):
        raise PlanError(
            f"none of the {len(outcome.removed)} pictures of these results is below {images} any more, and {outcome.n_new} others "
            "are: are images and results those of one survey? (to work through the others, write 'plan={redo: index}' after your "
            "--config)"
        )


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _look(plan: Plan, config: dict) -> Outcome | None:
    """Look for new pictures; None if the plan is to stay as it is, because of the configuration or of a run at work."""
    if config["plan"]["mode"] != "auto":
        return None
    lock = Lock(plan.folder / "lock", PLANNING)
    if not lock.acquire(passing=PLANNING, patience=PATIENCE):
        say(f"another run works on these results ({lock.holder()}); its plan is shown, new pictures are not looked for")
        return None
    try:
        plan.sweep()
        settings = config["plan"]
        outcome = plan.update(
            Roots(config["images"]), settings["shard_size"], settings["settle_seconds"], settings["changed"], say
        )
    finally:
        lock.release()
    _tell(outcome)
    return outcome


def _of_this_run(plan: Plan) -> Prepared:
    n_rows, n_superseded, removed = _current(plan, os.environ.get(VARIABLE))
    shards = set(plan.live(n_rows, n_superseded))
    known = plan.rows(n_rows)
    if len(known) < n_rows:  # onstart of a module is called by the workflow that uses it
        raise PlanError(
            f"{plan.results}: the plan of this run was not entered: a workflow that has this one as a module must call its onstart, "
            "as examples/module/Snakefile does"
        )
    rows = [row for row in known if row[0] in shards]
    return Prepared(
        [row[0] for row in rows], sum(int(row[2]) for row in rows), _removed_path(plan, removed), _hashes(plan)
    )


def _hashes(plan: Plan) -> Path:
    return plan.folder / "hashes.json"


def _current(plan: Plan, value: str | None) -> tuple[int, int, str]:
    """What belongs to this run: the environment's value says it; where a cluster drops that, the last commit."""
    if value is None:
        try:
            value = (plan.folder / "current").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            value = "0:0:"
    try:
        n_rows, n_superseded, removed = value.split(":")
        return int(n_rows), int(n_superseded), removed
    except ValueError:
        raise DamageError.of(plan.folder / "current", "not two numbers and a name") from None


def _removed_path(plan: Plan, removed: str) -> str:
    return str(Path(plan.folder) / "removed" / f"{removed}.tsv")


def _tell(outcome: Outcome) -> None:
    parts = [_number(outcome.shards, "shard")]
    if outcome.n_new:
        new = f"{outcome.n_new} new picture{'s' * (outcome.n_new != 1)}"
        parts.append(f"{new} in {_number(outcome.fresh, 'new shard')}")
    if outcome.superseded:
        parts.append(f"{_number(outcome.superseded, 'shard')} superseded")
    if outcome.removed:
        parts.append(f"{_number(outcome.removed, 'picture')} gone from the disk")
    if outcome.passed:
        parts.append(_passed(outcome))
    say(", ".join(parts) + _waiting(outcome))


def _number(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) != 1)}"


def say(text: str) -> None:
    """A line about the plan, for the user at the terminal."""
    print(f"plan: {text}", file=sys.stderr, flush=True)


def _nothing(images: object, outcome: Outcome | None) -> str:
    """Why there is no shard: what was just copied is not "no pictures"."""
    if outcome is not None and outcome.unsettled:
        return (
            "wait a minute, or set plan.settle_seconds: "
            f"all {outcome.unsettled} files are younger than that and may still be copied "
            "(if nothing is being copied, add --config 'plan={settle_seconds: 0}')"
        )
    passed = f" ({_passed(outcome)}: convert them to JPEG)" if outcome is not None and outcome.passed else ""
    return f"no pictures or videos found below {images}{passed}"


def _passed(outcome: Outcome) -> str:
    return "passed over: " + ", ".join(f"{number} {kind}" for kind, number in sorted(outcome.passed.items()))


def _waiting(outcome: Outcome | None) -> str:
    if outcome is None or not outcome.unsettled:
        return ""
    return (
        f" ({outcome.unsettled} files are younger than plan.settle_seconds and wait for the next run: wait a minute and give the "
        "command again; if nothing is being copied, add --config 'plan={settle_seconds: 0}')"
    )
