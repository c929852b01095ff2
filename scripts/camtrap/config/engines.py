"""Which combinations of device, runtime and precision there are. Nothing heavy is imported: the main process asks, too."""

from collections.abc import Mapping
from typing import Any

__all__ = ["detector_mistake", "embedder_mistake"]

ON_CPU = ("onnxruntime", "ncnn")


def detector_mistake(options: Mapping[str, Any], cpu: bool) -> str | None:
    """What is wrong with the configuration's ``detector`` section on a CPU, or on a GPU; None if nothing is."""
    if options["precision"] == "mixed" and cpu:
        return "detector.precision: mixed needs a GPU (most CPUs emulate half precision, tens of times slower): add --resources gpu=1"
    if options["runtime"] in ON_CPU and not cpu:
        return f"detector.runtime: {options['runtime']} is for the CPU; on a GPU choose auto or torch"
    return None


def embedder_mistake(options: Mapping[str, Any], cpu: bool) -> str | None:
    """The same of the ``embed`` section. (Whether a CPU can compute ``mixed`` is for that CPU to say.)"""
    runtime, precision = options["runtime"], options["precision"]
    if precision == "mixed" and runtime in ON_CPU:
        return f"embed.precision: mixed is computed by torch: choose embed.runtime: auto, not {runtime}"
    if precision == "int8" and (not cpu or runtime in ("torch", "ncnn")):
        return "embed.precision: int8 is for ONNX Runtime on a CPU (add --resources gpu=0, leave embed.runtime)"
    if runtime in ON_CPU and not cpu:
        return f"embed.runtime: {runtime} is for the CPU; on a GPU choose auto or torch"
    if options["compile"] and cpu and runtime != "torch" and precision != "mixed":
        return "embed.compile: true is for torch: choose embed.runtime: torch, or a GPU (--resources gpu=1)"
    if options["decode"] == "gpu" and cpu:
        return "embed.decode: gpu needs a GPU: add --resources gpu=1, or set embed.decode: cpu"
    return None
