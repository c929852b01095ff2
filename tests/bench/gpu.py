"""How fast the stages are on a GPU beside the seeds' ways on the same GPU (`tests/gpu/run.sh`).

First the card's and the cores' ceilings are measured; each row then has a prediction made of them (operations over rate, bytes
over bandwidth, decoding per core) beside what was measured. Medians of rounds in which all ways take turns, in one process.
JSON is written after each part. With `--device cpu` and small networks it only tries itself.
"""

import argparse
import contextlib
import json
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "scripts")]
os.environ.setdefault("YOLOv5_AUTOINSTALL", "false")

import gpu_ceilings  # noqa: E402
import gpu_cluster  # noqa: E402
import gpu_detect  # noqa: E402
import gpu_material  # noqa: E402
import gpu_stages  # noqa: E402

# Seconds that a part may take; what it has found by then is kept.
PARTS: dict[str, tuple[Callable, int]] = {
    "ceilings": (gpu_ceilings.ceilings, 25),
    "networks": (gpu_ceilings.networks, 30),
    "detect": (gpu_detect.detect, 75),
    "crops": (gpu_stages.crops, 50),
    "originals": (gpu_stages.originals, 45),
    "jobs": (gpu_detect.jobs, 60),
    "chain": (gpu_detect.chain, 10),
    "cluster": (gpu_cluster.cluster, 15),
    "compiled": (gpu_ceilings.compiled, 60),
}


class OutOfTime(BaseException):
    """A part took longer than it may; no `except Exception` keeps it."""


class Bench:
    """What the parts share: sizes, ceilings, and the rows that they find."""

    def __init__(self, device: str, work: Path, out: Path, repeats: int):
        self.device, self.work, self.out, self.repeats = device, work, out, repeats
        self.small, self.cores = device == "cpu", gpu_material.cores()
        self.rows: dict[str, dict] = {}
        self.ceiling: dict[str, float] = {}
        self.facts: dict[str, object] = {
            "device": name_of(device),
            "machine": f"{platform.machine()}, {self.cores} cores",
            "small networks": self.small,
        }
        work.mkdir(parents=True, exist_ok=True)

    def pictures(self, megapixels: int, count: int) -> list[Path]:
        """Simulated pictures, multiplied by links."""
        made = gpu_material.simulated(self.work, megapixels, self.small)
        return gpu_material.multiplied(made, self.work / "images" / f"{megapixels}mp", count)

    def n(self, number: int, small: int) -> int:
        """A number of items, or a small one where the bench is only tried."""
        return small if self.small else number

    def rounds(self, ways: dict[str, Callable], repeats: int | None = None) -> dict[str, float]:
        """Median seconds of each way: all of them once to warm up, then by turns."""
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(1 + (repeats or self.repeats)):
            for name, way in ways.items():
                self.wait()
                begin = time.perf_counter()
                way()
                self.wait()
                if turn:
                    seconds[name].append(time.perf_counter() - begin)
        return {name: median(values) for name, values in seconds.items()}

    def wait(self) -> None:
        """Until the GPU has done what it was given."""
        if self.device != "cpu":
            import torch

            torch.cuda.synchronize(self.device)

    def row(self, name: str, rate: float, predicted: float | None = None, **more: object) -> None:
        """Items a second, what was predicted, and what else belongs to it."""
        self.rows[name] = {"per second": rate, "predicted": predicted, **more}
        said = "" if predicted is None else f"  predicted {predicted:10.1f}  {rate / predicted:5.2f} of it"
        told = "  ".join(
            f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in more.items()
        )
        print(f"  {name:<58}{rate:10.1f}/s{said}  {told}", flush=True)

    def save(self) -> None:
        """Write everything found so far."""
        self.out.mkdir(parents=True, exist_ok=True)
        found = {"facts": self.facts, "ceilings": self.ceiling, "rows": self.rows}
        (self.out / "bench.json").write_text(json.dumps(found, indent=1, default=str) + "\n")


def name_of(device: str) -> str:
    """The card's name."""
    if device == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name(device)


@contextlib.contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise OutOfTime in the main thread when so many seconds have passed."""

    def late(*given: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    """Run the parts; the exit code is the number of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0", help="cuda:N, or cpu to try the bench itself")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "gpu" / "work", help="pictures and networks")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "gpu")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[], choices=PARTS)
    given = parser.parse_args()
    bench, failed = Bench(given.device, given.work, given.out, given.repeats), []
    print(json.dumps(bench.facts), flush=True)
    for part in given.only or PARTS:
        run, seconds = PARTS[part]
        begin = time.perf_counter()
        print(f"{part}", flush=True)
        try:
            with at_most(seconds if not bench.small else 600):
                run(bench)
        except OutOfTime:
            failed.append(part)
            print(f"  {part}: stopped after {seconds} s", flush=True)
        except Exception:
            failed.append(part)
            traceback.print_exc()
        bench.facts[f"seconds of {part}"] = round(time.perf_counter() - begin, 1)
        bench.facts["failed"] = failed
        bench.save()
    print(f"{given.out / 'bench.json'}; failed: {', '.join(failed) or 'nothing'}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
