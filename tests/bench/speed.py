"""How fast the stages are beside the seeds' ways and `megadetector`'s own loop (`make bench`).

Everything is timed interleaved after a warm-up, each way in a process of its own: a round calls each way once. Networks
have random weights and are loaded before the clock starts, on both sides. A GPU is used, on both sides, where torch sees
one. Prints a table and writes build/bench/speed.json (each ratio: ratio of medians, least and greatest ratio of a round,
part of the machine's limit) and build/bench/speed-details.json.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
os.environ.setdefault("YOLOv5_AUTOINSTALL", "false")

import material  # noqa: E402
import speed_crops  # noqa: E402
import speed_detect  # noqa: E402
import speed_profile  # noqa: E402
import timing  # noqa: E402
from ways import CROP, Ours  # noqa: E402

# in this order: the last two take times and networks that those before them have made
PARTS = {
    part.__name__: part
    for part in (
        *(speed_crops.crop, speed_crops.index, speed_crops.embed, speed_crops.originals, speed_crops.folders),
        *(speed_detect.detect, speed_detect.smaller, speed_detect.end_to_end, speed_profile.profile),
    )
}


class Bench:
    """What the parts share; each adds its ratios to ``ratios`` and what else it found to ``details``."""

    def __init__(self, folder: Path, threads: int, repeats: int, size: float, device: str):
        self.folder, self.threads, self.repeats, self.size, self.device = folder, threads, repeats, size, device
        self.images = folder / "images"
        self.ours = Ours(folder, self.images, device)
        self.ratios: dict[str, dict] = {}
        self.details: dict[str, object] = {}
        self.seconds: dict[str, float] = {}
        self.peak = {n: timing.matrix_peak(n, device) for n in sorted({1, threads})}
        self.details["matrix_peak_gflops"] = {n: peak / 1e9 for n, peak in self.peak.items()}
        self.small = material.pictures(self.images, 2, 8)

    def count(self, number: int) -> int:
        """A number of pictures or crops, scaled by the size asked for."""
        return max(4, round(number * self.size))

    def time(self, ways: dict, items: int) -> dict[str, list[float]]:
        """Time some ways, tell and keep seconds an item."""
        seconds = timing.interleaved(ways, self.repeats)
        for name, values in seconds.items():
            self.seconds[name] = statistics.median(values) / items
            low, high = min(values) / items, max(values) / items
            self.details[f"{name}: seconds an item"] = [self.seconds[name], low, high]
            print(f"  {name:<46} {1 / self.seconds[name]:8.2f}/s   ({1 / high:.2f} to {1 / low:.2f})", flush=True)
        return seconds

    def keep(self, key: str, theirs: list[float], ours: list[float], limit: float, named: bool = True) -> None:
        """A line of the table; the ones that the contract names go to speed.json."""
        found = timing.ratio(theirs, ours, limit)
        (self.ratios if named else self.details)[key] = found
        print(f"  {key}: {found['median']:.2f}x ({found['low']:.2f} to {found['high']:.2f}), "
              f"{found['fraction_of_limit']:.2f} of the limit", flush=True)  # fmt: skip

    def network(self, name: str) -> tuple[dict, float]:
        """Options and operations of a ResNet."""
        weights = self.folder / f"{name}.pth"
        if not weights.exists():
            material.resnet(weights, name, self.small)
        options = material.OPTIONS | {"model": name, "weights": str(weights)}
        embedder = self.ours.embedder(options)
        from camtrap.embed.models import load

        return options, timing.operations(load(embedder, options), (1, 3, 224, 224))


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="rounds of each comparison (default 5)")
    parser.add_argument("--size", type=float, default=1.0, help="factor on the numbers of pictures and crops")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="cores used (default 2)")
    parser.add_argument("--device", help="cpu or cuda:N (default: the first GPU that torch sees, else cpu)")
    parser.add_argument("--only", nargs="+", default=[], choices=PARTS, help="some of the parts only")
    parser.add_argument("--work", type=Path, help="folder for pictures and networks that is kept (default: temporary)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    given = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["OMP_NUM_THREADS"] = str(given.threads)
        bench = Bench(folder, given.threads, given.repeats, given.size, given.device or default_device())
        for part in given.only or PARTS:
            PARTS[part](bench)
    bench.details |= {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {processor()}",
        "device": bench.device,
        "threads": given.threads,
        "repeats": given.repeats,
        "crop settings": CROP,
        "load before": os.getloadavg()[2],
        "seconds in all": time.perf_counter() - begin,
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "speed.json").write_text(json.dumps(bench.ratios, indent=1) + "\n")
    (given.out / "speed-details.json").write_text(json.dumps(bench.details, indent=1, default=str) + "\n")
    table(bench.ratios)
    print(f"{given.out / 'speed.json'} after {bench.details['seconds in all']:.0f} s")


def default_device() -> str:
    """The first GPU, where torch sees one."""
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"


def table(ratios: dict) -> None:
    """Print the ratios."""
    print(f"\n{'':<26}{'ratio':>8}{'least':>8}{'most':>8}{'of limit':>10}")
    for name, row in ratios.items():
        print(f"{name:<26}{row['median']:>8.2f}{row['low']:>8.2f}{row['high']:>8.2f}{row['fraction_of_limit']:>10.2f}")


def processor() -> str:
    """The processor's name and widest vectors."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    name = next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")), "")
    return name + (" AVX-512" if "avx512f" in text else " AVX2" if "avx2" in text else "")


if __name__ == "__main__":
    main()
