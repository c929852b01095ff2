"""What tests and bench on a GPU run on: simulated pictures, networks with random weights. Made once for a folder.

Simulating takes a GPU's machine half a minute, so `make gpu-pack` packs pictures that are made already.
"""

import copy
import os
import shutil
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import material
import numpy as np

from camtrap.networks import torchvision_ops
from camtrap.networks.device import exact_float32

PACKED = Path(__file__).resolve().parents[2] / "build" / "gpu-pack" / "pictures"
SIZES = {3: (2048, 1536), 12: (4000, 3000)}
SMALL = {3: (640, 480), 12: (1280, 960)}
OPTIONS = material.OPTIONS | {"model": "resnet50", "weights": "random"}


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def simulated(folder: Path, megapixels: int, small: bool = False) -> list[Path]:
    """Simulated pictures of a size, one process per core: two per core, and at least eight; about half of them empty."""
    from camtrap.simulate import simulate

    out = folder / f"simulated{megapixels}{'_small' if small else ''}"
    if (PACKED / out.name).exists():
        out = PACKED / out.name
    if not out.exists():
        making = out.with_name(f"{out.name}.part")
        if megapixels == 12:  # to simulate these takes minutes
            made = simulated(folder, 3, small)
            with ProcessPoolExecutor(cores(), get_context("spawn")) as pool:
                list(pool.map(partial(enlarged, making, small), made))
        else:
            stations = max(4, cores())
            size = (SMALL if small else SIZES)[megapixels]
            simulate(making, 5, cards=1, stations=stations, pictures=2 * stations, size=size, workers=cores())
        making.rename(out)
    return [path for path in sorted(out.glob("**/*.[jJ][pP][gG]")) if usable(path)]


def enlarged(folder: Path, small: bool, path: Path) -> None:
    """A picture at 12 megapixels, with a sensor's noise, so that its JPEG is as heavy as a real one."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    pixels = cv2.resize(cv2.imread(str(path)), (SMALL if small else SIZES)[12], interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(path.stat().st_size).normal(0, 3, pixels.shape)
    cv2.imwrite(
        str(folder / path.name), np.clip(pixels + noise, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90]
    )


def usable(path: Path) -> bool:
    """Whether it is one of the whole pictures: the simulator adds broken ones."""
    return path.stat().st_size > 10_000 and "IMG_900" not in path.name


def multiplied(paths: Sequence[Path], folder: Path, count: int) -> list[Path]:
    """``count`` links to the pictures by turns, so that reading, hashing and decoding meet many files."""
    folder.mkdir(parents=True, exist_ok=True)
    links = [folder / f"{number:05d}.jpg" for number in range(count)]
    for number, link in enumerate(links):
        if not link.exists():
            try:
                os.link(paths[number % len(paths)], link)
            except OSError:  # another file system
                shutil.copyfile(paths[number % len(paths)], link)
    return links


def embedder_network(name: str, pictures: Sequence[Path]):
    """An embedder and its network with random weights, whose batch normalisation knows real pictures."""
    from camtrap.embed.models import load, resolve

    options = OPTIONS | {"model": name}
    embedder = resolve(options)
    network = load(embedder, options)
    material._settle(network, list(pictures), (embedder.image_size, embedder.image_size))
    return embedder, network


def detector_weights(folder: Path, name: str, pictures: Sequence[Path], device: str = "cpu") -> Path:
    """The checkpoint of a YOLOv5 with random weights, made on a device."""
    path = folder / f"{name}.pt"
    if not path.exists():
        if device != "cpu":
            exact_float32()
        making = folder / f"{name}.{os.getpid()}.part"
        material.yolo(making, name, list(pictures), centred=False, device=device)
        making.rename(path)
    return path


def inputs_of(crops: Sequence[bytes], embedder) -> np.ndarray:
    """Crops as the CPU prepares them for the network: float32 (n, 3, side, side)."""
    from camtrap.embed.models import preprocess
    from camtrap.pictures.decode import decode

    return np.stack([preprocess(decode(data), embedder) for data in crops])


def copied(network):
    """A copy, for an engine that moves its network to a device."""
    return copy.deepcopy(network)


def main(folder: str, device: str) -> None:
    """Say what this environment holds, and make the pictures."""
    import pyarrow
    import torch

    torchvision_ops.ensure()
    import timm
    import torchvision

    versions = [f"{module.__name__} {module.__version__}" for module in (torch, torchvision, timm, pyarrow, np)]
    print("python", sys.version.split()[0], *versions, "cores", cores())
    detector_weights(
        Path(folder),
        "yolov5n6" if device == "cpu" else "yolov5x6",
        simulated(Path(folder), 3, device == "cpu")[:8],
        device,
    )
    for megapixels in SIZES:
        begin = time.time()
        made = simulated(Path(folder), megapixels, device == "cpu")
        size = sum(path.stat().st_size for path in made) / len(made) / 1e6
        print(f"{len(made)} pictures of {megapixels} megapixels, {size:.2f} MB each, {time.time() - begin:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
