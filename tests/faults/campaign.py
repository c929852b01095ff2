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


def run(wanted: list[str], folder: Path, reference: Survey | None = None, workers: int = 2, say=print) -> list[Record]:
    """Do the faults, several at once, and return what became of them in the order of ``wanted``."""
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
                say(str(record), flush=True)
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


def _stop(number: int, frame: object) -> None:
    sys.exit(128 + number)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snakemake", type=int, default=200, help="faults through snakemake")
    parser.add_argument("--stages", type=int, default=2000, help="faults by stage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[], metavar="SEED", help="these faults again")
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
    try:
        records = run(wanted, folder, reference, values.workers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(show(records))
    bad = [record for record in records if not record.is_good]
    result = {
        "seed": values.seed,
        "minutes": round((time.monotonic() - begin) / 60, 1),
        "faults": table(records),
        "with a traceback": sum(record.traceback for record in records),
        "neither survived nor said": [record.as_dict() for record in bad],
    }
    if not values.only:
        values.out.parent.mkdir(parents=True, exist_ok=True)
        values.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if bad or len(records) < len(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
