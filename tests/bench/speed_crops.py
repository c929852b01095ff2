"""The speed of what comes before and after detection: index, crop and embed stage beside PIL and the seeds' ways."""

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import material
import numpy as np
import timing
from ways import BOX, Folders, Notebook, agreement


def crop(bench) -> None:
    """The whole stage, from files to a file, against PIL's full decode alone; then decoding alone, one thread on both sides."""
    from PIL import Image

    from camtrap import pictures

    for megapixels in (3, 12):
        paths = material.pictures(bench.images, megapixels, bench.count(48))
        boxes = [[0.1, 0.2, 0.2, 0.2], BOX, [0.6, 0.5, 0.3, 0.4]]

        def by_pil(paths=paths):
            for path in paths:
                np.asarray(Image.open(path).convert("RGB"))

        def by_us(paths=paths):
            for path in paths:
                pictures.decode(pictures.read_bytes(path))

        index = bench.ours.index(paths, f"crop{megapixels}")

        def stage(n: int, threads: int, boxes=boxes, paths=paths, index=index, megapixels=megapixels, **options):
            name = f"crop{megapixels}_{n}"
            found = bench.ours.boxes(paths, [boxes[1:2] if n == 1 else boxes] * len(paths), name)
            settings = {"format": "jpeg", "size": 256, "shape": "pad"} | options
            return lambda: bench.ours.crop(index, found, name, threads, **settings)

        print(f"crop, {len(paths)} pictures of {megapixels} megapixels", flush=True)
        at = f"{megapixels} megapixels"
        ways = {
            f"PIL's full decode, {at}": by_pil,
            f"crop stage, {at}": stage(1, bench.threads),
            f"crop stage, {at}, 1 core": stage(1, 1),
            f"crop stage, {at}, 3 detections": stage(3, bench.threads),
            f"crop stage, {at}, scaled decode": stage(1, bench.threads, decode="scaled", size=224),
            f"our decode, {at}, 1 core": by_us,
        }
        same = all(
            np.array_equal(np.asarray(Image.open(path).convert("RGB")), pictures.decode(path.read_bytes()))
            for path in paths
        )
        bench.details[f"decode {at}: pixels identical to PIL's"] = same
        pil, two, one, three, scaled, decode = bench.time(ways, len(paths)).values()
        limit = timing.decode_seconds(paths)
        bench.keep(f"crop_{megapixels}mp", pil, two, limit / bench.threads)
        bench.keep(f"crop_{megapixels}mp_1_core", pil, one, limit, named=False)
        bench.keep(f"crop_{megapixels}mp_3_detections", pil, three, limit / bench.threads, named=False)
        bench.keep(f"crop_{megapixels}mp_scaled", pil, scaled, limit / bench.threads, named=False)
        bench.keep(f"decode_{megapixels}mp_1_core", pil, decode, limit, named=False)


def index(bench) -> None:
    """Hash, header and EXIF, against reading the same bytes: from the page cache and, where that can be emptied, from the disk."""
    paths = [path for size in (3, 12) for path in material.pictures(bench.images, size, bench.count(48))]
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    print(f"index, {len(paths)} pictures, {megabytes:.0f} MB", flush=True)

    def read():
        with ThreadPoolExecutor(bench.threads) as pool:
            for _ in pool.map(Path.read_bytes, paths):
                pass

    ways = {"reading, page cache": read, "index stage, page cache": lambda: bench.ours.index(paths, "index")}
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
            seconds = timing.interleaved(some, bench.repeats, inner=inner)
            theirs, mine = seconds.values()
            rate = [megabytes / statistics.median(one) for one in (theirs, mine)]
            bench.keep(f"index_{kind.replace(' ', '_')}", theirs, mine, statistics.median(theirs), named=False)
            print(f"  {kind}: {rate[0]:.0f} MB/s read, {rate[1]:.0f} MB/s indexed", flush=True)


def embed(bench) -> None:
    """Crops to vectors: ResNet-152 and ResNet-50."""
    import torch

    from camtrap.embed import int8

    threads = bench.threads
    paths = material.pictures(bench.images, 2, bench.count(32))
    index, boxes = bench.ours.index(paths, "embed"), bench.ours.boxes(paths, [BOX] * len(paths), "embed")
    crops = bench.ours.crop(index, boxes, "embed", threads, format="jpeg")
    stored = ours_images(crops)
    for name in ("resnet152", "resnet50"):
        print(f"embed {name}, {len(stored)} crops", flush=True)
        options, embedder, operations = bench.network(name)
        notebook = Notebook(embedder, options)
        engine = bench.ours.engine(options, threads)
        torch.set_num_threads(threads)
        out = bench.folder / "notebook.jsonl"
        results = {}
        ways = {
            f"notebook's loop, {name}": lambda n=notebook, o=out, r=results: r.update(a=n.crops(stored, o)),
            f"embed stage, {name}": lambda e=engine, o=options, r=results: r.update(
                b=bench.ours.embed(crops, "float32", e, o, threads)
            ),
        }
        if name == "resnet152":
            quantised = bench.folder / f"{name}_int8.onnx"
            int8.calibrate([crops], bench.folder / f"{name}.json", quantised, options)
            exact = options | {"precision": "int8"}
            small = bench.ours.engine(exact, threads, quantised)
            ways[f"embed stage, {name}, int8"] = lambda e=small, o=exact, r=results: r.update(
                c=bench.ours.embed(crops, "int8", e, o, threads)
            )
            one = bench.ours.engine(options, 1)
            ways[f"embed stage, {name}, 1 core"] = lambda e=one, o=options: bench.ours.embed(crops, "one", e, o, 1)
        seconds = list(bench.time(ways, len(stored)).values())
        limit = operations * len(stored) / bench.peak[threads]
        bench.keep(f"embed_{name}_float32", seconds[0], seconds[1], limit)
        bench.details[f"agreement embed {name}"] = agreement(results["a"], results["b"])
        if "c" in results:
            bench.keep(f"embed_{name}_int8", seconds[0], seconds[2], limit)
            bench.details[f"agreement embed {name} int8 (random weights)"] = agreement(results["a"], results["c"])
            alone = operations * len(stored) / bench.peak[1]
            bench.details[f"1 core, {name}: part of its limit"] = alone / statistics.median(seconds[3])


def originals(bench) -> None:
    """Pictures of 12 megapixels to vectors, one detection each: crop stage and embed stage."""
    import torch

    paths = material.pictures(bench.images, 12, bench.count(24))
    boxes = [BOX] * len(paths)
    index, found = bench.ours.index(paths, "12"), bench.ours.boxes(paths, boxes, "12")
    decoding = timing.decode_seconds(paths) / bench.threads
    for name, kind in (("resnet152", Notebook), ("resnet50", Notebook)):
        print(f"12 megapixels to vectors, {name}, {len(paths)} pictures", flush=True)
        options, embedder, operations = bench.network(name)
        notebook, engine = kind(embedder, options), bench.ours.engine(options, bench.threads)
        torch.set_num_threads(bench.threads)
        results = {}

        def ours(e=engine, o=options, r=results):
            crops = bench.ours.crop(index, found, "12", bench.threads)
            r.update(b=bench.ours.embed(crops, "12", e, o, bench.threads))

        ways = {
            f"notebook, {name}": lambda n=notebook, r=results: r.update(
                a=n.originals(paths, boxes, bench.folder / "notebook.jsonl")
            ),
            f"crop and embed stage, {name}": ours,
        }
        theirs, mine = bench.time(ways, len(paths)).values()
        bench.keep(f"originals_{name}", theirs, mine, decoding + operations * len(paths) / bench.peak[bench.threads])
        bench.details[f"agreement originals {name}"] = agreement(results["a"], results["b"])


def folders(bench) -> None:
    """The second seed: whole pictures of 2 megapixels, ResNet-50, K-Means."""
    import torch
    from sklearn.cluster import KMeans

    paths = material.pictures(bench.images, 2, bench.count(32))
    whole = [[0.0, 0.0, 1.0, 1.0]] * len(paths)
    index, found = bench.ours.index(paths, "folders"), bench.ours.boxes(paths, whole, "folders")
    options, embedder, operations = bench.network("resnet50")
    theirs, engine = Folders(embedder, options), bench.ours.engine(options, bench.threads)
    torch.set_num_threads(bench.threads)

    def ours():
        crops = bench.ours.crop(index, found, "folders", bench.threads, shape="stretch")
        vectors = bench.ours.embed(crops, "folders", engine, options, bench.threads)
        KMeans(5, n_init=10, random_state=42).fit_predict(vectors)

    print(f"the second seed, {len(paths)} pictures of 2 megapixels", flush=True)
    a, b = bench.time({"second seed": lambda: theirs.sort(paths), "ours, whole pictures": ours}, len(paths)).values()
    limit = timing.decode_seconds(paths) / bench.threads + operations * len(paths) / bench.peak[bench.threads]
    bench.keep("folders_resnet50", a, b, limit, named=False)


def ours_images(crops: Path) -> list[bytes]:
    """The stored crops as files."""
    import pyarrow.parquet as pq

    return pq.read_table(crops, columns=["image"])["image"].to_pylist()
