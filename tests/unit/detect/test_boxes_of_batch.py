"""Boxes are made of a prediction exactly as the `megadetector` package makes them."""

import numpy as np
import pytest

from camtrap.networks import torchvision_ops

torchvision_ops.ensure()


@pytest.fixture(scope="module")
def package():
    """The package's detector, which needs no weights for what it does after the network."""
    from megadetector.detection import pytorch_detector

    pytorch_detector._initialize_yolo_imports("yolov5")
    one = object.__new__(pytorch_detector.PTDetector)
    one.compatibility_mode, one.device, one.half_precision = "classic", "cpu", False
    one.default_image_size, one.letterbox_stride, one.printed_image_size_warning = 1280, 64, False
    one.use_model_native_classes = True
    return one


def prediction(random, count, shape, classes):
    """Like a network's: boxes in clusters, so that some suppress others; half of them hopeless."""
    import torch

    height, width = shape
    middles = random.uniform(0, [width, height], (6, 2))[random.integers(0, 6, count)]
    found = np.concatenate(
        [
            middles + random.normal(0, 12, (count, 2)),
            random.uniform(5, [width, height], (count, 2)) * random.choice([0.1, 1.2], (count, 1)),
            random.beta(0.3, 0.3, (count, 1)),
            random.dirichlet(np.ones(classes), count),
        ],
        axis=1,
    )
    return torch.from_numpy(found.astype(np.float32))


@pytest.mark.parametrize("threshold", [0.005, 0.2])
def test_boxes_are_the_packages_to_the_last_digit(package, threshold):
    import torch

    from camtrap.detect.boxes import of_batch

    random, compared = np.random.default_rng(3), 0
    for height, width in ((1536, 2048), (3000, 4000), (720, 1280), (333, 1001)):
        picture = random.integers(0, 256, (height, width, 3), np.uint8)
        theirs = [package.preprocess_image(picture, str(number), None) for number in range(4)]
        shape = theirs[0]["img_processed"].shape[:2]
        raw = torch.stack([prediction(random, 400, shape, 3) for _ in range(3)] + [torch.zeros(400, 8)])
        package.model = lambda inputs, augment, raw=raw: (raw.clone(),)
        wanted = package.generate_detections_one_batch(theirs, detection_threshold=threshold)
        ours = [
            {
                "planes": one["img_processed"].transpose(2, 0, 1),
                "shape": picture.shape,
                "scaling_shape": one["scaling_shape"],
            }
            for one in theirs
        ]
        given = of_batch(raw.clone(), ours, threshold)
        assert given == [one["detections"] for one in wanted]
        assert given[3] == []
        compared += sum(map(len, given))
    assert compared > 300


def test_a_slow_suppression_loses_no_box_of_later_pictures(package, monkeypatch):
    """ultralytics' stops after so many seconds per batch, and leaves the rest of it without boxes."""
    import torch
    from megadetector.detection import pytorch_detector
    from ultralytics.utils import nms

    from camtrap.detect.boxes import of_batch

    seconds = iter(range(0, 1_000_000, 10))
    monkeypatch.setattr(nms.time, "time", lambda: next(seconds))
    monkeypatch.setattr(pytorch_detector, "yolo_model_type_imported", "ultralytics")
    monkeypatch.setattr(pytorch_detector, "non_max_suppression", nms.non_max_suppression, raising=False)
    one = torch.zeros(7, 50)
    one[:4] = torch.tensor([300.0, 200, 50, 40])[:, None]
    one[4] = 0.9
    picture = {"planes": np.zeros((3, 640, 640), np.uint8), "shape": (640, 640, 3), "scaling_shape": (640, 640, 3)}
    found = of_batch(torch.stack([one] * 4), [picture] * 4, 0.2)
    assert [len(boxes) for boxes in found] == [1, 1, 1, 1]
