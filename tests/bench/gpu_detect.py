"""Detection on a GPU, in one job and in several at once, beside the package's own loop; and the whole chain from all rates."""

import contextlib
import multiprocessing
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean

import gpu_material
from gpu_ceilings import as_torch_comes, names
from gpu_stages import least, rate_of
from ways import Ours, Package

from camtrap.networks.device import exact_float32

# Seconds of a core for all that surrounds the network (docs/performance.md).
OF_A_CORE = 0.029


@contextlib.contextmanager
def watched(bench) -> Iterator[list[float]]:
    """Parts of the time in which the card computed, a sample every 100 ms; empty where nvidia-smi does not answer."""
    found: list[float] = []
    tool = shutil.which("nvidia-smi")
    if bench.device == "cpu" or tool is None:
        yield found
        return
    command = [tool, "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "100"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with contextlib.suppress(ValueError):
                found.append(float(line) / 100)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield found
    finally:
        process.terminate()
        reader.join(5)


def detect(bench) -> None:
    """Pictures of 3 megapixels to boxes: our stage in one job, against the package's own loop at several batch sizes."""
    network = names(bench)[1]
    weights = gpu_material.detector_weights(bench.work, network, bench.pictures(3, 8), bench.device)
    ours = Ours(bench.work, bench.work / "images", bench.device)
    paths = bench.pictures(3, bench.n(192, 4))
    few = paths[: bench.n(24, 2)]
    whole, part = ours.index(paths, "detect"), ours.index(paths[: bench.n(64, 4)], "detect_part")
    package = Package(weights, bench.device, bench.cores)
    ways: dict[str, Callable] = {}
    for size in (1, 8) if not bench.small else (1, 2):

        def theirs(size: int = size) -> None:
            as_torch_comes()
            package(few, size)

        ways[f"package, batch {size}"] = theirs
    loaded = {"float32": ours.detector(weights, bench.cores)}
    if not bench.small:
        loaded["mixed"] = ours.detector(weights, bench.cores, mixed=True)
    plan = [
        ("float32", 8, bench.cores),
        ("mixed", 8, bench.cores),
        ("mixed", 16, bench.cores),
    ]
    plan += [("mixed", 8, 4), ("mixed", 8, 8)]
    plan = [("float32", 2, 2)] if bench.small else plan
    numbers = {}
    for variant, size, threads in plan:
        name = f"{variant}, batch {size}, {threads} threads"
        index = whole if variant == "mixed" else part
        numbers[name] = len(paths) if variant == "mixed" else bench.n(64, 4)

        def way(variant: str = variant, size: int = size, threads: int = threads, index: Path = index) -> None:
            exact_float32()
            ours.detect(index, "detect", loaded[variant], weights, threads, size)

        ways[name] = way
    seconds = bench.rounds(ways, max(1, bench.repeats - 1))
    base = max(len(few) / taken for name, taken in seconds.items() if name.startswith("package"))
    for name, taken in seconds.items():
        if name.startswith("package"):
            bench.row(f"detect: {name}", len(few) / taken)
            continue
        kind = "float16" if name.startswith("mixed") else "float32"
        predicted = least(rate_of(bench, network, kind), int(name.split()[-2]) / OF_A_CORE)
        with watched(bench) as samples:
            begin, before = time.perf_counter(), time.process_time()
            ways[name]()
            cores = (time.process_time() - before) / (time.perf_counter() - begin)
        rate = numbers[name] / taken
        busy = mean(samples) if samples else None
        bench.row(
            f"detect: one job, {name}", rate, predicted,
            **{"times the package's best": rate / base, "card busy": busy, "cores busy": cores},
        )  # fmt: skip
    exact_float32()


def jobs(bench) -> None:
    """The detect stage in several jobs at once on the card, as CAMTRAP_JOBS_PER_GPU lets them."""
    network = names(bench)[1]
    weights = gpu_material.detector_weights(bench.work, network, bench.pictures(3, 8), bench.device)
    each = bench.n(192, 2)
    package = [row["per second"] for name, row in bench.rows.items() if name.startswith("detect: package")]
    for count in (2, 4) if not bench.small else (2,):
        with watched(bench) as samples:
            rate, spans = together(bench, weights, count, each)
            last = samples[-max(1, round(10 * spans)) :]
        computed = rate_of(bench, network, "float16")
        predicted = least(computed, bench.cores / OF_A_CORE)
        times = rate / max(package) if package else None
        more = {"times the package's best": times, "card busy": mean(last) if last else None}
        bench.row(f"detect: {count} jobs at once, mixed, batch 8", rate, predicted, **more)
        bench.save()


def together(bench, weights: Path, count: int, each: int) -> tuple[float, float]:
    """Pictures a second of all jobs together, and the seconds from the first one's begin to the last one's end."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(count), context.SimpleQueue()
    paths = bench.pictures(3, each)
    given = (bench.work, bench.device, weights, paths, max(1, bench.cores // count), not bench.small, barrier, results)
    processes = [context.Process(target=_job, args=(number, *given), daemon=True) for number in range(count)]
    try:
        for process in processes:
            process.start()
        spans = []
        while len(spans) < count:
            if results.empty():
                if any(process.exitcode for process in processes):
                    raise RuntimeError("a job has failed: its error stands above")
                time.sleep(0.05)
            else:
                spans.append(results.get())
        taken = max(end for _, end in spans) - min(begin for begin, _ in spans)
        return count * each / taken, taken
    finally:
        for process in processes:
            process.kill()


def _job(
    number: int, work: Path, device: str, weights: Path, paths: list[Path], threads: int, mixed: bool, barrier, results
):
    ours = Ours(work / f"job{number}", work / "images", device)
    ours.folder.mkdir(exist_ok=True)
    index = ours.index(paths, "job")
    detector = ours.detector(weights, threads, mixed=mixed)
    ours.detect(ours.index(paths[:8], "warm"), "warm", detector, weights, threads, 8)
    barrier.wait(60 if mixed else 600)
    begin = time.monotonic()
    ours.detect(index, "job", detector, weights, threads, 8)
    results.put((begin, time.monotonic()))


def chain(bench) -> None:
    """A thousand pictures of 3 megapixels, 40 % with animals, from the rates above, without start-up on both sides."""
    ours = Ours(bench.work, bench.work / "images", bench.device)
    paths = bench.pictures(3, bench.n(512, 6))
    seconds = bench.rounds({"index": lambda: ours.index(paths, "chain")})
    index = len(paths) / seconds["index"]
    bench.row("index stage, 3 megapixels", index)
    rates = {name: row["per second"] for name, row in bench.rows.items()}

    def best(prefix: str, *words: str) -> float:
        return max(
            rate for name, rate in rates.items() if name.startswith(prefix) and all(word in name for word in words)
        )

    theirs = 1000 * (1 / best("detect: package") + 0.4 / rates["3 megapixels to vectors: the notebook's loop"])
    for precision in ("float32", "mixed"):
        with contextlib.suppress(ValueError):  # a part that did not end has no rates
            found = best("detect:", "job", precision), best("3 megapixels to vectors: crop and embed", precision)
            mine = 1000 * (1 / index + 1 / found[0] + 0.4 / found[1])
            more = {"seconds": mine, "seconds of package and notebook": theirs, "times": theirs / mine}
            bench.row(f"chain: 1,000 pictures, {precision}", 1000 / mine, None, **more)
