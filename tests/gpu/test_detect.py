"""The detector on a GPU gives the CPU's boxes."""

import hashlib

import gpu_material
import numpy as np
import pytest

from camtrap.detect.megadetector import MegaDetector
from camtrap.pictures.decode import decode

SMALL = {"yolov5x6": "yolov5n6"}  # of the same structure


@pytest.fixture(scope="module", params=["yolov5x6", "yolov5n"])
def weights(request, work, pictures, device):
    name = SMALL.get(request.param, request.param) if device == "cpu" else request.param
    return gpu_material.detector_weights(work, name, pictures, device)


def detector(weights, device, mixed=False):
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    return MegaDetector(weights, sha256, device, None, None, 0.05, "torch", gpu_material.cores(), mixed=mixed)


@pytest.fixture(scope="module")
def by_cpu(weights, pictures):
    return found_by(detector(weights, "cpu"), pictures[:2])


def found_by(one, pictures):
    """What the network predicts, (n, anchors, 8), and the entries with boxes."""
    prepared = [one.prepare(path.name, decode(path.read_bytes())) for path in pictures]
    raw = one.network([p["planes"] for p in prepared])
    assert raw.device.type == "cpu"
    return raw.numpy().astype(np.float64), one(prepared)


def apart(wanted, given):
    """Of the 300 most confident anchors: largest difference of a corner (pixels) and of confidence."""
    conf = [raw[..., 4:5] * raw[..., 5:] for raw in (wanted, given)]
    best = conf[0].max(-1)
    seen = best >= np.sort(best, axis=None)[-300]
    corners = [
        np.concatenate([r[..., :2] - r[..., 2:4] / 2, r[..., :2] + r[..., 2:4] / 2], -1) for r in (wanted, given)
    ]
    return {
        "anchors": int(seen.sum()),
        "least confidence": float(best[seen].min()),
        "pixels": float(np.abs(corners[0] - corners[1])[seen].max()),
        "confidence": float(np.abs(conf[0] - conf[1])[seen].max()),
    }


def partners(wanted, given, width, height):
    """Boxes from 0.2 on without a partner within 1 pixel and 0.005, and their number."""
    scale = np.array([width, height, width, height])
    lost = count = 0
    for one, other in zip(wanted, given, strict=True):
        for box in (box for box in one["detections"] if box["conf"] >= 0.2):
            count += 1
            lost += not any(
                np.abs(np.subtract(box["bbox"], mine["bbox"]) * scale).max() <= 1.01
                and abs(box["conf"] - mine["conf"]) <= 0.005
                and box["category"] == mine["category"]
                for mine in other["detections"]
            )
    return {"boxes": count, "without a partner": lost}


def test_float32_is_the_cpus(weights, by_cpu, pictures, device, measured):
    raw, entries = found_by(detector(weights, device), pictures[:2])
    found = apart(by_cpu[0], raw) | partners(by_cpu[1], entries, *size(pictures[0]))
    measured(f"detect {weights.stem} float32 against the CPU", found)
    assert found["pixels"] <= 1
    assert found["confidence"] <= 0.005
    assert found["without a partner"] <= 0.01 * found["boxes"]  # suppression may decide a tie otherwise


def size(path):
    return decode(path.read_bytes()).shape[1::-1]


def test_how_far_tf32_and_mixed_are(weights, by_cpu, pictures, device, measured):
    import torch

    loose = detector(weights, device)
    torch.backends.cudnn.allow_tf32 = True
    raw, entries = found_by(loose, pictures[:2])
    torch.backends.cudnn.allow_tf32 = False
    measured(f"detect {weights.stem} tf32", apart(by_cpu[0], raw) | partners(by_cpu[1], entries, *size(pictures[0])))
    if device == "cpu":
        return  # mixed is refused there
    raw, entries = found_by(detector(weights, device, mixed=True), pictures[:2])
    found = apart(by_cpu[0], raw) | partners(by_cpu[1], entries, *size(pictures[0]))
    measured(f"detect {weights.stem} mixed", found)
    assert np.isfinite(raw).all()


def test_the_batch_changes_no_more_than_rounding(weights, pictures, device, measured):
    one = detector(weights, device)
    together, _ = found_by(one, pictures[:4])
    alone = np.concatenate([found_by(one, [path])[0] for path in pictures[:4]])
    found = apart(together, alone)
    measured(f"detect {weights.stem} one by one against four", found)
    assert found["pixels"] <= 1
    assert found["confidence"] <= 0.005
