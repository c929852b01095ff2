"""`make demo`: a simulated survey, the whole pipeline on it, a third memory card, and only the new shard again."""

import argparse
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from camtrap.core.command import run
from camtrap.core.files import read_json
from camtrap.plan.ledger import Plan
from camtrap.simulate import simulate

CONFIG = "config/demo.yaml"


def snakemake(*arguments: str) -> str:
    """Run the workflow on the demo's configuration; a failure ends the demo with Snakemake's own messages."""
    command = [sys.executable, "-m", "snakemake", "--configfile", CONFIG, *arguments]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(done.stdout + f"\nfailed: {' '.join(command)}")
    return done.stdout


def jobs_of(dry_run: str, shards: list[str]) -> list[str]:
    """The lines of a dry run that announce a job of one of the shards (each job of a shard names it)."""
    named = re.compile("|".join(map(re.escape, shards)))
    return [line for line in dry_run.splitlines() if re.match(r"Job \d+:", line) and named.search(line)]


def say(text: str) -> None:
    """A line for the user, at once."""
    print(text, flush=True)


def results(folder: Path) -> None:
    """Print what the run found, from its own summary and evaluation."""
    summary = read_json(folder / "report" / "summary.json")
    counts = ", ".join(f"{number} {name}" for name, number in summary["counts"].items())
    say(f"  {summary['n_images']} pictures found = {counts}")
    say(f"  {summary['n_crops']} crops in {summary['k']} clusters")
    evaluation = read_json(next((folder / "clusters").glob("*/evaluation/evaluation.json")))
    found, kept = evaluation["pictures"]["found"], evaluation["pictures"]["kept"]
    say(f"  against the truth: AMI {evaluation['metrics']['ami']:.3f} over the detected animals")
    say(f"  {found['value']:.3f} of the pictures with animals found, {kept['value']:.3f} of the empty ones kept")


def main() -> None:
    """Run the demo below ``demo/``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", default="2")
    cores = parser.parse_args().cores
    start, demo = time.monotonic(), Path("demo")
    shutil.rmtree(demo, ignore_errors=True)
    say("Simulating a survey: 4 stations, 2 memory cards (below demo/images)")
    simulate(demo, seed=1, cards=2, pictures=400, workers=int(cores))
    say("Running the pipeline")
    snakemake("--cores", cores)
    results(demo / "results")
    old = Plan(demo / "results").live()
    say("A third memory card comes in")
    simulate(demo, seed=1, first_card=3, cards=1, pictures=200, workers=int(cores))
    listed = snakemake("--dry-run")
    again = jobs_of(listed, old)
    if again:
        sys.exit("the dry run lists jobs of old shards:\n" + "\n".join(again))
    new = len(re.findall(r"^Job \d+:", listed, re.MULTILINE))
    say(f"  a dry run lists {new} jobs, none of an old shard")
    snakemake("--cores", cores)
    results(demo / "results")
    say(f"\nDone in {time.monotonic() - start:.0f} s. The report: {demo / 'results' / 'report' / 'report.html'}")


if __name__ == "__main__":
    run(main)
