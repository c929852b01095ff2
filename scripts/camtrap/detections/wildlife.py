"""The dialects of Microsoft's tools: PyTorch-Wildlife's JSON and the command line of microsoft/MegaDetector."""

from collections.abc import Iterator

from camtrap.core.categories import DETECTED
from camtrap.detections.records import (
    NOTHING,
    Detection,
    Record,
    category,
    collect,
    entries,
    parse_box,
    parse_conf,
    probability,
    short,
    table,
)

CATEGORIES = {str(number): name for number, name in enumerate(DETECTED)}


def annotations(data: dict, problems: list) -> Iterator[Record]:
    """Read ``save_detection_json`` and ``save_detection_classification_json``: parallel lists per picture.

    Boxes are corners in whole pixels. The classification lists of the second are matched to the boxes by their order,
    and left out where there are not as many as boxes (the tool classifies animals only and does not say which).
    """
    names = table(data.get("categories") or data.get("det_categories")) or CATEGORIES
    classes = table(data.get("clf_categories"))

    def parse(item: tuple) -> Detection | None:
        number, conf, box, label, p = item
        name = category(names.get(str(number), f"class {number}"))
        if name.lower() in NOTHING:
            return None
        conf, repeat = parse_conf(conf)
        found = () if label is None else (((classes.get(str(label), f"class {label}"), ""), probability(p)),)
        return Detection(name, conf, parse_box(box, corners=True), absolute=True, repeat=repeat, classes=found)

    for item in data["annotations"]:
        try:
            boxes = item["bbox"]
            numbers, confs = (item[k] if k in item else item[f"det_{k}"] for k in ("category", "confidence"))
            file = str(item["img_id"])
            if not len(boxes) == len(numbers) == len(confs):
                raise ValueError(f"{len(boxes)} boxes, {len(numbers)} categories, {len(confs)} confidences")
        except (KeyError, TypeError, ValueError) as error:
            named = item.get("img_id") if isinstance(item, dict) else None
            problems.append((str(named or ""), f"an entry of 'annotations' that cannot be read: {error}"))
            if named:
                yield Record(str(named), None, f"unusable detection result: {error}")
            continue
        labels, ps = item.get("clf_category") or [], item.get("clf_confidence") or []
        if not isinstance(labels, list) or not isinstance(ps, list):
            problems.append((file, f"its classes are not lists: {short(labels)}, {short(ps)}"))
            labels = ps = []
        if not len(labels) == len(ps) == len(boxes):
            labels = ps = [None] * len(boxes)
        yield collect(file, list(zip(numbers, confs, boxes, labels, ps, strict=True)), parse, problems)


def command_line(data: list, problems: list) -> Iterator[Record]:
    """Read what ``megadetector detect --output`` of microsoft/MegaDetector writes: corners in pixels, names."""

    def parse(item: dict) -> Detection | None:
        name = category(item["category"])
        if name.lower() in NOTHING:
            return None
        conf, repeat = parse_conf(item["confidence"])
        return Detection(name, conf, parse_box(item["bbox"], corners=True), absolute=True, repeat=repeat)

    def one(item: dict) -> Iterator[Record]:
        if not isinstance(item.get("detections"), list):
            yield Record(item["file"], None, str(item.get("error") or "the detection file gives no detections"))
        else:
            yield collect(item["file"], item["detections"], parse, problems)

    yield from entries(data, "file", "", one, problems)
