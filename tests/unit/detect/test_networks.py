"""The network inside the detector: ncnn, ONNX Runtime and torch give the package's own boxes; memory that runs out."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import trapdata
from realdata import COCO, REAL, WEIGHTS, real_weights

from camtrap.core.errors import PictureError, UserError
from camtrap.core.hashes import file_hash
from camtrap.detect import networks
from camtrap.detect.megadetector import OWN_CLASSES
from camtrap.detect.networks import TorchNetwork
from camtrap.networks import torchvision_ops
from camtrap.pictures.decode import decode

PICTURES = REAL / "ena24" / "images"


def detector(runtime, cache, threads=1, image_size=640):
    from camtrap.detect.megadetector import MegaDetector

    return MegaDetector(WEIGHTS, file_hash(WEIGHTS), "cpu", image_size, COCO, 0.05, runtime, threads, str(cache))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A small network with random weights that finds some boxes."""
    folder = tmp_path_factory.mktemp("network")
    shots = [trapdata.day(), trapdata.night()]
    for shot in shots:
        (folder / shot.name).write_bytes(shot.data)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "bench"))
        import material

        return material.yolo(folder / "yolov5n.pt", "yolov5n", [folder / shot.name for shot in shots], centred=False)


@pytest.fixture
def small(weights):
    """That network as a detector: (runtime, cache, image size)."""
    from camtrap.detect.megadetector import MegaDetector

    def load(runtime, cache, image_size=640):
        return MegaDetector(weights, file_hash(weights), "cpu", image_size, OWN_CLASSES, 0.05, runtime, 1, str(cache))

    return load


def found_by(detector, names, pictures):
    return detector([detector.prepare(name, picture) for name, picture in zip(names, pictures, strict=True)])


@real_weights
@pytest.mark.parametrize("runtime", ["onnxruntime", "ncnn"])
def test_boxes_are_those_of_the_package(tmp_path, monkeypatch, runtime):
    torchvision_ops.ensure()
    from megadetector.detection import run_detector
    from megadetector.detection.run_detector_batch import load_and_run_detector_batch

    from camtrap.detect.boxes import one_per_animal

    monkeypatch.setattr(run_detector, "USE_MODEL_NATIVE_CLASSES", True)
    files = sorted(PICTURES.rglob("*.jpg"))[:3]
    theirs = load_and_run_detector_batch(
        str(WEIGHTS), [str(file) for file in files], confidence_threshold=0.05, quiet=True, image_size=640
    )
    classes = {number: str(i) for i, name in enumerate(COCO, 1) for number in COCO[name]}
    ours = detector(runtime, tmp_path)
    found = 0
    for file, wanted in zip(files, theirs, strict=True):
        picture = decode(file.read_bytes())
        (given,) = found_by(ours, [file.name], [picture])
        boxes = [box for box in wanted["detections"] if int(box["category"]) in classes]
        boxes = one_per_animal(boxes, {str(number): name for number, name in classes.items()})
        assert len(given["detections"]) == len(boxes)
        height, width = picture.shape[:2]
        for mine, other in zip(given["detections"], boxes, strict=True):
            assert mine["category"] == classes[int(other["category"])]
            assert abs(mine["conf"] - other["conf"]) <= 0.005
            pixels = np.subtract(mine["bbox"], other["bbox"]) * [width, height, width, height]
            assert np.abs(pixels).max() <= 1
            found += 1
    assert found > 0


@real_weights
@pytest.mark.parametrize("runtime", ["onnxruntime", "ncnn"])
def test_every_shape_of_picture_and_every_runtime(tmp_path, runtime):
    random = np.random.default_rng(0)
    source = decode(sorted(PICTURES.rglob("*.jpg"))[0].read_bytes())
    shapes = [(480, 640), (640, 480), (300, 300), (100, 700)]
    pictures = [
        source[: shape[0], : shape[1]] if shape != (300, 300) else random.integers(0, 256, (300, 300, 3), np.uint8)
        for shape in shapes
    ]
    names = [str(shape) for shape in shapes]
    engine, torch = detector(runtime, tmp_path), detector("torch", tmp_path)
    assert engine.decodes
    assert not torch.decodes
    with ThreadPoolExecutor(3) as pool:  # each thread has pictures of its own shape
        given = [entry for (entry,) in pool.map(lambda n, p: found_by(engine, [n], [p]), names * 3, pictures * 3)]
    wanted = found_by(torch, names, pictures) * 3
    assert any(entry["detections"] for entry in wanted)
    for mine, other in zip(given, wanted, strict=True):
        assert [box["category"] for box in mine["detections"]] == [box["category"] for box in other["detections"]]
        for one, two in zip(mine["detections"], other["detections"], strict=True):
            np.testing.assert_allclose(one["bbox"] + [one["conf"]], two["bbox"] + [two["conf"]], atol=2e-3)


def test_a_large_network_is_computed_by_ncnn_from_the_cache_too(small, tmp_path, monkeypatch):
    assert isinstance(small("auto", tmp_path).network, networks.OnnxNetwork)
    monkeypatch.setattr(networks, "LARGE", 1_000_000)
    picture = decode(trapdata.night().data)
    first, second = (small("auto", tmp_path) for _ in range(2))
    assert isinstance(second.network, networks.NcnnNetwork)
    assert found_by(first, ["x"], [picture]) == found_by(second, ["x"], [picture])
    assert found_by(first, ["x"], [picture])[0]["detections"]


def test_a_damaged_conversion_is_made_anew(small, tmp_path):
    picture = decode(trapdata.night().data)
    wanted = found_by(small("ncnn", tmp_path), ["x"], [picture])
    assert wanted[0]["detections"]
    (kept,) = (tmp_path / "ncnn").glob("*.bin")
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 2))
    assert found_by(small("ncnn", tmp_path), ["x"], [picture]) == wanted
    assert kept.read_bytes() == whole


@pytest.mark.parametrize("runtime", ["torch", "onnxruntime", "ncnn"])
def test_a_side_that_the_stride_does_not_divide_is_refused(small, tmp_path, runtime):
    with pytest.raises(UserError, match="656 is not a multiple of 32, which these weights need: choose 640 or 672"):
        small(runtime, tmp_path, image_size=656)


@pytest.mark.parametrize(("threads", "batch_size"), [(8, 16), (3, 5)])
def test_several_threads_that_prepare_lose_no_picture(weights, tmp_path, monkeypatch, threads, batch_size):
    """The way of a GPU, with the network on the CPU."""
    from PIL import Image

    from camtrap.core.paths import Roots
    from camtrap.detect import megadetector, run
    from camtrap.index.run import index_shard

    shots = [trapdata.day(), trapdata.night()]
    for number in range(12):
        with Image.open(io.BytesIO(shots[number % 2].data)) as image:
            image.resize((320 + 64 * (number % 3), 240)).save(tmp_path / f"{number:02d}.jpg")
    Image.new("RGB", (2000, 1)).save(tmp_path / "line.png")
    names = sorted(path.name for path in tmp_path.iterdir())
    rows = [(name, (tmp_path / name).stat().st_size, 0) for name in names]
    pq.write_table(
        index_shard(rows, Roots(str(tmp_path))),
        tmp_path / "index.parquet",
    )
    (tmp_path / "00.jpg").unlink()
    known = {"backend": "megadetector", "model": "yolov5n", "sha256": file_hash(weights)}
    (tmp_path / "known.json").write_text(json.dumps(known))
    options = {
        "weights": str(weights),
        "weights_sha256": None,
        "trust_weights": True,
        "image_size": 320,
        "classes": OWN_CLASSES,
    }
    options |= {"min_confidence": 0.05, "runtime": "torch", "precision": "float32", "prefilter": "none"}

    class OnCpu(megadetector.MegaDetector):
        def __init__(self, path, sha256, device, *others):
            super().__init__(path, sha256, "cpu", *others)

    monkeypatch.setattr(megadetector, "MegaDetector", OnCpu)
    found = {}
    for device, sizes in (("cpu", (1, 1)), ("cuda:0", (threads, batch_size))):
        out = tmp_path / "out.json"
        arguments = (tmp_path / "index.parquet", tmp_path / "known.json", out, Roots(str(tmp_path)), options, None)
        run.detect_shard(*arguments, device, *sizes)
        found[device] = json.loads(out.read_text())["images"]
    assert [entry["file"] for entry in found["cuda:0"]] == names
    failures = {entry["file"]: entry["failure"] for entry in found["cuda:0"] if "failure" in entry}
    assert sorted(failures) == ["00.jpg", "line.png"]
    assert "2000 x 1 pixels cannot be letterboxed" in failures["line.png"]
    assert sum(len(entry.get("detections") or []) for entry in found["cpu"]) > 0
    for one, other in zip(found["cpu"], found["cuda:0"], strict=True):
        boxes = [[box["bbox"] + [box["conf"]] for box in entry.get("detections") or []] for entry in (one, other)]
        np.testing.assert_allclose(*boxes, atol=2e-3)


def test_a_picture_that_cannot_be_letterboxed_is_its_own_failure(small, tmp_path):
    line = np.zeros((1, 2000, 3), np.uint8)
    with pytest.raises(PictureError, match="2000 x 1 pixels cannot be letterboxed"):
        small("torch", tmp_path).prepare("line.png", line)


def convolution():
    torchvision_ops.ensure()
    import torch

    torch.manual_seed(0)
    return torch.nn.Conv2d(3, 4, 3)


class Card(TorchNetwork):
    """A GPU that holds so many pictures: its module raises as torch does."""

    def __init__(self, holds):
        import torch

        convolve = convolution()
        super().__init__(convolve)

        class Module(torch.nn.Module):
            def forward(self, inputs, augment):
                if len(inputs) > holds:
                    raise torch.OutOfMemoryError
                return (convolve(inputs),)

        self.module = Module()


def test_out_of_gpu_memory_halves_the_batch():
    import torch

    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 8, 8), np.uint8)
    network = Card(2)
    with torch.inference_mode():
        wanted = convolution()(torch.from_numpy(pixels).float() / 255)
    torch.testing.assert_close(network(pixels), wanted)
    assert network.limit == [2]


def test_a_gpu_that_is_too_small_or_fails_ends_the_job_and_is_not_the_pictures_failure(small, tmp_path, monkeypatch):
    import torch

    detector, network = small("torch", tmp_path), Card(0)
    detector.network = network
    pictures = [detector.prepare("x", decode(trapdata.night().data))]
    with pytest.raises(UserError, match="does not hold one picture"):
        detector(pictures)

    def fails(*arguments, **options):
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(network.module, "forward", fails)
    with pytest.raises(torch.AcceleratorError):
        detector(pictures)


def test_pictures_that_the_network_cannot_compute_are_failures_by_name(small, tmp_path, caplog):
    detector = small("torch", tmp_path)
    good, other = (detector.prepare(name, decode(trapdata.night().data)) for name in ("good", "other"))
    other["planes"] = np.concatenate([other["planes"]] * 2)  # six colours
    first, second, third = detector([good, other, good | {"file": "third"}])
    assert first["detections"]
    assert third == first | {"file": "third"}
    assert second == {"file": "other", "failure": "inference failure"}
    assert "other: inference failure (" in caplog.text


def test_backends_without_a_network_import_no_torch(tmp_path):
    import subprocess
    import sys

    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"path": "a.jpg", "status": "ok", "error": None, "exif": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "index.parquet")
    pq.write_table(pa.Table.from_pylist(rows).slice(0, 0), tmp_path / "empty.parquet")
    for backend in ("none", "megadetector"):
        (tmp_path / f"{backend}.json").write_text(json.dumps({"backend": backend, "model": backend, "sha256": None}))
    code = f"""
import sys
from pathlib import Path
from camtrap.detect.run import detect_shard
from camtrap.core.paths import Roots
folder = Path({str(tmp_path)!r})
for index, backend in (("index", "none"), ("empty", "megadetector")):
    detect_shard(folder / f"{{index}}.parquet", folder / f"{{backend}}.json", folder / f"{{index}}.out.json",
                 Roots(str(folder)), {{"min_confidence": 0.005, "motion": {{}}, "prefilter": "none"}})
import camtrap.detect.motion
print(sorted({{"torch", "torchvision", "megadetector", "onnxruntime"}} & set(sys.modules)))
"""
    scripts = Path(__file__).resolve().parents[3] / "scripts"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=scripts, check=True)
    assert done.stdout.strip() == "[]"
    assert len(json.loads((tmp_path / "index.out.json").read_text())["images"]) == 1


def test_the_network_is_asked_only_where_something_moved(tmp_path, monkeypatch):
    """Static pictures are empty without it; those that moved, and single ones, are its own."""
    import csv

    import pyarrow.parquet as pq

    from camtrap.core.paths import Roots
    from camtrap.detect import megadetector, run
    from camtrap.index.run import index_shard
    from camtrap.plan.ledger import Plan
    from camtrap.simulate import simulate

    simulate(tmp_path, 11, cards=1, stations=1, pictures=48, size=(320, 240))
    roots = Roots(str(tmp_path / "images"))
    (shard,) = Plan(tmp_path / "results").update(roots, 1000).fresh
    pq.write_table(index_shard(shard.rows, roots), tmp_path / "index.parquet")
    (tmp_path / "detector.json").write_text(json.dumps({"backend": "megadetector", "model": "m", "sha256": "0"}))
    asked = []

    def network(rows, task):
        asked.extend(row["path"] for row in rows)
        box = {"category": "1", "conf": 0.9, "bbox": [0.1, 0.1, 0.5, 0.5]}
        return [{"file": row["path"], "detections": [box]} for row in rows]

    monkeypatch.setattr(megadetector, "detect", network)
    options = {"prefilter": "motion", "motion": {}, "min_confidence": 0.005}
    run.detect_shard(tmp_path / "index.parquet", tmp_path / "detector.json", tmp_path / "out.json", roots, options)
    found = {image["file"]: image for image in json.loads((tmp_path / "out.json").read_text())["images"]}
    assert sorted(found) == sorted(row[0] for row in shard.rows)
    with open(tmp_path / "truth.csv", newline="") as file:
        category = {row["path"]: row["category"] for row in csv.DictReader(file)}
    moved = [path for path in found if found[path].get("detections")]
    assert sorted(moved) == sorted(asked)
    animals = [path for path in found if category[path] == "animal"]
    assert len(set(animals) & set(asked)) >= 0.9 * len(animals)
    empty = [path for path in found if category[path] == "empty"]
    assert len(set(empty) - set(asked)) >= 0.5 * len(empty)
