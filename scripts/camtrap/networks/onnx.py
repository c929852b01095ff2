"""Networks in ONNX Runtime on a CPU.

It computes float32 convolutions faster than torch (`make bench`) with the same result up to rounding. One session is
shared by all threads of a job and computes in the thread that calls it, so a job never uses more threads than it has,
and what comes out depends neither on their number nor (for the networks tried) on the batch.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from camtrap.networks.convert import cached, converted

if TYPE_CHECKING:
    import torch


class Session:
    """A network that computes in the calling thread; several threads may call it at once."""

    def __init__(self, path: Path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """The first output for the one input, both float32."""
        return self._session.run(None, {self._input: inputs})[0]


def exported(
    name: str,
    cache: str | None,
    build: Callable[[], "torch.nn.Module"],
    probes: list[np.ndarray],
    free: tuple[int, ...] = (0,),
) -> Session | None:
    """A network from the cache or exported now (:func:`camtrap.networks.convert.converted`); the axes ``free`` of its input may vary."""
    target = cached("onnx", name, cache, ("onnxruntime",))
    return converted(target, build, probes, lambda path, module, example: export(path, module, example, free), Session)


def export(path: Path, module: "torch.nn.Module", example: np.ndarray, free: tuple[int, ...] = ()) -> None:
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
            dynamic_axes={"input": axes, "output": {0: "axis0"}} if axes else None,
            dynamo=False,
        )
