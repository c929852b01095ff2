"""What planning costs: `python tests/bench/planning.py` plans a million files and lists the jobs of 200 and 2,000 shards.

Each measurement is a process of its own; its peak memory is that process's. The files are empty: planning reads none. Finished
surveys are made of empty results and of Snakemake's records of one shard, copied for the others, so that a dry run
compares times, parameters and inputs of every job as it does after a real run. Writes build/bench/planning.json.
"""

import argparse
import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = {
    "images": "pictures",
    "results": "results",
    "plan": {"settle_seconds": 0, "shard_size": 1},
    "detector": {"backend": "none"},
    "embed": {"model": "mobilenet_v3_small", "weights": "random"},
}
PER_SHARD = ["index/{}.parquet", "detections/{}.json", "crops/{}.parquet", "embeddings/mobilenet_v3_small/{}.parquet"]
PLAN = """
import sys
from camtrap.core.paths import Roots
from camtrap.plan.ledger import Plan
plan = Plan(sys.argv[2])
plan.sweep()
outcome = plan.update(Roots(sys.argv[1]), 1000)
plan.commit(outcome)
print(outcome.n_new)
"""
# what the project wants to stay below: seconds, and GB where given
LIMITS = {"plan_first": (60, 1), "plan_again": (20, 1), "plan_again_one_card": (20, 1)}
LIMITS |= {f"dry_run_200{kind}": (5, None) for kind in ("", "_finished", "_new_card")}
LIMITS |= {f"dry_run_2000{kind}": (30, None) for kind in ("", "_finished", "_new_card")}


def measure(command: list[str], folder: Path) -> tuple[dict[str, float], str]:
    """Run a command; return its wall time, processor time and peak memory, and what it said."""
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        said.seek(0)
        text = said.read()
    if status:
        sys.exit(text)
    figures = {"seconds": seconds, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_gb": usage.ru_maxrss / 1e6}
    return {key: round(value, 3) for key, value in figures.items()}, text


def best_of(results: list[dict[str, float]]) -> dict[str, float]:
    """The median of repeated measurements."""
    return {key: round(statistics.median(result[key] for result in results), 3) for key in results[0]}


def write_files(folder: Path, count: int, cards: int) -> None:
    """Empty pictures as cameras leave them: cards, DCIM, folders of 500."""
    for card in range(cards):
        for number in range(card * count // cards, (card + 1) * count // cards):
            if number % 500 == 0 or number == card * count // cards:
                current = folder / f"card_{card:04d}" / "DCIM" / f"{100 + number // 500 % 900}RECNX_{number // 500}"
                current.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(current, os.O_RDONLY)
            os.close(os.open(f"IMG_{number:07d}.JPG", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
            if number % 500 == 499 or number == (card + 1) * count // cards - 1:
                os.close(descriptor)


def plan(folder: Path, files: int, repeats: int) -> dict[str, dict]:
    """Plan for the first time, with nothing new, and with all pictures in one batch."""
    write_files(folder / "pictures", files, 20)
    found = {}
    for name, images in [("", folder / "pictures"), ("_one_card", folder / "root")]:
        if name:
            images.mkdir()
            (folder / "pictures").rename(images / "card")
        command = [sys.executable, "-c", PLAN, str(images), str(folder / f"results{name}")]
        first, said = measure(command, folder)
        assert int(said) == files
        again = [measure(command, folder) for _ in range(repeats)]
        assert all(int(said) == 0 for _, said in again)
        found |= {f"plan_first{name}": first, f"plan_again{name}": best_of([figures for figures, _ in again])}
    return found


def snakemake(*arguments: str) -> list[str]:
    """The command line of a survey in the working directory, one picture per shard."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", "."]
    return [*command, *arguments, "--configfile", "survey.json"]


def finish(folder: Path) -> None:
    """Make results as if all jobs had run: empty files, and Snakemake's records."""
    results, records = folder / "results", folder / ".snakemake" / "metadata"
    summary = subprocess.check_output(snakemake("--summary"), cwd=folder, text=True, stderr=subprocess.DEVNULL)
    outputs = [folder / line.split("\t")[0] for line in summary.splitlines()[1:]]
    for path in sorted(outputs, key=lambda path: path.parent == results / "report"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(exist_ok=True) if path.name in ("sheets", "figures") else path.touch()
    manifests = sorted((results / "plan" / "manifests").glob("*.tsv"))
    rows = [f"{path.stem}\t{path.stem.rpartition('-')[0].rpartition('-')[0]}\t1\t-" for path in manifests]
    (results / "plan" / "index.tsv").write_text("\n".join(["shard\tbatch\tn_images\tsha256", *rows, ""]))
    one = manifests[0].stem
    targets = [f"results/{pattern.format(one)}" for pattern in PER_SHARD]
    touch = ["--touch", "--cores", "1"]
    subprocess.run(snakemake(targets[-1], *touch, "--forceall"), cwd=folder, check=True, capture_output=True)
    for target in targets:
        record = (records / base64.b64encode(target.encode()).decode()).read_text()
        for manifest in manifests:
            name = base64.b64encode(target.replace(one, manifest.stem).encode()).decode()
            (records / name).write_text(record.replace(one, manifest.stem))
    subprocess.run(snakemake(*touch), cwd=folder, check=True, capture_output=True)


def dry_runs(folder: Path, shards: int, repeats: int) -> dict[str, dict]:
    """A dry run of a new survey, of a finished one, and of that with a new card."""
    write_files(folder / "pictures", shards, max(1, shards // 100))
    (folder / "survey.json").write_text(json.dumps(CONFIG))
    found = {}
    for name in ("", "_finished", "_new_card"):
        if name == "_finished":
            finish(folder)
        elif name == "_new_card":
            write_files(folder / "pictures" / "new", 1, 1)
        results = [measure(snakemake("--dry-run"), folder) for _ in range(repeats)]
        text = results[0][1]
        table = text.partition("\ntotal ")[0].splitlines()
        listed = sum(int(line.split()[1]) for line in table if line.startswith(("index ", "embed ")))
        assert listed == {"": 2 * shards, "_finished": 0, "_new_card": 2}[name], (
            f"{name}: {listed} jobs of index and embed\n{text}"
        )
        found[f"dry_run_{shards}{name}"] = best_of([figures for figures, _ in results])
    return found


def main() -> None:
    """Measure, print a table and write build/bench/planning.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--shards", type=int, nargs="*", default=[200, 2000])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="camtrap-bench-"))
    try:
        found = plan(folder, options.files, options.repeats)
        for shards in options.shards:
            found |= dry_runs(folder / str(shards), shards, options.repeats)
    finally:
        shutil.rmtree(folder)
    print(f"{'':28}{'seconds':>10}{'of CPU':>10}{'GB':>8}   below")
    for name, figures in found.items():
        seconds, gb = LIMITS.get(name, (None, None))
        figures |= {"limit_seconds": seconds, "limit_gb": gb}
        limits = ", ".join([f"{seconds} s"] * bool(seconds) + [f"{gb} GB"] * bool(gb))
        print(f"{name:28}{figures['seconds']:10.1f}{figures['cpu_seconds']:10.1f}{figures['peak_gb']:8.2f}   {limits}")
    out = ROOT / "build" / "bench" / "planning.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    settings = {"files": options.files, "repeats": options.repeats, "load": os.getloadavg()[0]}
    out.write_text(json.dumps({"settings": settings, "results": found}, indent=1) + "\n")
    print(f"written: {out.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
