"""Networks in ONNX Runtime on a CPU: exported from torch once, compared with it, kept in the cache.

ONNX Runtime computes float32 convolutions faster than torch (`make bench`) with the same result up to rounding.
One session is shared by all threads of a job and computes in the thread that calls it, so a job never uses more
threads than it has, and what comes out depends neither on their number nor (for the networks tried) on the batch.
"""

import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from camtrap.files import replacing
from camtrap.pictures import one_line
from camtrap.weights import cache_folder

# An exported network that differs more from torch (relative to its largest output) is not used; more only where torch
# differs from itself by a quarter of it, computing in another order: an ill-conditioned network has no exact output.
TOLERANCE, OWN = 1e-4, 4
# What an export depends on beside the weights.
EXPORTERS = ("torch", "torchvision", "timm", "yolov5", "ultralytics", "onnxruntime")


def cached(name: str, cache: str | None) -> Path:
    """Where an exported network lies in the cache: another version of a library that builds it is another file."""
    versions = "-".join(_version(package) for package in EXPORTERS)
    return cache_folder(cache) / "onnx" / f"{name}-{versions}.onnx"


def session(path: Path):
    """An ``onnxruntime.InferenceSession`` that computes in the calling thread; several threads may call it at once."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(opened, inputs: np.ndarray) -> np.ndarray:
    """The session's first output for its one input."""
    return opened.run(None, {opened.get_inputs()[0].name: inputs})[0]


def exported(target: Path, build: Callable, probes: list[np.ndarray], free: tuple[int, ...] = (0,)):
    """Open an exported network; where it is not in the cache, export it and compare it with torch first.

    Parameters
    ----------
    target : Path
        As :func:`cached` says. If its folder cannot be written, the export serves this job only.
    build : callable
        Builds the torch module (float32, evaluation mode, one input, one output); called only if it is needed.
    probes : list of float32 arrays
        Inputs of different shapes; the first is what the module is traced with.
    free : tuple of int
        Axes of the input that may vary.

    Returns
    -------
    InferenceSession or None
        None if the network cannot be exported or comes out different: then torch computes it.
    """
    if target.exists():
        return session(target)
    module = build()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / target.name
        try:
            export(path, module, probes[0], free)
            opened = session(path)
            worst = 0.0
            for probe in probes:
                differs, own = _difference(opened, module, probe)
                if not differs <= max(TOLERANCE, OWN * own):
                    raise ValueError(f"its output differs by {differs:.1e} of the largest")
                worst = max(worst, differs)
        except Exception as error:  # the exporter and the runtime raise errors of many kinds
            logging.warning("ONNX Runtime cannot take this network (%s): torch computes it", one_line(error))
            return None
        logging.info("exported to ONNX; it differs from torch by at most %.1e of the largest output", worst)
        try:
            with replacing(target) as temporary:
                shutil.copyfile(path, temporary)
        except OSError as error:
            logging.info("%s: the exported network is not kept for the next job (%s)", target, error.strerror)
    return opened


def export(path: Path, module, example: np.ndarray, free: tuple[int, ...]) -> None:
    """Write a torch module as ONNX with its batch normalisation folded in; the axes ``free`` of its input may vary."""
    import torch

    axes = {number: f"axis{number}" for number in free}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        # the exporter by tracing needs no further package, the newer one needs onnxscript
        torch.onnx.export(
            module,
            (torch.from_numpy(example),),
            str(path),
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": axes, "output": {0: "axis0"}},
            dynamo=False,
        )


def _difference(opened, module, probe: np.ndarray) -> tuple[float, float]:
    """Largest difference between ONNX Runtime and torch, and between torch and torch with channels last, as parts of the
    largest output."""
    import torch

    inputs = torch.from_numpy(probe)
    with torch.inference_mode():
        wanted = module(inputs).numpy()
        other = module(inputs.contiguous(memory_format=torch.channels_last)).numpy() if inputs.dim() == 4 else wanted
    largest = np.abs(wanted).max()
    return float(np.abs(run(opened, probe) - wanted).max() / largest), float(np.abs(other - wanted).max() / largest)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
