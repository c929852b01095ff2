"""The speed of detection beside the package's own loop, of smaller networks, and of the whole chain."""

import statistics
from collections.abc import Callable
from pathlib import Path

import material
import run_once
import timing
from apart import Apart
from speed_crops import crop_and_embed, index_stage, notebook_originals
from ways import BOX, Ours, Package, same_boxes


def package_loop(weights: Path, device: str, threads: int, paths: list[Path]) -> Callable:
    """The package's own loop, its detector loaded."""
    package = Package(weights, device, threads)
    return lambda: package(paths)


def detect_stage(ours: Ours, index: Path, name: str, weights: Path, threads: int, side: int | None = None) -> Callable:
    """The detect stage, its detector loaded."""
    detector = ours.detector(weights, threads, side)
    return lambda: ours.detect(index, name, detector, weights, threads)


def detect(bench) -> None:
    """Detection: the package's own loop and our stage with the same weights on the same pictures."""
    threads = bench.threads
    for name, count in {"yolov5x6": bench.count(4), "yolov5s": bench.count(12)}.items():
        paths = material.pictures(bench.images, 3, count)
        weights = bench.folder / f"{name}.pt"
        if not weights.exists():
            material.yolo(weights, name, bench.small)
        print(f"detect {name} at 1280, {len(paths)} pictures of 3 megapixels", flush=True)
        operations = timing.operations(Package(weights, "cpu", threads).detector.model, (1, 3, 960, 1280))
        index = bench.ours.index(paths, name)
        package = Apart(package_loop, weights, bench.device, threads, paths)
        ours = Apart(detect_stage, bench.ours, index, name, weights, threads)
        ways = {f"megadetector's own loop, {name}": package, f"detect stage, {name}": ours}
        if name == "yolov5s":
            ways[f"detect stage, {name}, 1 core"] = Apart(detect_stage, bench.ours, index, f"{name}_1", weights, 1)
        seconds = list(bench.time(ways, len(paths)).values())
        bench.keep(f"detect_{name}", seconds[0], seconds[1], operations * len(paths) / bench.peak[threads])
        bench.details[f"agreement detect {name}"] = same_boxes(package.value, ours.value, 2048, 1536)
        bench.details[f"operations {name} at 960 x 1280"] = operations


def smaller(bench) -> None:
    """What smaller known models and smaller inputs would save: our stage, networks of their shapes with random weights."""
    paths = material.pictures(bench.images, 3, bench.count(8))
    index = bench.ours.index(paths, "smaller")
    # MDV5A and MDV1000-redwood, -sorrel (YOLO11s), -spruce (YOLOv5s), at the sizes they were trained for and below
    kinds = [("yolov5x6", 1280), ("yolov5x6", 960), ("yolov5x6", 640), ("yolo11s", 960), ("yolov5s", 640)]
    ways = {}
    print(f"smaller networks and inputs, {len(paths)} pictures of 3 megapixels", flush=True)
    for name, side in kinds:
        weights = bench.folder / f"{name}.pt"
        if not weights.exists():
            material.yolo11(weights, name) if name == "yolo11s" else material.yolo(weights, name, bench.small)
        key = f"{name} at {side}"
        ways[key] = Apart(detect_stage, bench.ours, index, f"smaller_{name}_{side}", weights, bench.threads, side)
    seconds = timing.interleaved(ways, max(2, bench.repeats // 2))
    first = statistics.median(next(iter(seconds.values())))
    for name, values in seconds.items():
        median = statistics.median(values)
        bench.details[f"smaller: {name}: pictures a second, times as fast"] = [len(paths) / median, first / median]
        print(f"  {name:<46} {len(paths) / median:8.2f}/s   {first / median:.1f}x", flush=True)


def end_to_end(bench) -> None:
    """A thousand pictures of 3 megapixels, 40 % with animals: rates measured above, Snakemake's own cost measured."""
    paths, threads = material.pictures(bench.images, 3, bench.count(12)), bench.threads
    index, found = bench.ours.index(paths, "e2e"), bench.ours.boxes(paths, [BOX] * len(paths), "e2e")
    options, operations = bench.network("resnet152")
    print(f"notebook and ours after detection, {len(paths)} pictures of 3 megapixels", flush=True)
    ways = {
        "notebook, 3 megapixels": Apart(
            notebook_originals, options, bench.device, threads, paths, bench.folder / "n.jsonl"
        ),
        "crop and embed stage, 3 megapixels": Apart(crop_and_embed, bench.ours, index, found, "e2e", options, threads),
        "index stage, 3 megapixels": Apart(index_stage, bench.ours, paths, "e2e_again"),
    }
    after = bench.time(ways, len(paths))
    decoding = timing.decode_seconds(paths) / len(paths) / threads
    for name in ("yolov5x6", "yolov5s"):
        fixed = run_once.snakemake(bench, name)
        chain = run_once.chain(bench, name)
        bench.details[f"fixed cost of Snakemake and start-up, {name}, s"] = fixed
        bench.details[f"fixed cost of the chain's start-up, {name}, s"] = chain
        a = [
            chain + 1000 * (bench.details[f"megadetector's own loop, {name}: seconds an item"][i] + 0.4 * x)
            for i, x in enumerate(spread(after["notebook, 3 megapixels"], len(paths)))
        ]
        rest = zip(
            spread(after["crop and embed stage, 3 megapixels"], len(paths)),
            spread(after["index stage, 3 megapixels"], len(paths)),
            strict=True,
        )
        b = [
            fixed + 1000 * (bench.details[f"detect stage, {name}: seconds an item"][i] + 0.4 * x + y)
            for i, (x, y) in enumerate(rest)
        ]
        limit = 1000 * (
            (bench.details[f"operations {name} at 960 x 1280"] + 0.4 * operations) / bench.peak[threads]
            + 1.4 * decoding
        )
        key = "end_to_end" if name == "yolov5x6" else "end_to_end_yolov5s"
        result = {
            "median": a[0] / b[0],
            "low": min(a[1] / b[1], a[2] / b[2]),
            "high": max(a[1] / b[1], a[2] / b[2]),
            "fraction_of_limit": limit / b[0],
        }
        (bench.ratios if key == "end_to_end" else bench.details)[key] = result
        bench.details[f"{key}: seconds per 1,000 pictures"] = {"theirs": a[0], "ours": b[0]}
        print(f"  {key}: {result['median']:.2f}x ({a[0]:.0f} s against {b[0]:.0f} s)", flush=True)


def spread(seconds: list[float], items: int) -> list[float]:
    """Median, least and greatest seconds an item."""
    return [statistics.median(seconds) / items, min(seconds) / items, max(seconds) / items]
