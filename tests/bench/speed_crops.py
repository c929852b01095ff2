"""The speed of what comes before and after detection: index, crop and embed stage beside PIL and the seeds' ways."""

import os
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import material
import numpy as np
import timing
from apart import MEMORY_KEPT, Apart
from ways import BOX, Folders, Notebook, Ours, agreement


def by_pil(paths: list[Path]) -> Callable:
    """PIL's full decode alone."""
    from PIL import Image

    def way() -> None:
        for path in paths:
            np.asarray(Image.open(path).convert("RGB"))

    return way


def by_us(paths: list[Path]) -> Callable:
    """Our decode alone."""
    from camtrap.pictures import decode, source

    def way() -> None:
        for path in paths:
            decode.decode(source.read(path))

    return way


def crop_stage(ours: Ours, index: Path, found: Path, name: str, threads: int, options: dict) -> Callable:
    """The crop stage, from files to a file."""

    def way() -> None:
        ours.crop(index, found, name, threads, **options)

    return way


def crop(bench) -> None:
    """The whole stage, from files to a file, against PIL's full decode alone; then decoding alone, one thread on both sides."""
    from PIL import Image

    from camtrap.pictures import decode

    for megapixels in (3, 12):
        paths = material.pictures(bench.images, megapixels, bench.count(96 if megapixels == 3 else 48))
        boxes = [[0.1, 0.2, 0.2, 0.2], BOX, [0.6, 0.5, 0.3, 0.4]]
        index = bench.ours.index(paths, f"crop{megapixels}")

        def stage(n: int, threads: int, boxes=boxes, paths=paths, index=index, megapixels=megapixels, **options):
            name = f"crop{megapixels}_{n}"
            found = bench.ours.boxes(paths, [boxes[1:2] if n == 1 else boxes] * len(paths), name)
            settings = {"format": "jpeg", "size": 256, "shape": "pad"} | options
            return Apart(crop_stage, bench.ours, index, found, name, threads, settings)

        print(f"crop, {len(paths)} pictures of {megapixels} megapixels", flush=True)
        at = f"{megapixels} megapixels"
        ways = {
            f"PIL's full decode, {at}": Apart(by_pil, paths),
            f"PIL's full decode, {at}, memory kept": Apart(by_pil, paths, environment=MEMORY_KEPT),
            f"crop stage, {at}": stage(1, bench.threads),
            f"crop stage, {at}, 1 core": stage(1, 1),
            f"crop stage, {at}, 3 detections": stage(3, bench.threads),
            f"crop stage, {at}, scaled decode": stage(1, bench.threads, decode="scaled", size=224),
            f"our decode, {at}, 1 core": Apart(by_us, paths),
        }
        same = all(
            np.array_equal(np.asarray(Image.open(path).convert("RGB")), decode.decode(path.read_bytes()))
            for path in paths
        )
        bench.details[f"decode {at}: pixels identical to PIL's"] = same
        pil, kept, two, one, three, scaled, decode = bench.time(ways, len(paths)).values()
        limit = timing.decode_seconds(paths)
        # against Pillow at its best: what a plain process does with its memory is a matter of luck
        bench.keep(f"crop_{megapixels}mp", kept, two, limit / bench.threads)
        bench.keep(f"crop_{megapixels}mp_plain", pil, two, limit / bench.threads, named=False)
        bench.keep(f"crop_{megapixels}mp_1_core", kept, one, limit, named=False)
        bench.keep(f"crop_{megapixels}mp_3_detections", kept, three, limit / bench.threads, named=False)
        bench.keep(f"crop_{megapixels}mp_scaled", kept, scaled, limit / bench.threads, named=False)
        bench.keep(f"decode_{megapixels}mp_1_core", kept, decode, limit, named=False)


def reading(paths: list[Path], threads: int) -> Callable:
    """Reading the files, nothing else."""

    def way() -> None:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(Path.read_bytes, paths):
                pass

    return way


def index_stage(ours: Ours, paths: list[Path], name: str) -> Callable:
    """The index stage, from files to a file."""

    def way() -> None:
        ours.index(paths, name)

    return way


class Cold(Apart):
    """The page cache is emptied before each call."""

    DROP = Path("/proc/sys/vm/drop_caches")

    def __call__(self) -> float:
        """Seconds of the call alone."""
        os.sync()
        self.DROP.write_text("3")
        return super().__call__()


def index(bench) -> None:
    """Hash, header and EXIF, against reading the same bytes: from the page cache and, where that can be emptied, from the disk."""
    paths = [path for size in (3, 12) for path in material.pictures(bench.images, size, bench.count(48))]
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    print(f"index, {len(paths)} pictures, {megabytes:.0f} MB", flush=True)
    kinds = {"page cache": Apart} | ({"disk": Cold} if os.access(Cold.DROP, os.W_OK) else {})
    for kind, make in kinds.items():
        ways = {
            f"reading, {kind}": make(reading, paths, bench.threads),
            f"index stage, {kind}": make(index_stage, bench.ours, paths, "index"),
        }
        theirs, mine = timing.interleaved(ways, bench.repeats).values()
        rate = [megabytes / statistics.median(one) for one in (theirs, mine)]
        bench.keep(f"index_{kind.replace(' ', '_')}", theirs, mine, statistics.median(theirs), named=False)
        print(f"  {kind}: {rate[0]:.0f} MB/s read, {rate[1]:.0f} MB/s indexed", flush=True)


def notebook_crops(options: dict, device: str, threads: int, images: list[bytes], out: Path) -> Callable:
    """The notebook's loop over crops that are cut already."""
    notebook = Notebook(options, device, threads)
    return lambda: notebook.crops(images, out)


def embed_stage(
    ours: Ours, crops: Path, name: str, options: dict, threads: int, quantised: Path | None = None
) -> Callable:
    """The embed stage, from a file of crops to a file of vectors."""
    engine = ours.engine(options, threads, quantised)
    return lambda: ours.embed(crops, name, engine, options, threads)


def embed(bench) -> None:
    """Crops to vectors: ResNet-152 and ResNet-50."""
    import pyarrow.parquet as pq

    from camtrap.embed import int8
    from camtrap.embed.engines import has_bfloat16

    threads = bench.threads
    paths = material.pictures(bench.images, 2, bench.count(32))
    index, boxes = bench.ours.index(paths, "embed"), bench.ours.boxes(paths, [BOX] * len(paths), "embed")
    crops = bench.ours.crop(index, boxes, "embed", threads, format="jpeg")
    stored = pq.read_table(crops, columns=["image"])["image"].to_pylist()
    for name in ("resnet152", "resnet50"):
        print(f"embed {name}, {len(stored)} crops", flush=True)
        options, operations = bench.network(name)
        loop = Apart(notebook_crops, options, bench.device, threads, stored, bench.folder / "notebook.jsonl")
        stage = Apart(embed_stage, bench.ours, crops, f"float32_{name}", options, threads)
        ways = {f"notebook's loop, {name}": loop, f"embed stage, {name}": stage}
        if name == "resnet152" and bench.device == "cpu":
            quantised = bench.folder / f"{name}_int8.onnx"
            int8.calibrate([crops], bench.folder / f"{name}.json", quantised, options)
            exact = options | {"precision": "int8"}
            small = Apart(embed_stage, bench.ours, crops, "int8", exact, threads, quantised)
            ways[f"embed stage, {name}, int8"] = small
            ways[f"embed stage, {name}, 1 core"] = Apart(embed_stage, bench.ours, crops, "one", options, 1)
            if has_bfloat16():
                half = options | {"precision": "mixed"}
                ways[f"embed stage, {name}, mixed"] = Apart(embed_stage, bench.ours, crops, "half", half, threads)
        seconds = list(bench.time(ways, len(stored)).values())
        limit = operations * len(stored) / bench.peak[threads]
        bench.keep(f"embed_{name}_float32", seconds[0], seconds[1], limit)
        bench.details[f"agreement embed {name}"] = agreement(loop.value, stage.value)
        if len(seconds) > 4:
            bench.keep(f"embed_{name}_mixed", seconds[0], seconds[4], limit, named=False)
        if len(seconds) > 2:
            bench.keep(f"embed_{name}_int8", seconds[0], seconds[2], limit)
            bench.details[f"agreement embed {name} int8 (random weights)"] = agreement(loop.value, small.value)
            alone = operations * len(stored) / bench.peak[1]
            bench.details[f"1 core, {name}: part of its limit"] = alone / statistics.median(seconds[3])


def notebook_originals(options: dict, device: str, threads: int, paths: list[Path], out: Path) -> Callable:
    """The notebook from whole pictures, one detection each."""
    notebook = Notebook(options, device, threads)
    return lambda: notebook.originals(paths, [BOX] * len(paths), out)


def crop_and_embed(ours: Ours, index: Path, found: Path, name: str, options: dict, threads: int) -> Callable:
    """The crop stage and the embed stage, from pictures to vectors."""
    engine = ours.engine(options, threads)
    return lambda: ours.embed(ours.crop(index, found, name, threads), name, engine, options, threads)


def originals(bench) -> None:
    """Pictures of 12 megapixels to vectors, one detection each: crop stage and embed stage."""
    paths, threads = material.pictures(bench.images, 12, bench.count(24)), bench.threads
    index, found = bench.ours.index(paths, "12"), bench.ours.boxes(paths, [BOX] * len(paths), "12")
    decoding = timing.decode_seconds(paths) / threads
    for name in ("resnet152", "resnet50"):
        print(f"12 megapixels to vectors, {name}, {len(paths)} pictures", flush=True)
        options, operations = bench.network(name)
        notebook = Apart(notebook_originals, options, bench.device, threads, paths, bench.folder / "notebook.jsonl")
        ours = Apart(crop_and_embed, bench.ours, index, found, "12", options, threads)
        ways = {f"notebook, {name}": notebook, f"crop and embed stage, {name}": ours}
        theirs, mine = bench.time(ways, len(paths)).values()
        bench.keep(f"originals_{name}", theirs, mine, decoding + operations * len(paths) / bench.peak[threads])
        bench.details[f"agreement originals {name}"] = agreement(notebook.value, ours.value)


def second_seed(options: dict, device: str, threads: int, paths: list[Path]) -> Callable:
    """Whole pictures, one at a time, then K-Means."""
    seed = Folders(options, device, threads)
    return lambda: seed.sort(paths)


def sorted_by_us(ours: Ours, index: Path, found: Path, options: dict, threads: int) -> Callable:
    """The same by our stages and the same K-Means."""
    from sklearn.cluster import KMeans

    engine = ours.engine(options, threads)

    def way() -> np.ndarray:
        crops = ours.crop(index, found, "folders", threads, shape="stretch")
        return KMeans(5, n_init=10, random_state=42).fit_predict(ours.embed(crops, "folders", engine, options, threads))

    return way


def folders(bench) -> None:
    """The second seed: whole pictures of 2 megapixels, ResNet-50, K-Means."""
    paths, threads = material.pictures(bench.images, 2, bench.count(32)), bench.threads
    whole = [[0.0, 0.0, 1.0, 1.0]] * len(paths)
    index, found = bench.ours.index(paths, "folders"), bench.ours.boxes(paths, whole, "folders")
    options, operations = bench.network("resnet50")
    print(f"the second seed, {len(paths)} pictures of 2 megapixels", flush=True)
    ways = {
        "second seed": Apart(second_seed, options, bench.device, threads, paths),
        "ours, whole pictures": Apart(sorted_by_us, bench.ours, index, found, options, threads),
    }
    a, b = bench.time(ways, len(paths)).values()
    limit = timing.decode_seconds(paths) / threads + operations * len(paths) / bench.peak[threads]
    bench.keep("folders_resnet50", a, b, limit, named=False)
