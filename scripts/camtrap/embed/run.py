"""The embed stage of one shard: crops in, one vector per crop out; the next crops are decoded while some are computed."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from camtrap.core.files import open_parquet, read_json, write_parquet
from camtrap.core.logs import progress
from camtrap.core.parallel import batched, ordered
from camtrap.embed import on_device
from camtrap.embed.engines import Engine, make_engine
from camtrap.embed.models import Embedder, preprocess
from camtrap.pictures import decode

PIECE = 32  # most crops of a GPU's batch that one thread decodes


def embed_shard(
    crops: Path,
    embedder_file: Path,
    out: Path,
    options: dict,
    cache: str | None = None,
    device: str = "cpu",
    threads: int = 1,
    batch_size: int = 8,
    stage_version: int = 0,
    quantised: Path | None = None,
) -> None:
    """Describe every crop of a shard (columns and metadata: docs/tables.md).

    Parameters
    ----------
    crops : Path
        ``crops/{shard}.parquet``.
    embedder_file : Path
        The embedder as :func:`camtrap.embed.models.resolve` found it.
    options : dict
        The configuration's ``embed`` section.
    device : str
        "cpu" or "cuda:N".
    threads, batch_size : int
        Speed only: what comes out does not depend on them (on a CPU; a GPU chooses its algorithm by the batch, and
        results differ in rounding).
    quantised : Path, optional
        The network in int8, for ``precision: int8``.
    """
    embedder = Embedder(**read_json(embedder_file))
    file = open_parquet(crops)
    ids, vectors = [], []
    if file.metadata.num_rows:
        if options["decode"] == "gpu":
            on_device.check_crop(next(file.iter_batches(1, columns=["image"]))["image"][0].as_py())
        engine = make_engine(embedder, options, cache, device, threads, batch_size, quantised)
        if engine.decodes or device != "cpu":  # those that compute, each of them a batch, should all have work
            engine = replace(engine, batch=even(file.metadata.num_rows, engine.batch, engine.workers))
        batches = -(-file.metadata.num_rows // engine.batch)
        for names, outputs in progress(described(file, embedder, engine, threads), batches, "batches embedded"):
            ids += names
            vectors.append(outputs)
    kind = pa.float16() if options["storage"] == "float16" else pa.float32()
    matrix = np.concatenate(vectors) if vectors else np.zeros((0, 1), np.float32)
    matrix = matrix.astype(np.float16 if options["storage"] == "float16" else np.float32)
    flat = pa.array(matrix.ravel(), kind)
    table = pa.table(
        {"crop_id": pa.array(ids, pa.string()), "embedding": pa.FixedSizeListArray.from_arrays(flat, matrix.shape[1])}
    )
    known = embedder.as_dict()
    metadata = {
        "model": known["model"],
        "weights_sha256": known["sha256"],
        "transform": json.dumps({key: known[key] for key in ("image_size", "interpolation", "mean", "std")}),
        "pooling": known["pooling"],
        "licence": known["licence"],
        "precision": options["precision"],
        "stage_version": str(stage_version),
    }
    if options["decode"] != "cpu":
        metadata["decode"] = options["decode"]
    if options["flip"]:
        metadata["flip"] = "mean with the mirror image"
    write_parquet(out, table.replace_schema_metadata(metadata), use_dictionary=False)
    logging.info("%d crops embedded by %s", len(ids), embedder.model)


def even(n: int, largest: int, workers: int) -> int:
    """The batch, at most ``largest``, with which ``workers`` that take ``n`` crops by turns end together."""
    rounds = -(-n // (largest * workers))
    return -(-n // (rounds * workers))


def described(
    file: pq.ParquetFile, embedder: Embedder, engine: Engine, threads: int
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Yield (crop ids, float32 (n, d)) of batch after batch; the next is decoded while one is computed.

    On a CPU each thread decodes a batch and computes it, all of them at once. A GPU is fed by threads that decode its large
    batches in pieces, and kept busy by those that compute. An engine that takes JPEGs gets them as they are.
    """

    def prepare(batch: pa.RecordBatch) -> tuple[list[str], np.ndarray | list[bytes]]:
        names, images = batch["crop_id"].to_pylist(), batch["image"].to_pylist()
        if engine.encoded:
            return names, images
        return names, np.stack([preprocess(decode.decode(image), embedder) for image in images])

    def compute(decoded: list[tuple[list[str], np.ndarray | list[bytes]]]) -> tuple[list[str], np.ndarray]:
        names = [name for piece, _ in decoded for name in piece]
        if engine.encoded:
            return names, engine.forward([image for _, piece in decoded for image in piece])
        inputs = np.concatenate([piece for _, piece in decoded])
        decoded.clear()  # the pieces are not needed while the network computes
        return names, engine.forward(inputs)

    columns = ["crop_id", "image"]
    if engine.decodes:
        batches = file.iter_batches(engine.batch, columns=columns)
        return ordered(lambda batch: compute([prepare(batch)]), batches, engine.workers)
    # pieces of a batch: small ones, so that all threads have one, and none without a crop
    number = min(engine.batch, max(-(-engine.batch // PIECE), -(-threads // engine.workers)))
    pieces = file.iter_batches(-(-engine.batch // number), columns=columns)
    prepared = ordered(prepare, pieces, threads, ahead=number * engine.workers)
    return ordered(compute, batched(prepared, number), engine.workers)
