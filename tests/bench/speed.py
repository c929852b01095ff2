"""How fast the stages are beside the seeds' ways and `megadetector`'s own loop (`make bench`).

Everything is timed interleaved in one process after a warm-up: a round calls each way once. Networks have random weights
and are loaded before the clock starts, on both sides. Prints a table and writes build/bench/speed.json (each ratio:
ratio of medians, least and greatest ratio of a round, part of the machine's limit) and build/bench/speed-details.json.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "scripts")]
os.environ.setdefault("YOLOv5_AUTOINSTALL", "false")

import material  # noqa: E402
import numpy as np  # noqa: E402
import timing  # noqa: E402
from ways import BOX, CROP, Folders, Notebook, Ours, Package, agreement, same_boxes  # noqa: E402

OPTIONS = {
    "weights_sha256": None,
    "image_size": None,
    "storage": "float32",
    "runtime": "auto",
    "precision": "float32",
}


PARTS = ["crop", "index", "embed", "originals", "folders", "detect", "smaller", "end_to_end"]


class Bench:
    """The parts of the table; each adds its ratios to ``ratios`` and what else it found to ``details``."""

    def __init__(self, folder: Path, threads: int, repeats: int, size: float):
        self.folder, self.threads, self.repeats, self.size = folder, threads, repeats, size
        self.images = folder / "images"
        self.ours = Ours(folder, self.images)
        self.ratios: dict[str, dict] = {}
        self.details: dict[str, object] = {}
        self.seconds: dict[str, float] = {}
        self.peak = {n: timing.matrix_peak(n) for n in sorted({1, threads})}
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

    def network(self, name: str) -> tuple[dict, object, float]:
        """Options, embedder and operations of a ResNet."""
        weights = self.folder / f"{name}.pth"
        if not weights.exists():
            material.resnet(weights, name, self.small)
        options = OPTIONS | {"model": name, "weights": str(weights)}
        embedder = self.ours.embedder(options)
        from camtrap.embed.models import load

        return options, embedder, timing.operations(load(embedder, options), (1, 3, 224, 224))

    def embed(self) -> None:
        """Crops to vectors: ResNet-152 and ResNet-50."""
        import torch

        from camtrap.embed import int8

        threads = self.threads
        paths = material.pictures(self.images, 2, self.count(32))
        index, boxes = self.ours.index(paths, "embed"), self.ours.boxes(paths, [BOX] * len(paths), "embed")
        crops = self.ours.crop(index, boxes, "embed", threads, format="jpeg")
        stored = ours_images(crops)
        for name in ("resnet152", "resnet50"):
            print(f"embed {name}, {len(stored)} crops", flush=True)
            options, embedder, operations = self.network(name)
            notebook = Notebook(embedder, options)
            engine = self.ours.engine(options, threads)
            torch.set_num_threads(threads)
            out = self.folder / "notebook.jsonl"
            results = {}
            ways = {
                f"notebook's loop, {name}": lambda n=notebook, o=out, r=results: r.update(a=n.crops(stored, o)),
                f"embed stage, {name}": lambda e=engine, o=options, r=results: r.update(
                    b=self.ours.embed(crops, "float32", e, o, threads)
                ),
            }
            if name == "resnet152":
                quantised = self.folder / f"{name}_int8.onnx"
                int8.calibrate([crops], self.folder / f"{name}.json", quantised, options)
                exact = options | {"precision": "int8"}
                small = self.ours.engine(exact, threads, quantised)
                ways[f"embed stage, {name}, int8"] = lambda e=small, o=exact, r=results: r.update(
                    c=self.ours.embed(crops, "int8", e, o, threads)
                )
                one = self.ours.engine(options, 1)
                ways[f"embed stage, {name}, 1 core"] = lambda e=one, o=options: self.ours.embed(crops, "one", e, o, 1)
            seconds = list(self.time(ways, len(stored)).values())
            limit = operations * len(stored) / self.peak[threads]
            self.keep(f"embed_{name}_float32", seconds[0], seconds[1], limit)
            self.details[f"agreement embed {name}"] = agreement(results["a"], results["b"])
            if "c" in results:
                self.keep(f"embed_{name}_int8", seconds[0], seconds[2], limit)
                self.details[f"agreement embed {name} int8 (random weights)"] = agreement(results["a"], results["c"])
                alone = operations * len(stored) / self.peak[1]
                self.details[f"1 core, {name}: part of its limit"] = alone / statistics.median(seconds[3])

    def originals(self) -> None:
        """Pictures of 12 megapixels to vectors, one detection each: crop stage and embed stage."""
        import torch

        paths = material.pictures(self.images, 12, self.count(24))
        boxes = [BOX] * len(paths)
        index, found = self.ours.index(paths, "12"), self.ours.boxes(paths, boxes, "12")
        decoding = timing.decode_seconds(paths) / self.threads
        for name, kind in (("resnet152", Notebook), ("resnet50", Notebook)):
            print(f"12 megapixels to vectors, {name}, {len(paths)} pictures", flush=True)
            options, embedder, operations = self.network(name)
            notebook, engine = kind(embedder, options), self.ours.engine(options, self.threads)
            torch.set_num_threads(self.threads)
            results = {}

            def ours(e=engine, o=options, r=results):
                crops = self.ours.crop(index, found, "12", self.threads)
                r.update(b=self.ours.embed(crops, "12", e, o, self.threads))

            ways = {
                f"notebook, {name}": lambda n=notebook, r=results: r.update(
                    a=n.originals(paths, boxes, self.folder / "notebook.jsonl")
                ),
                f"crop and embed stage, {name}": ours,
            }
            theirs, mine = self.time(ways, len(paths)).values()
            self.keep(f"originals_{name}", theirs, mine, decoding + operations * len(paths) / self.peak[self.threads])
            self.details[f"agreement originals {name}"] = agreement(results["a"], results["b"])

    def folders(self) -> None:
        """The second seed: whole pictures of 2 megapixels, ResNet-50, K-Means."""
        import torch
        from sklearn.cluster import KMeans

        paths = material.pictures(self.images, 2, self.count(32))
        whole = [[0.0, 0.0, 1.0, 1.0]] * len(paths)
        index, found = self.ours.index(paths, "folders"), self.ours.boxes(paths, whole, "folders")
        options, embedder, operations = self.network("resnet50")
        theirs, engine = Folders(embedder, options), self.ours.engine(options, self.threads)
        torch.set_num_threads(self.threads)

        def ours():
            crops = self.ours.crop(index, found, "folders", self.threads, shape="stretch")
            vectors = self.ours.embed(crops, "folders", engine, options, self.threads)
            KMeans(5, n_init=10, random_state=42).fit_predict(vectors)

        print(f"the second seed, {len(paths)} pictures of 2 megapixels", flush=True)
        a, b = self.time({"second seed": lambda: theirs.sort(paths), "ours, whole pictures": ours}, len(paths)).values()
        limit = timing.decode_seconds(paths) / self.threads + operations * len(paths) / self.peak[self.threads]
        self.keep("folders_resnet50", a, b, limit, named=False)

    def index(self) -> None:
        """Hash, header and EXIF, against reading the same bytes: from the page cache and, where that can be emptied, from the disk."""
        paths = [path for size in (3, 12) for path in material.pictures(self.images, size, self.count(48))]
        megabytes = sum(path.stat().st_size for path in paths) / 1e6
        print(f"index, {len(paths)} pictures, {megabytes:.0f} MB", flush=True)

        def read():
            with ThreadPoolExecutor(self.threads) as pool:
                for _ in pool.map(Path.read_bytes, paths):
                    pass

        ways = {"reading, page cache": read, "index stage, page cache": lambda: self.ours.index(paths, "index")}
        drop = Path("/proc/sys/vm/drop_caches")
        if os.access(drop, os.W_OK):

            def cold(way):
                def run():
                    os.sync()
                    drop.write_text("3")
                    begin = time.perf_counter()
                    way()
                    return time.perf_counter() - begin

                return run

            colds = {f"{name.partition(',')[0]}, disk": cold(way) for name, way in ways.items()}
        else:
            colds = {}
        for kind, some, inner in (("page cache", ways, False), ("disk", colds, True)):
            if some:
                seconds = timing.interleaved(some, self.repeats, inner=inner)
                theirs, mine = seconds.values()
                rate = [megabytes / statistics.median(one) for one in (theirs, mine)]
                self.keep(f"index_{kind.replace(' ', '_')}", theirs, mine, statistics.median(theirs), named=False)
                print(f"  {kind}: {rate[0]:.0f} MB/s read, {rate[1]:.0f} MB/s indexed", flush=True)

    def crop(self) -> None:
        """The whole stage, from files to a file, against PIL's full decode alone; then decoding alone, one thread on both sides."""
        from PIL import Image

        from camtrap import pictures

        for megapixels in (3, 12):
            paths = material.pictures(self.images, megapixels, self.count(48))
            boxes = [[0.1, 0.2, 0.2, 0.2], BOX, [0.6, 0.5, 0.3, 0.4]]

            def by_pil(paths=paths):
                for path in paths:
                    np.asarray(Image.open(path).convert("RGB"))

            def by_us(paths=paths):
                for path in paths:
                    pictures.decode(pictures.read_bytes(path))

            index = self.ours.index(paths, f"crop{megapixels}")

            def stage(n: int, threads: int, boxes=boxes, paths=paths, index=index, megapixels=megapixels, **options):
                name = f"crop{megapixels}_{n}"
                found = self.ours.boxes(paths, [boxes[1:2] if n == 1 else boxes] * len(paths), name)
                settings = {"format": "jpeg", "size": 256, "shape": "pad"} | options
                return lambda: self.ours.crop(index, found, name, threads, **settings)

            print(f"crop, {len(paths)} pictures of {megapixels} megapixels", flush=True)
            at = f"{megapixels} megapixels"
            ways = {
                f"PIL's full decode, {at}": by_pil,
                f"crop stage, {at}": stage(1, self.threads),
                f"crop stage, {at}, 1 core": stage(1, 1),
                f"crop stage, {at}, 3 detections": stage(3, self.threads),
                f"crop stage, {at}, scaled decode": stage(1, self.threads, decode="scaled"),
                f"our decode, {at}, 1 core": by_us,
            }
            same = all(
                np.array_equal(np.asarray(Image.open(path).convert("RGB")), pictures.decode(path.read_bytes()))
                for path in paths
            )
            self.details[f"decode {at}: pixels identical to PIL's"] = same
            pil, two, one, three, scaled, decode = self.time(ways, len(paths)).values()
            limit = timing.decode_seconds(paths)
            self.keep(f"crop_{megapixels}mp", pil, two, limit / self.threads)
            self.keep(f"crop_{megapixels}mp_1_core", pil, one, limit, named=False)
            self.keep(f"crop_{megapixels}mp_3_detections", pil, three, limit / self.threads, named=False)
            self.keep(f"crop_{megapixels}mp_scaled", pil, scaled, limit / self.threads, named=False)
            self.keep(f"decode_{megapixels}mp_1_core", pil, decode, limit, named=False)

    def detect(self) -> None:
        """Detection: the package's own loop and our stage with the same weights on the same pictures."""
        import torch

        found = {"yolov5x6": self.count(4), "yolov5s": self.count(12)}
        for name, count in found.items():
            paths = material.pictures(self.images, 3, count)
            weights = self.folder / f"{name}.pt"
            if not weights.exists():
                material.yolo(weights, name, self.small)
            print(f"detect {name} at 1280, {len(paths)} pictures of 3 megapixels", flush=True)
            package = Package(weights)
            operations = timing.operations(package.detector.model, (1, 3, 960, 1280))
            detector = self.ours.detector(weights, self.threads)
            index, results = self.ours.index(paths, name), {}

            def theirs(package=package, paths=paths, results=results):
                torch.set_num_threads(self.threads)
                results["a"] = package(paths)

            def ours(index=index, detector=detector, weights=weights, name=name, results=results):
                torch.set_num_threads(1)
                results["b"] = self.ours.detect(index, name, detector, weights, self.threads)

            ways = {f"megadetector's own loop, {name}": theirs, f"detect stage, {name}": ours}
            if name == "yolov5s":
                one = self.ours.detector(weights, 1)
                ways[f"detect stage, {name}, 1 core"] = lambda d=one, w=weights, i=index, n=name: self.ours.detect(
                    i, n, d, w, 1
                )
            seconds = list(self.time(ways, len(paths)).values())
            torch.set_num_threads(self.threads)
            self.keep(f"detect_{name}", seconds[0], seconds[1], operations * len(paths) / self.peak[self.threads])
            self.details[f"agreement detect {name}"] = same_boxes(results["a"], results["b"], 2048, 1536)
            self.details[f"operations {name} at 960 x 1280"] = operations

    def smaller(self) -> None:
        """What smaller known models and smaller inputs would save: our stage, networks of their shapes with random weights."""
        paths = material.pictures(self.images, 3, self.count(8))
        index = self.ours.index(paths, "smaller")
        # MDV5A and MDV1000-redwood, -sorrel (YOLO11s), -spruce (YOLOv5s), at the sizes they were trained for and below
        kinds = [("yolov5x6", 1280), ("yolov5x6", 960), ("yolov5x6", 640), ("yolo11s", 960), ("yolov5s", 640)]
        ways = {}
        print(f"smaller networks and inputs, {len(paths)} pictures of 3 megapixels", flush=True)
        for name, side in kinds:
            weights = self.folder / f"{name}.pt"
            if not weights.exists():
                material.yolo11(weights, name) if name == "yolo11s" else material.yolo(weights, name, self.small)
            detector = self.ours.detector(weights, self.threads, side)
            key = f"{name} at {side}"
            ways[key] = lambda d=detector, w=weights: self.ours.detect(index, "smaller", d, w, self.threads)
        seconds = timing.interleaved(ways, max(2, self.repeats // 2))
        first = statistics.median(next(iter(seconds.values())))
        for name, values in seconds.items():
            median = statistics.median(values)
            self.details[f"smaller: {name}: pictures a second, times as fast"] = [len(paths) / median, first / median]
            print(f"  {name:<46} {len(paths) / median:8.2f}/s   {first / median:.1f}x", flush=True)

    def end_to_end(self) -> None:
        """A thousand pictures of 3 megapixels, 40 % with animals: rates measured above, Snakemake's own cost measured."""
        import run_once

        paths = material.pictures(self.images, 3, self.count(12))
        index, found = self.ours.index(paths, "e2e"), self.ours.boxes(paths, [BOX] * len(paths), "e2e")
        options, embedder, operations = self.network("resnet152")
        notebook, engine = Notebook(embedder, options), self.ours.engine(options, self.threads)

        def ours():
            crops = self.ours.crop(index, found, "e2e", self.threads)
            self.ours.embed(crops, "e2e", engine, options, self.threads)

        print(f"notebook and ours after detection, {len(paths)} pictures of 3 megapixels", flush=True)
        ways = {
            "notebook, 3 megapixels": lambda: notebook.originals(paths, [BOX] * len(paths), self.folder / "n.jsonl"),
            "crop and embed stage, 3 megapixels": ours,
            "index stage, 3 megapixels": lambda: self.ours.index(paths, "e2e"),
        }
        after = self.time(ways, len(paths))
        decoding = timing.decode_seconds(paths) / len(paths) / self.threads
        for name in ("yolov5x6", "yolov5s"):
            fixed = run_once.snakemake(self, name)
            chain = run_once.chain(self, name)
            self.details[f"fixed cost of Snakemake and start-up, {name}, s"] = fixed
            self.details[f"fixed cost of the chain's start-up, {name}, s"] = chain
            a = [
                chain + 1000 * (self.details[f"megadetector's own loop, {name}: seconds an item"][i] + 0.4 * x)
                for i, x in enumerate(spread(after["notebook, 3 megapixels"], len(paths)))
            ]
            rest = zip(
                spread(after["crop and embed stage, 3 megapixels"], len(paths)),
                spread(after["index stage, 3 megapixels"], len(paths)),
                strict=True,
            )
            b = [
                fixed + 1000 * (self.details[f"detect stage, {name}: seconds an item"][i] + 0.4 * x + y)
                for i, (x, y) in enumerate(rest)
            ]
            limit = 1000 * (
                (self.details[f"operations {name} at 960 x 1280"] + 0.4 * operations) / self.peak[self.threads]
                + 1.4 * decoding
            )
            key = "end_to_end" if name == "yolov5x6" else "end_to_end_yolov5s"
            result = {
                "median": a[0] / b[0],
                "low": min(a[1] / b[1], a[2] / b[2]),
                "high": max(a[1] / b[1], a[2] / b[2]),
                "fraction_of_limit": limit / b[0],
            }
            (self.ratios if key == "end_to_end" else self.details)[key] = result
            self.details[f"{key}: seconds per 1,000 pictures"] = {"theirs": a[0], "ours": b[0]}
            print(f"  {key}: {result['median']:.2f}x ({a[0]:.0f} s against {b[0]:.0f} s)", flush=True)


def spread(seconds: list[float], items: int) -> list[float]:
    """Median, least and greatest seconds an item."""
    return [statistics.median(seconds) / items, min(seconds) / items, max(seconds) / items]


def ours_images(crops: Path) -> list[bytes]:
    """The stored crops as files."""
    import pyarrow.parquet as pq

    return pq.read_table(crops, columns=["image"])["image"].to_pylist()


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="rounds of each comparison (default 5)")
    parser.add_argument("--size", type=float, default=1.0, help="factor on the numbers of pictures and crops")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="cores used (default 2)")
    parser.add_argument("--only", nargs="+", default=[], choices=PARTS, help="some of the parts only")
    parser.add_argument("--work", type=Path, help="folder for pictures and networks that is kept (default: temporary)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    given = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["OMP_NUM_THREADS"] = str(given.threads)
        bench = Bench(folder, given.threads, given.repeats, given.size)
        for part in given.only or PARTS:
            getattr(bench, part)()
    bench.details |= {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {processor()}",
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
