"""What we are compared with, written plainly from the descriptions of the seeds, and our own stages on the same files."""

import contextlib
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from camtrap.core.files import write_json
from camtrap.core.paths import Roots
from camtrap.crop import geometry
from camtrap.crop import run as crop
from camtrap.detect import megadetector
from camtrap.detect import run as detect_run
from camtrap.embed import run as embed_run
from camtrap.embed.engines import make_engine
from camtrap.embed.models import load, resolve
from camtrap.networks import torchvision_ops

CROP = {
    "threshold": 0.2,
    "categories": ["animal"],
    "shape": "clamp",
    "padding": 0.0,
    "size": 224,
    "format": "png",
    "quality": 95,
    "decode": "full",
}
BOX = [0.3, 0.3, 0.25, 0.3]


class Notebook:
    """The Yasuní notebooks: for each detection the whole picture with PIL, cropped, one at a time, eager, as JSON lines."""

    def __init__(self, options: dict, device: str, threads: int):
        torchvision_ops.ensure()
        import torch
        from torchvision import transforms

        torch.set_num_threads(threads)
        embedder = resolve(options)
        self.network, self.device = load(embedder, options).to(device), device
        self.transform = transforms.Compose(
            [
                transforms.Resize((224, 224)),
                transforms.ToTensor(),
                transforms.Normalize(embedder.mean, embedder.std),
            ]
        )

    def describe(self, image) -> list[float]:
        """A PIL image as a list of numbers."""
        import torch

        with torch.no_grad():
            return self.network(self.transform(image).unsqueeze(0).to(self.device)).flatten().tolist()

    def crops(self, images: list[bytes], out: Path) -> np.ndarray:
        """From crops that are cut already: the model loop alone."""
        import io

        from PIL import Image

        with open(out, "w") as file:
            rows = [self.describe(Image.open(io.BytesIO(image)).convert("RGB")) for image in images]
            for row in rows:
                file.write(json.dumps({"embedding": row}) + "\n")
        return np.array(rows, np.float32)

    def originals(self, paths: list[Path], boxes: list[list], out: Path) -> np.ndarray:
        """From pictures: one detection each, clamped to a square."""
        from PIL import Image

        rows = []
        with open(out, "w") as file:
            for path, box in zip(paths, boxes, strict=True):
                image = Image.open(path).convert("RGB")
                image = image.crop(geometry.window(box, *image.size, "clamp"))
                rows.append(self.describe(image))
                file.write(json.dumps({"file": path.name, "bbox": box, "embedding": rows[-1]}) + "\n")
        return np.array(rows, np.float32)


class Folders(Notebook):
    """The second seed: whole pictures, ResNet-50, one at a time, then K-Means."""

    def sort(self, paths: list[Path], k: int = 5) -> np.ndarray:
        """Cluster numbers of whole pictures."""
        from PIL import Image
        from sklearn.cluster import KMeans

        rows = [self.describe(Image.open(path).convert("RGB")) for path in paths]
        return KMeans(k, n_init=10, random_state=42).fit_predict(np.array(rows))


class Package:
    """`megadetector`'s own loop; loaded once, as ours is."""

    def __init__(self, weights: Path, device: str, threads: int):
        torchvision_ops.ensure()
        import torch
        from megadetector.detection import run_detector_batch

        torch.set_num_threads(threads)

        self.weights, self.batch = str(weights), run_detector_batch
        with _quiet():
            self.detector = run_detector_batch.load_detector(
                self.weights, force_cpu=device == "cpu", detector_options={"device": device}
            )

    def __call__(self, paths: list[Path], batch_size: int = 1) -> list[dict]:
        """Batch-format entries."""
        load, self.batch.load_detector = self.batch.load_detector, lambda *args, **options: self.detector
        try:
            with _quiet():
                files = [str(path) for path in paths]
                return self.batch.load_and_run_detector_batch(self.weights, files, quiet=True, batch_size=batch_size)
        finally:
            self.batch.load_detector = load


class Ours:
    """Our stages through their entry points, from files to files; networks are loaded once, as the others' are."""

    def __init__(self, folder: Path, images: Path, device: str = "cpu"):
        self.folder, self.images, self.device = folder, images, device
        self.roots = Roots(str(images))

    def index(self, paths: list[Path], name: str) -> Path:
        """Index table of some pictures."""
        from camtrap.index.run import index_shard

        table = index_shard([(self._key(p), p.stat().st_size, p.stat().st_mtime_ns) for p in paths], self.roots)
        out = self.folder / f"index_{name}.parquet"
        pq.write_table(table, out)
        return out

    def _key(self, path: Path) -> str:
        return str(path.relative_to(self.images))

    def boxes(self, paths: list[Path], boxes: list[list], name: str) -> Path:
        """A detections file with an animal a picture, or some (a list of boxes)."""
        out = self.folder / f"boxes_{name}.json"
        listed = [box if isinstance(box[0], list) else [box] for box in boxes]
        found = [[{"category": "1", "conf": 0.9, "bbox": box} for box in several] for several in listed]
        entries = [{"file": self._key(p), "detections": d} for p, d in zip(paths, found, strict=True)]
        write_json(out, {"images": entries, "detection_categories": {"1": "animal"}, "info": {}})
        return out

    def crop(self, index: Path, boxes: Path, name: str, threads: int, **options) -> Path:
        """The crop stage."""
        out = self.folder / f"crops_{name}.parquet"
        crop.crop_shard(index, boxes, out, self.roots, CROP | options, workers=threads)
        return out

    def embed(self, crops: Path, name: str, engine, options: dict, threads: int) -> np.ndarray:
        """The embed stage with an engine that is ready."""
        out = self.folder / f"embeddings_{name}.parquet"
        embed_run.make_engine = lambda *arguments: engine
        embedder = self.folder / f"{options['model']}.json"
        embed_run.embed_shard(crops, embedder, out, options, device=self.device, threads=threads)
        column = pq.read_table(out)["embedding"].combine_chunks()
        return column.flatten().to_numpy().reshape(len(column), -1)

    def embedder(self, options: dict):
        """Look an embedder up and write it down."""
        embedder = resolve(options)
        write_json(self.folder / f"{options['model']}.json", embedder.as_dict())
        return embedder

    def engine(self, options: dict, threads: int, quantised: Path | None = None):
        """The engine that the configuration asks for."""
        return make_engine(resolve(options), options, str(self.folder), self.device, threads, 8, quantised)

    def detector(self, weights: Path, threads: int, side: int | None = None, mixed: bool = False):
        """The detector, ready."""
        sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        cache = str(self.folder)
        return megadetector.MegaDetector(weights, sha256, self.device, side, None, 0.005, "auto", threads, cache, mixed)

    def detect(self, index: Path, name: str, detector, weights: Path, threads: int, batch_size: int = 1) -> list[dict]:
        """The detect stage with a detector that is ready; its entries, by file."""
        known, out = self.folder / "detector.json", self.folder / f"detections_{name}.json"
        write_json(known, {"backend": "megadetector", "model": weights.name, "sha256": "0"})
        options = {
            "weights": str(weights),
            "weights_sha256": None,
            "trust_weights": True,
            "image_size": None,
            "classes": None,
        }
        before, megadetector.MegaDetector = megadetector.MegaDetector, lambda *arguments: detector
        try:
            options |= {"min_confidence": 0.005, "runtime": "auto", "precision": "float32", "prefilter": "none"}
            where = {"device": self.device, "threads": threads, "batch_size": batch_size}
            detect_run.detect_shard(index, known, out, self.roots, options, **where)
        finally:
            megadetector.MegaDetector = before
        return json.loads(out.read_text())["images"]


def agreement(theirs: np.ndarray, ours: np.ndarray) -> dict[str, float]:
    """Least cosine of a row, and largest difference as a part of the largest value."""
    cosine = (theirs * ours).sum(1) / np.linalg.norm(theirs, axis=1) / np.linalg.norm(ours, axis=1)
    return {
        "least cosine": float(cosine.min()),
        "largest relative difference": float(np.abs(theirs - ours).max() / np.abs(theirs).max()),
    }


def same_boxes(theirs: list[dict], ours: list[dict], width: int, height: int) -> dict[str, float]:
    """The package's boxes from 0.2 on, those without one of ours within 3 pixels, and the partners' largest difference."""
    mine = {Path(entry["file"]).name: entry["detections"] for entry in ours}
    count = lost = 0
    pixels = conf = 0.0
    for entry in theirs:
        other = mine[Path(entry["file"]).name]
        for box in (box for box in entry["detections"] if box["conf"] >= 0.2):
            count += 1
            scale = np.array([width, height, width, height])
            gaps = [np.abs(np.subtract(box["bbox"], one["bbox"]) * scale).max() for one in other]
            if not gaps or min(gaps) > 3:
                lost += 1
                continue
            best = int(np.argmin(gaps))
            pixels, conf = max(pixels, gaps[best]), max(conf, abs(box["conf"] - other[best]["conf"]))
    return {"boxes": count, "without a partner": lost, "largest pixels": float(pixels), "largest confidence": conf}


@contextlib.contextmanager
def _quiet():
    import io

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
