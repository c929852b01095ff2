"""Networks converted from torch for an engine that is faster on a CPU: made once, compared with torch, kept in the cache."""

import ctypes
import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from camtrap.core.errors import DamageError, UserError
from camtrap.core.files import read_json, replacing, write_json
from camtrap.core.hashes import file_hash
from camtrap.networks.weights import cache_folder
from camtrap.pictures.decode import one_line

if TYPE_CHECKING:
    import torch

Computes = Callable[[np.ndarray], np.ndarray | tuple[np.ndarray, ...]]
Network = TypeVar("Network", bound=Computes)

# A converted network that differs more from torch (relative to its largest output) is not used; more only where torch
# differs from itself by a quarter of it, computing in another order: an ill-conditioned network has no exact output.
TOLERANCE, OWN = 1e-4, 4
# Room that a conversion takes, as a multiple of the weights' bytes (ncnn of YOLOv5x6: 3.8).
ROOM = 4
# What a conversion depends on beside the weights and the engine.
BUILDERS = ("torch", "torchvision", "timm", "yolov5", "ultralytics")


def cached(kind: str, name: str, cache: str | None, packages: tuple[str, ...]) -> Path:
    """Where a converted network lies in the cache: another version of a library that builds it is another file.

    Parameters
    ----------
    kind : str
        Its format, which is also its folder and its suffix.
    name : str
        What tells its weights from others.
    packages : tuple of str
        The engine's own packages.

    Raises
    ------
    UserError
        The cache's path is not UTF-8, which the engines cannot open.
    """
    versions = "-".join(_version(package) for package in (*BUILDERS, *packages))
    target = cache_folder(cache) / kind / f"{name}-{versions}.{kind}"
    try:
        os.fspath(target).encode()
    except UnicodeEncodeError:
        raise UserError(f"cache: {os.fsencode(target.parent)!r} is not UTF-8: choose another folder") from None
    return target


def converted(
    target: Path,
    build: Callable[[], "torch.nn.Module"],
    probes: list[np.ndarray],
    convert: Callable[[Path, "torch.nn.Module", np.ndarray], None],
    load: Callable[[Path], Network],
    before: Callable[[], None] = lambda: None,
) -> Network | None:
    """Open a converted network; where it is not in the cache, convert it and compare it with torch first.

    Parameters
    ----------
    target : Path
        As :func:`cached` says. If its folder cannot be written, the conversion serves this job only.
    build : callable
        Builds the torch module (float32, evaluation mode, one input, one output or a tuple of them); called only if it
        is needed.
    probes : list of float32 arrays
        Inputs of different shapes; the first is what the module is traced with.
    convert : callable
        ``convert(path, module, example)`` writes the network to ``path``, and to other files beside it.
    load : callable
        ``load(path)`` opens it: a callable from an array to an array or a tuple of them.
    before : callable
        Called before a network of the cache is opened, when it is sure that no module will be built.

    Returns
    -------
    What ``load`` returns, or None if the network cannot be converted or comes out different.

    Raises
    ------
    UserError
        A network of the cache is whole and cannot be opened.
    """
    if os.path.exists(target):
        wrong = _damage(target)
        if not wrong:
            before()
            try:
                return load(target)
            except Exception as error:
                raise UserError(f"{target} cannot be opened ({one_line(error)}): delete it and run again") from None
        logging.warning("%s %s: converted again", target, wrong)
    module = build()
    needed, room = ROOM * _bytes(module), shutil.disk_usage(tempfile.gettempdir()).free
    if room < needed:
        where = f"{tempfile.gettempdir()} (TMPDIR) has room for {room / 1e6:.0f} MB"
        logging.warning("%s: converting needs %.0f MB, %s", target.suffix[1:], needed / 1e6, where)
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / target.name
        try:
            convert(path, module, probes[0])
            give_back()
            opened = load(path)
            worst = max(_compared(opened, module, probe) for probe in probes)
        except Exception as error:  # converters and engines raise errors of many kinds
            logging.warning("%s cannot compute this network (%s)", target.suffix[1:], one_line(error))
            return None
        logging.info("converted; it differs from torch by at most %.1e of the largest output", worst)
        _keep(Path(folder), target)
    return opened


def give_back() -> None:
    """Return to the system what was freed: glibc would keep the checkpoint's two copies, 1.8 GB for YOLOv5x6."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _compared(opened: Computes, module: "torch.nn.Module", probe: np.ndarray) -> float:
    """Largest difference from torch as a part of the largest output; ValueError where that is too much.

    What is too much is measured by torch itself, with channels last.
    """
    import torch

    inputs = torch.from_numpy(probe)
    with torch.inference_mode():
        wanted = _arrays(module(inputs))
        other = _arrays(module(inputs.contiguous(memory_format=torch.channels_last))) if inputs.dim() == 4 else wanted
    differs = _difference(_arrays(opened(probe)), wanted)
    if not differs <= max(TOLERANCE, OWN * _difference(other, wanted)):
        raise ValueError(f"its output differs by {differs:.1e} of the largest")
    return differs


def _arrays(outputs: Any) -> list[np.ndarray]:
    return [np.asarray(output) for output in (outputs if isinstance(outputs, tuple) else (outputs,))]


def _difference(given: list[np.ndarray], wanted: list[np.ndarray]) -> float:
    shapes = [[array.shape for array in arrays] for arrays in (given, wanted)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"its outputs have the shapes {shapes[0]}, not {shapes[1]}")
    parts = [np.abs(one - two).max() / np.abs(two).max() for one, two in zip(given, wanted, strict=True)]
    return float(np.max(parts))  # NaN if any is


def _keep(folder: Path, target: Path) -> None:
    """Copy all that was written into the cache, and its hashes; the target last: where it is, the others are."""
    try:
        write_json(_hashes(target), {file.name: file_hash(file) for file in sorted(folder.iterdir())})
        for file in sorted(folder.iterdir(), key=lambda file: file.name == target.name):
            with replacing(target.with_name(file.name)) as temporary:
                shutil.copyfile(file, temporary)
    except OSError as error:
        logging.info("%s: the converted network is not kept for the next job (%s)", target, error.strerror)


def _damage(target: Path) -> str | None:
    """What is wrong with a network in the cache; None if its files are those that were written there."""
    try:
        hashes = read_json(_hashes(target))
        for name, known in hashes.items():
            if file_hash(target.with_name(name)) != known:
                return f"is damaged (the SHA-256 of {name} is another)"
        return None if target.name in hashes else "is damaged (no SHA-256 of it is known)"
    except FileNotFoundError as error:
        return f"is not whole or of an earlier version (there is no {Path(error.filename).name})"
    except (DamageError, OSError, ValueError, AttributeError) as error:
        return f"is damaged ({one_line(error)})"


def _hashes(target: Path) -> Path:
    return target.with_name(target.name + ".sha256.json")


def _bytes(module: "torch.nn.Module") -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in module.parameters())


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
