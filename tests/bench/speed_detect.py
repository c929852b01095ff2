"""The speed of detection beside the package's own loop, of smaller networks, and of the whole chain."""

import statistics

import material
import run_once
import timing
from ways import BOX, Notebook, Package, same_boxes


def detect(bench) -> None:
    """Detection: the package's own loop and our stage with the same weights on the same pictures."""
    import torch

    found = {"yolov5x6": bench.count(4), "yolov5s": bench.count(12)}
    for name, count in found.items():
        paths = material.pictures(bench.images, 3, count)
        weights = bench.folder / f"{name}.pt"
        if not weights.exists():
            material.yolo(weights, name, bench.small)
        print(f"detect {name} at 1280, {len(paths)} pictures of 3 megapixels", flush=True)
        package = Package(weights)
        operations = timing.operations(package.detector.model, (1, 3, 960, 1280))
        detector = bench.ours.detector(weights, bench.threads)
        index, results = bench.ours.index(paths, name), {}

        def theirs(package=package, paths=paths, results=results):
            torch.set_num_threads(bench.threads)
            results["a"] = package(paths)

        def ours(index=index, detector=detector, weights=weights, name=name, results=results):
            torch.set_num_threads(1)
            results["b"] = bench.ours.detect(index, name, detector, weights, bench.threads)

        ways = {f"megadetector's own loop, {name}": theirs, f"detect stage, {name}": ours}
        if name == "yolov5s":
            one = bench.ours.detector(weights, 1)
            ways[f"detect stage, {name}, 1 core"] = lambda d=one, w=weights, i=index, n=name: bench.ours.detect(
                i, n, d, w, 1
            )
        seconds = list(bench.time(ways, len(paths)).values())
        torch.set_num_threads(bench.threads)
        bench.keep(f"detect_{name}", seconds[0], seconds[1], operations * len(paths) / bench.peak[bench.threads])
        bench.details[f"agreement detect {name}"] = same_boxes(results["a"], results["b"], 2048, 1536)
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
        detector = bench.ours.detector(weights, bench.threads, side)
        key = f"{name} at {side}"
        ways[key] = lambda d=detector, w=weights: bench.ours.detect(index, "smaller", d, w, bench.threads)
    seconds = timing.interleaved(ways, max(2, bench.repeats // 2))
    first = statistics.median(next(iter(seconds.values())))
    for name, values in seconds.items():
        median = statistics.median(values)
        bench.details[f"smaller: {name}: pictures a second, times as fast"] = [len(paths) / median, first / median]
        print(f"  {name:<46} {len(paths) / median:8.2f}/s   {first / median:.1f}x", flush=True)


def end_to_end(bench) -> None:
    """A thousand pictures of 3 megapixels, 40 % with animals: rates measured above, Snakemake's own cost measured."""

    paths = material.pictures(bench.images, 3, bench.count(12))
    index, found = bench.ours.index(paths, "e2e"), bench.ours.boxes(paths, [BOX] * len(paths), "e2e")
    options, embedder, operations = bench.network("resnet152")
    notebook, engine = Notebook(embedder, options), bench.ours.engine(options, bench.threads)

    def ours():
        crops = bench.ours.crop(index, found, "e2e", bench.threads)
        bench.ours.embed(crops, "e2e", engine, options, bench.threads)

    print(f"notebook and ours after detection, {len(paths)} pictures of 3 megapixels", flush=True)
    ways = {
        "notebook, 3 megapixels": lambda: notebook.originals(paths, [BOX] * len(paths), bench.folder / "n.jsonl"),
        "crop and embed stage, 3 megapixels": ours,
        "index stage, 3 megapixels": lambda: bench.ours.index(paths, "e2e"),
    }
    after = bench.time(ways, len(paths))
    decoding = timing.decode_seconds(paths) / len(paths) / bench.threads
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
            (bench.details[f"operations {name} at 960 x 1280"] + 0.4 * operations) / bench.peak[bench.threads]
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
