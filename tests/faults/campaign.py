"""``make faults N=200 STAGES=2000 SEED=1``: faults at random, and what became of each. Writes ``build/faults.json``.

A fault is known by its seed (``1.snakemake.7``, ``1.stage.12``): what is done, where and when. ``--only 1.stage.12``
does one again. Moments are counted in jobs and parts of a stage's time, so that they mean the same on another machine.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import forks
import stages
import workflow
from survey import Survey, contents, make_reference, open_reference, temporary_folder
from verdict import OUTCOMES, Record


def seeds(n_workflow: int, n_stages: int, seed: int) -> list[str]:
    """The seeds of a campaign."""
    return [f"{seed}.snakemake.{i}" for i in range(n_workflow)] + [f"{seed}.stage.{i}" for i in range(n_stages)]


def run(
    wanted: list[str], folder: Path, reference: Survey | None = None, workers: int = 2, keep=lambda record: None
) -> list[Record]:
    """Do the faults, several at once, and return what became of them in the order of ``wanted``; each is given to ``keep`` at once."""
    folder.mkdir(parents=True, exist_ok=True)
    reference = reference or make_reference(folder / "reference")
    expected = contents(reference.results)
    seconds = {}
    if any(".stage." in seed for seed in wanted):
        seconds = forks.preload(reference, folder / "preload")
        shutil.rmtree(folder / "preload")
    records: dict[str, Record] = {}
    pids, read, write = [], *os.pipe()
    for worker in range(workers):
        pid = os.fork()
        if pid == 0:
            os.close(read)
            _work(wanted[worker::workers], folder / f"worker{worker}", reference, expected, seconds, write)
        pids.append(pid)
    os.close(write)
    try:
        with os.fdopen(read, encoding="utf-8") as lines:
            for line in lines:
                record = Record(**json.loads(line))
                records[record.seed] = record
                print(record, flush=True)
                keep(record)
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
    return [records[seed] for seed in wanted if seed in records]


def _work(wanted: list[str], folder: Path, reference: Survey, expected: dict, seconds: dict, write: int) -> None:
    try:
        stage = stages.Stage(reference, expected, folder / "stage", seconds)
        for seed in wanted:
            if ".stage." in seed:
                record = stages.one(stage, seed)
            else:
                folder.mkdir(exist_ok=True)
                record = workflow.one(reference, expected, folder / "survey", seed)
            os.write(write, (json.dumps(record.as_dict()) + "\n").encode())
        os._exit(0)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)


def table(records: list[Record]) -> dict[str, dict[str, dict[str, int]]]:
    """Per level and kind: how many faults came to which outcome."""
    found: dict[str, dict[str, Counter]] = {}
    for record in records:
        for kind in (record.kind, "all"):
            found.setdefault(record.level, {}).setdefault(kind, Counter())[record.outcome] += 1
    return {level: {kind: dict(counts) for kind, counts in sorted(kinds.items())} for level, kinds in found.items()}


def show(records: list[Record]) -> str:
    """The table as text."""
    lines = []
    for level, kinds in table(records).items():
        lines.append(f"{level:<16} {'n':>5} " + " ".join(f"{outcome:>9}" for outcome in OUTCOMES))
        for kind, counts in kinds.items():
            row = " ".join(f"{counts.get(outcome, 0):>9}" for outcome in OUTCOMES)
            lines.append(f"{kind:<16} {sum(counts.values()):>5} {row}")
    return "\n".join(lines)


def read_kept(file: Path) -> dict[str, Record]:
    """The records of a campaign that was stopped, by their seeds; the last of a seed counts, a torn last line does not."""
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        with contextlib.suppress(json.JSONDecodeError):
            record = Record(**json.loads(line))
            found[record.seed] = record
    return found


def _commit() -> str:
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()


def _stop(number: int, frame: object) -> None:
    sys.exit(128 + number)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snakemake", type=int, default=200, help="faults through snakemake")
    parser.add_argument("--stages", type=int, default=2000, help="faults by stage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[], metavar="SEED", help="these faults again")
    parser.add_argument("--go-on", action="store_true", help="not those again that are kept beside --out")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("build/faults.json"))
    parser.add_argument("--reference", type=Path, help="folder of the undisturbed run; made if it is not there")
    values = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    folder = temporary_folder()
    reference = None
    if values.reference:
        made = (values.reference / "jobs").is_dir()
        reference = (open_reference if made else make_reference)(values.reference.resolve())
    begin = time.monotonic()
    wanted = values.only or seeds(values.snakemake, values.stages, values.seed)
    file, commit = values.out.with_suffix(".jsonl"), _commit()
    file.parent.mkdir(parents=True, exist_ok=True)
    if not values.go_on and not values.only:
        file.unlink(missing_ok=True)
    done = read_kept(file) if values.go_on else {}

    def keep(record: Record) -> None:
        record.commit = commit
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(record.as_dict(), ensure_ascii=False) + "\n")

    try:
        run([seed for seed in wanted if seed not in done], folder, reference, values.workers, keep)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    kept = read_kept(file)
    records = [kept[seed] for seed in wanted if seed in kept]
    print(show(records))
    bad = [record for record in records if not record.is_good]
    result = {
        "seed": values.seed,
        "commits": Counter(record.commit for record in records),
        "minutes": round((time.monotonic() - begin) / 60, 1),
        "faults": table(records),
        "with a traceback": sum(record.traceback for record in records),
        "neither survived nor said": [record.as_dict() for record in bad],
    }
    if not values.only:
        values.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if bad or len(records) < len(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
