"""An embedder in 8-bit integers: static quantisation, calibrated on the survey's own crops."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from camtrap.core.errors import UserError
from camtrap.core.files import open_parquet, read_json, read_parquet, replacing, write_json
from camtrap.embed.models import Embedder, load, preprocess
from camtrap.networks import onnx
from camtrap.pictures import decode

CROPS = 128


def calibrate(
    crops: list[Path], embedder_file: Path, out: Path, options: dict, cache: str | None = None, count: int = CROPS
) -> None:
    """Write an embedder as ONNX in int8.

    Static quantisation as ONNX Runtime has it: weights per channel, activations per tensor, their ranges those seen on
    crops of the survey (least and greatest value). Weights use 7 bits, so that no sum of two products saturates on a
    processor without VNNI: what comes out is then the same on all.

    Parameters
    ----------
    crops : list of Path
        ``crops/{shard}.parquet`` of one or more shards. The first that has crops is taken.
    embedder_file : Path
        The embedder as :func:`camtrap.embed.models.resolve` found it.
    out : Path
    options : dict
        The configuration's ``embed`` section.
    count : int
        Crops to calibrate on, spread evenly over those of the shard.

    Raises
    ------
    UserError
        No crop in any of the shards, or the network cannot be exported.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    embedder = Embedder(**read_json(embedder_file))
    chosen = spread(_first_with_crops(crops), count)
    if not chosen:
        raise UserError(
            f"embed.precision: int8 is calibrated on crops, and there is none in {len(crops)} shards: lower crop.threshold, "
            "or choose float32"
        )
    write_json(_note(out), {"shards": [Path(path).stem for path in crops]})
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared = Path(folder) / "float32.onnx", Path(folder) / "prepared.onnx"
        example = np.zeros((2, 3, embedder.image_size, embedder.image_size), np.float32)
        try:
            onnx.export(plain, load(embedder, options, cache), example, free=(0,))
            quant_pre_process(plain, prepared)
        except UserError:
            raise
        except Exception as error:  # the exporter raises errors of many kinds
            raise UserError(
                f"embed.precision: int8 cannot be had for {embedder.model} ({decode.one_line(error)}): choose float32"
            ) from None
        with replacing(out) as temporary, quiet():
            quantize_static(
                prepared,
                temporary,
                Inputs(chosen, embedder),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
            )
    logging.info("%s in int8, calibrated on %d crops", embedder.model, len(chosen))


def to_look_in(crops: list[str], quantised: str) -> list[str]:
    """The shards' files that calibration waits for: the first that holds a crop, and those before it.

    Which shard that is can be known only when it was cropped: as long as it is not, all are waited for. Snakemake would
    calibrate again if it were asked with another list later, so :func:`calibrate` notes the list beside the network.
    """
    note = _note(quantised)
    if note.exists():
        noted = set(read_json(note)["shards"])
        if kept := [path for path in crops if Path(path).stem in noted]:
            return kept
    for number, path in enumerate(crops, 1):
        if not Path(path).exists():
            return crops[:number] if Path(quantised).exists() else crops
        if open_parquet(path).metadata.num_rows:
            return crops[:number]
    return crops


def _note(quantised: str | Path) -> Path:
    return Path(quantised).with_suffix(".json")


def _first_with_crops(crops: list[Path]) -> list[Path]:
    return next(([path] for path in crops if open_parquet(path).metadata.num_rows), [])


@contextmanager
def quiet() -> Iterator[None]:
    """ONNX Runtime's quantiser tells of every channel, to the root logger."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def spread(crops: list[Path], count: int) -> list[bytes]:
    """At most ``count`` stored crops, evenly spread over all rows of the files in their order."""
    tables = [read_parquet(path, columns=["image"]) for path in crops]
    total = sum(table.num_rows for table in tables)
    rows = set(np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int)).tolist()) if total else set()
    chosen, first = [], 0
    for table in tables:
        here = [row - first for row in sorted(rows) if first <= row < first + table.num_rows]
        chosen += table.take(pa.array(here, pa.int64()))["image"].to_pylist()
        first += table.num_rows
    return chosen


class Inputs:
    """The network's inputs, one crop at a time: a calibration reader as ``onnxruntime.quantization`` wants it."""

    def __init__(self, crops: list[bytes], embedder: Embedder):
        self.crops, self.embedder = crops, embedder
        self.rewind()

    def rewind(self) -> None:
        """Begin again."""
        self._next: Iterator[bytes] = iter(self.crops)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next input by name; None at the end."""
        crop = next(self._next, None)
        return None if crop is None else {"input": preprocess(decode.decode(crop), self.embedder)[None]}
