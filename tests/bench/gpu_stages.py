"""Our stages on a GPU beside the seeds' loops on the same GPU and the same pictures."""

import time
from collections.abc import Callable
from pathlib import Path

import gpu_material
import material
import pyarrow as pa
import pyarrow.parquet as pq
from gpu_ceilings import as_torch_comes, crops_of, names
from ways import BOX, Notebook, Ours

from camtrap.crop.run import CROP_SCHEMA
from camtrap.networks.device import exact_float32

CONVOLUTIONS = 0.35  # of a matrix product's rate


def embedder_options(bench) -> dict:
    """Settings of the embedder, with weights whose batch normalisation knows real pictures."""
    name = names(bench)[0]
    weights = bench.work / f"{name}.pth"
    if not weights.exists():
        material.resnet(weights, name, bench.pictures(3, 8))
    return gpu_material.OPTIONS | {"model": name, "weights": str(weights), "runtime": "torch"}


def variants(bench, options: dict, decodes: bool) -> dict[str, dict]:
    """Settings of the embed stage that are compared."""
    found = {"float32": options}
    if bench.small:  # a CPU has no other
        return found
    found["mixed"] = options | {"precision": "mixed"}
    if decodes:
        found["mixed, decode: gpu"] = options | {"precision": "mixed", "decode": "gpu"}
    return found


def rate_of(bench, network: str, kind: str) -> float | None:
    """Items a second that the card should compute, from its matrix products; None where they were not measured."""
    peak = bench.ceiling.get(f"operations a second, {kind}")
    operations = bench.facts.get(f"operations {network}")
    return CONVOLUTIONS * peak / operations if peak and operations else None


def least(*rates: float | None) -> float | None:
    """The smallest of some rates; None where one is not known."""
    known = [rate for rate in rates if rate]
    return min(known) if len(known) == len(rates) else None


def kind_of(variant: str) -> str:
    """The kind of number that a variant multiplies."""
    return {"float32": "float32", "mixed": "bfloat16"}[variant.partition(",")[0]]


def crops(bench) -> None:
    """Crops that are cut already to vectors: a file of crops and the embed stage, against the notebook's loop."""
    options, network = embedder_options(bench), names(bench)[0]
    ours = Ours(bench.work, bench.work / "images", bench.device)
    ours.embedder(options)
    stored = crops_of(bench, bench.n(4096, 12))
    file, few = bench.work / "crops_bench.parquet", stored[: bench.n(64, 4)]
    empty = dict.fromkeys(CROP_SCHEMA.names)
    rows = [empty | {"crop_id": f"{k:05d}", "image": data} for k, data in enumerate(stored)]
    pq.write_table(pa.Table.from_pylist(rows, CROP_SCHEMA), file, row_group_size=256)
    notebook = Notebook(options, bench.device, bench.cores)

    def theirs() -> None:
        as_torch_comes()
        notebook.crops(few, bench.work / "notebook.jsonl")

    ways: dict[str, Callable] = {"notebook": theirs}
    settings = variants(bench, options, decodes=True)
    for variant, chosen in settings.items():
        engine = ours.engine(chosen, bench.cores)
        bench.facts[f"batch found, {network} {variant}"] = engine.batch

        def way(chosen: dict = chosen, engine=engine) -> None:
            exact_float32()
            ours.embed(file, "bench", engine, chosen, bench.cores)

        ways[f"embed stage, {variant}"] = way
        if variant == "mixed":
            for threads in (4, 8):

                def fed(threads: int = threads, chosen: dict = chosen, engine=engine) -> None:
                    ours.embed(file, "bench", engine, chosen, threads)

                ways[f"embed stage, mixed, {threads} threads"] = fed
    seconds = bench.rounds(ways, max(1, bench.repeats - 1))
    base = len(few) / seconds["notebook"]
    bench.row("crops to vectors: the notebook's loop", base)
    for variant in settings:
        rate = len(stored) / seconds[f"embed stage, {variant}"]
        where = "on the device" if "decode: gpu" in variant else "all cores"
        kind = kind_of(variant)
        fed = bench.ceiling.get(f"crops prepared a second, {where}")
        predicted = least(rate_of(bench, network, kind), fed)
        part = rate / rate_of(bench, network, kind) * CONVOLUTIONS if rate_of(bench, network, kind) else None
        more = {
            "times the notebook's": rate / base,
            "of the matrix rate": part,
            "of what feeds it": rate / fed if fed else None,
        }
        bench.row(f"crops to vectors: embed stage, {variant}", rate, predicted, **more)
    for name in (name for name in seconds if name.endswith("threads")):
        bench.row(f"crops to vectors: {name}", len(stored) / seconds[name])
    exact_float32()


def originals(bench) -> None:
    """Pictures to vectors, one detection each: crop stage and embed stage, against the notebook's loop."""
    options, network = embedder_options(bench), names(bench)[0]
    ours = Ours(bench.work, bench.work / "images", bench.device)
    ours.embedder(options)
    notebook = Notebook(options, bench.device, bench.cores)
    settings = variants(bench, options, decodes=False)
    engines = {variant: ours.engine(chosen, bench.cores) for variant, chosen in settings.items()}
    for megapixels, count in ((12, bench.n(192, 4)), (3, bench.n(512, 6))):
        paths = bench.pictures(megapixels, count)
        few = paths[: bench.n(16, 2)]
        index = ours.index(paths, f"{megapixels}")
        found = ours.boxes(paths, [BOX] * count, f"{megapixels}")
        busy: dict[str, float] = {}

        def theirs(few: list[Path] = few) -> None:
            as_torch_comes()
            notebook.originals(few, [BOX] * len(few), bench.work / "notebook.jsonl")

        def crop(index: Path = index, found: Path = found, busy: dict = busy) -> Path:
            begin, before = time.perf_counter(), time.process_time()
            made = ours.crop(index, found, "originals", bench.cores, format="jpeg")
            busy["crop"] = (time.process_time() - before) / (time.perf_counter() - begin) / bench.cores
            return made

        ways: dict[str, Callable] = {"notebook": theirs, "crop stage": crop}
        for variant, chosen in settings.items():

            def way(chosen: dict = chosen, engine=engines[variant], crop=crop) -> None:
                exact_float32()
                ours.embed(crop(), "originals", engine, chosen, bench.cores)

            ways[variant] = way
        seconds = bench.rounds(ways, max(1, bench.repeats - 1))
        base, name = len(few) / seconds["notebook"], f"{megapixels} megapixels to vectors"
        bench.row(f"{name}: the notebook's loop", base)
        decoded = bench.ceiling.get(f"pictures a second, {megapixels} megapixels, all cores")
        bench.row(f"{name}: crop stage alone", count / seconds["crop stage"], decoded, **{"cores busy": busy["crop"]})
        for variant in settings:
            rate, computed = count / seconds[variant], rate_of(bench, network, kind_of(variant))
            fed = bench.ceiling.get("crops prepared a second, all cores")
            predicted = 1 / (1 / decoded + 1 / min(computed, fed)) if decoded and computed and fed else None
            bench.row(
                f"{name}: crop and embed stage, {variant}", rate, predicted, **{"times the notebook's": rate / base}
            )
        bench.save()
    exact_float32()
