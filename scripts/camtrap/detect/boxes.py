"""What the `megadetector` package does after the network, with all boxes of a picture at once."""

from typing import TYPE_CHECKING, Any

from camtrap.core.boxes import overlap

if TYPE_CHECKING:
    import torch

# Overlap (intersection over union) from which boxes are of one animal: the package's own within a class.
SAME_ANIMAL = 0.45


def of_batch(prediction: "torch.Tensor", prepared: list[dict[str, Any]], min_confidence: float) -> list[list[dict]]:
    """Boxes of pictures from what the network predicts: the package's suppression, scaling and rounding ("classic").

    Its own loop asks torch for each number of each box, which takes longer than a network on a GPU does.

    Parameters
    ----------
    prediction : float32 tensor, shape (n, anchors, 5 + classes), or what the network's own package makes
        On the CPU.
    prepared : list of dict
        Those pictures as :meth:`camtrap.detect.megadetector.MegaDetector.prepare` gave them, all of one shape.
    min_confidence : float

    Returns
    -------
    list of list of dict
        For each picture ``category`` (the class number as text), ``conf`` and ``bbox`` (x, y, width, height; parts of
        the picture), the least confident first.
    """
    import torch
    from megadetector.detection import pytorch_detector as package

    kept = []
    with torch.inference_mode():  # where the prediction was made: ultralytics' suppression writes into it
        for one in prediction.split(
            1
        ):  # each by itself: that one stops in the middle of a batch that takes it too long
            if package.yolo_model_type_imported in ("ultralytics", "yolov9"):
                kept += package.non_max_suppression(
                    prediction=one, conf_thres=min_confidence, iou_thres=SAME_ANIMAL, agnostic=False, multi_label=False
                )
            else:
                kept += package.nms(prediction=one, conf_thres=min_confidence, iou_thres=SAME_ANIMAL)
        return [_boxes(rows, one, min_confidence) for rows, one in zip(kept, prepared, strict=True)]


def _boxes(rows: "torch.Tensor", one: dict[str, Any], min_confidence: float) -> list[dict]:
    """One picture's boxes from rows of left, top, right, bottom (pixels of the network's input), confidence and class."""
    import torch
    from megadetector.detection import pytorch_detector as package
    from megadetector.detection.run_detector import CONF_DIGITS, COORD_DIGITS
    from megadetector.utils import ct_utils

    rows = rows[~(rows[:, 4] < min_confidence)].flip(0)
    if not len(rows):
        return []
    corners = package.scale_coords(one["planes"].shape[1:], rows[:, :4], one["shape"]).round()
    scaled = package.xyxy2xywh(corners) / torch.tensor(one["scaling_shape"])[[1, 0, 1, 0]]
    found = []
    for box, (confidence, number) in zip(scaled.tolist(), rows[:, 4:6].tolist(), strict=True):
        bbox = ct_utils.truncate_float_array(ct_utils.convert_yolo_to_xywh(box), precision=COORD_DIGITS)
        conf = ct_utils.truncate_float(confidence, precision=CONF_DIGITS)
        found.append({"category": str(int(number)), "conf": conf, "bbox": bbox})
    return found


def one_per_animal(found: list[dict], category: dict[str, str]) -> list[dict]:
    """Leave out boxes that overlap with a better one of another class of the same category: one animal, seen as sheep and cow.

    Within a class the package has done so (non-maximum suppression, of which this is the step across classes).

    Parameters
    ----------
    found : list of dict
        One picture's ``category`` (the model's class number as text), ``conf`` and ``bbox`` (x, y, width, height).
    category : dict
        Class number to our category.

    Returns
    -------
    list of dict
        In the same order.
    """
    numbers = {box["category"] for box in found}
    if len({category[number] for number in numbers}) == len(numbers):
        return found  # no two classes of one category
    kept: list[dict] = []
    for box in sorted(found, key=lambda box: -box["conf"]):
        if not any(
            category[box["category"]] == category[other["category"]]
            and box["category"] != other["category"]
            and overlap(box["bbox"], other["bbox"]) > SAME_ANIMAL
            for other in kept
        ):
            kept.append(box)
    return [box for box in found if any(box is other for other in kept)]
