"""MegaDetector, and any other YOLO weights that the `megadetector` package loads."""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from camtrap.config.engines import detector_mistake
from camtrap.core.errors import PictureError, UserError
from camtrap.core.hashes import file_hash
from camtrap.core.logs import progress
from camtrap.core.parallel import batched, ordered
from camtrap.detect import networks
from camtrap.detect.boxes import of_batch, one_per_animal
from camtrap.detect.task import Entry, Row, Task, failure
from camtrap.detect.weights import refuse_unknown, weights_path
from camtrap.detections.megadetector_json import CATEGORIES
from camtrap.networks import torchvision_ops
from camtrap.pictures.decode import one_line

Prepared = dict[str, Any]  # a picture for the network: file, planes (uint8 (3, h, w)), and the shapes that it had

GPU_BATCH = 8  # a larger one made the stage no faster (docs/performance.md)
OWN_CLASSES = {"animal": [0], "person": [1], "vehicle": [2]}


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Drop what the package prints; for the whole process, so not from several threads at once."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


class MegaDetector:
    """The package's own detector (compatibility mode "classic", its default), fed with decoded pictures.

    Its preprocessing and its suppression are kept; the network between them is computed by ncnn or ONNX Runtime on a CPU, or
    by torch. ``workers`` threads may call it at once; ``decodes`` says that those should decode their pictures too.

    Parameters
    ----------
    path : Path
        The weights.
    sha256 : str
        What their hash must be: a .pt file is a pickle, so it is compared before the file is read.
    device : str
        "cpu" or "cuda:N".
    image_size : int or None
        Long side of the network's input; None is the model's own.
    classes : dict or None
        Category name to the model's class numbers; None is MegaDetector's own three.
    min_confidence : float
    runtime : {"auto", "torch", "onnxruntime", "ncnn"}
        ``auto`` is, on a CPU, ncnn for a large model and ONNX Runtime for another, where they can take it, else torch.
    threads : int
    cache : str, optional
        The configured cache folder; the exported network is kept there.
    mixed : bool
        Half precision, on a GPU.
    """

    def __init__(
        self,
        path: Path,
        sha256: str,
        device: str,
        image_size: int | None,
        classes: dict | None,
        min_confidence: float,
        runtime: str = "torch",
        threads: int = 1,
        cache: str | None = None,
        mixed: bool = False,
    ):
        chosen = {"runtime": runtime, "precision": "mixed" if mixed else "float32"}
        if mistake := detector_mistake(chosen, device == "cpu"):
            raise UserError(mistake)
        if file_hash(path) != sha256:
            raise UserError(f"{path}: these weights have changed since they were looked up; run again")
        # neither of the two may fetch packages or settings while it is imported
        os.environ.setdefault("YOLOv5_AUTOINSTALL", "false")
        os.environ.setdefault("YOLO_AUTOINSTALL", "false")
        os.environ.setdefault("YOLO_OFFLINE", "true")
        torchvision_ops.ensure()
        import torch
        from megadetector.detection.pytorch_detector import PTDetector

        settings = {"device": device, "force_cpu": device == "cpu", "use_model_native_classes": True}
        try:
            with silent():
                self.detector = PTDetector(os.fspath(path), settings)
        except (MemoryError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # of many kinds: the file may be anything
            raise UserError(
                f"{path}: these are not weights that MegaDetector's package can load ({one_line(error)})"
            ) from None
        stride = int(max(self.detector.model.stride))
        if image_size and image_size % stride:  # torch fails on every picture, ncnn finds boxes that are none
            near = max(stride, image_size // stride * stride)
            raise UserError(
                f"detector.image_size: {image_size} is not a multiple of {stride}, which these weights need: choose {near} "
                f"or {near + stride}"
            )
        self.image_size, self.min_confidence = image_size, min_confidence
        self.number = self._numbers(classes)
        network = None
        if runtime != "torch" and device == "cpu":
            network = networks.on_cpu(self.detector, runtime, f"{path.stem}-{sha256[:16]}", cache)
            if network is None and runtime != "auto":
                raise UserError(f"detector.runtime: {runtime} cannot compute {path} (see the line above); choose auto")
        # these engines compute in the thread that calls: then each thread decodes its pictures and computes them
        self.decodes = network is not None
        self.network = network or networks.TorchNetwork(self.detector.model, mixed, device=device)
        # on a GPU one thread makes boxes while the other one's pictures are computed
        self.workers = max(1, threads) if self.decodes else 1 if device == "cpu" else 2
        networks.limit_threads(max(1, threads) if device == "cpu" and not self.decodes else 1)

    def _numbers(self, classes: dict | None) -> dict[str, str]:
        """The model's class number (as text) to our category id."""
        names = getattr(self.detector.model, "names", None)
        names = dict(enumerate(names)) if isinstance(names, list) else names or {}
        if classes is None and len(names) > len(OWN_CLASSES):
            shown = ", ".join(f"{number} {names[number]}" for number in list(names)[:5])
            raise UserError(
                f"these weights have {len(names)} classes ({shown}, ...), not MegaDetector's three: say which are which as "
                "detector.classes, e.g. {animal: [14, 15], person: [0], vehicle: [2]}"
            )
        ids = {name: number for number, name in CATEGORIES.items()}
        wrong = set(classes or OWN_CLASSES) - set(ids)
        if wrong:
            raise UserError(f"detector.classes: the categories are {', '.join(ids)}, not {', '.join(sorted(wrong))}")
        return {str(number): ids[name] for name, numbers in (classes or OWN_CLASSES).items() for number in numbers}

    def prepare(self, path: str, picture: np.ndarray) -> Prepared:
        """Letterbox a picture (uint8, (h, w, 3), rotated) as the package does; several threads may call it at once.

        Raises
        ------
        PictureError
            The package cannot (a picture one pixel high, say).
        """
        import cv2

        try:
            prepared = self.detector.preprocess_image(picture, path, self.image_size)
        except (cv2.error, ZeroDivisionError):
            height, width = picture.shape[:2]
            raise PictureError(f"{width} x {height} pixels cannot be letterboxed") from None
        planes = np.ascontiguousarray(prepared["img_processed"].transpose(2, 0, 1))
        # no pixels of the original: they would wait in memory for the batch
        return {"file": path, "planes": planes, "shape": picture.shape, "scaling_shape": prepared["scaling_shape"]}

    def __call__(self, prepared: list[Prepared]) -> list[Entry]:
        """Detect in a batch of pictures that :meth:`prepare` gave; return a batch-format entry for each."""
        alike: dict[tuple, list[int]] = {}
        for place, one in enumerate(prepared):
            alike.setdefault(one["planes"].shape, []).append(place)
        entries: dict[int, Entry] = {}
        for places in alike.values():
            entries |= zip(places, self._found([prepared[place] for place in places]), strict=True)
        return [entries[place] for place in range(len(prepared))]

    def _found(self, prepared: list[Prepared]) -> list[Entry]:
        """The entries of pictures of one shape."""
        import torch
        from megadetector.detection.run_detector import FAILURE_INFER

        try:
            prediction = self.network([one["planes"] for one in prepared])
            found = of_batch(prediction, prepared, self.min_confidence)
        except (UserError, MemoryError, torch.AcceleratorError):  # of the machine, so of no picture
            raise
        except Exception as error:
            if len(prepared) > 1:  # whichever it is, it costs the others nothing
                return [entry for one in prepared for entry in self._found([one])]
            (one,) = prepared
            logging.warning("%s: %s (%s)", one["file"], FAILURE_INFER, one_line(error))
            return [{"file": one["file"], "failure": FAILURE_INFER}]
        return [self._entry(one["file"], boxes) for one, boxes in zip(prepared, found, strict=True)]

    def _entry(self, file: str, boxes: list[dict]) -> Entry:
        """A picture's entry, with our categories."""
        known = one_per_animal([box for box in boxes if box["category"] in self.number], self.number)
        return {"file": file, "detections": [box | {"category": self.number[box["category"]]} for box in known]}


def detect(pictures: list[Row], task: Task) -> list[Entry]:
    """Find animals, people and vehicles by the network."""
    options, rows = task.options, pictures
    path = weights_path(options, task.cache, task.found["sha256"])
    if options["weights"]:
        refuse_unknown(path, task.found["sha256"], options)
    detector = MegaDetector(
        path,
        task.found["sha256"],
        task.device,
        options["image_size"],
        options["classes"],
        options["min_confidence"],
        options["runtime"],
        task.threads,
        task.cache,
        options["precision"] == "mixed",
    )

    def read(row: Row) -> tuple[Row, Prepared | PictureError]:
        try:
            return row, detector.prepare(row["path"], task.load(row))
        except PictureError as error:
            logging.warning("%s: %s", row["path"], error)
            return row, error

    def compute(batch: list[tuple[Row, Prepared | PictureError]]) -> list[Entry]:
        entries = [failure(row, error) for row, error in batch if isinstance(error, PictureError)]
        good = [prepared for _, prepared in batch if isinstance(prepared, dict)]
        return entries + (detector(good) if good else [])

    size = task.batch_size or (1 if task.device == "cpu" else GPU_BATCH)
    if detector.decodes:
        size = 1
        done = ordered(lambda row: compute([read(row)]), rows, task.threads)
    else:  # the next pictures are prepared while one batch is computed
        # by one thread where the others compute, or each would decode a video from its beginning
        readers = 1 if task.device == "cpu" or any(row["video"] for row in rows) else task.threads
        batches = batched(ordered(read, rows, readers, ahead=size * detector.workers), size)
        done = ordered(compute, batches, detector.workers) if detector.workers > 1 else map(compute, batches)
    entries = []
    with silent():
        for batch in progress(done, -(-len(rows) // size), "batches"):
            task.keep(batch)
            entries += batch
    return entries
