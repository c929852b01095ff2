"""COCO and COCO Camera Traps: ground truth or detections as x, y, width, height in pixels."""

from collections import defaultdict
from collections.abc import Iterator

from camtrap.detections.records import Detection, Record, category, collect, parse_box, parse_conf


def annotations(data: dict, problems: list) -> Iterator[Record]:
    """Read ``images``, ``annotations`` and ``categories``. Without a ``score`` the confidence is 1.

    A picture without annotations is empty. One whose annotations have no box (COCO Camera Traps labels whole pictures)
    is empty where the label says so, and else a failure: there is an animal, and nobody says where.
    """
    names = {c["id"]: str(c["name"]) for c in data.get("categories") or [] if "id" in c and "name" in c}
    boxes, labels = defaultdict(list), defaultdict(list)
    for item in data["annotations"]:
        if not isinstance(item, dict) or "image_id" not in item:
            problems.append(("", f"an annotation without 'image_id': {str(item)[:80]}"))
        elif item.get("bbox") is None:
            labels[item["image_id"]].append(names.get(item.get("category_id"), "unnamed"))
        else:
            boxes[item["image_id"]].append(item)

    def parse(item: dict) -> Detection:
        conf, repeat = parse_conf(item.get("score", 1.0))
        name = category(names.get(item.get("category_id"), f"class {item.get('category_id')}"))
        return Detection(name, conf, parse_box(item["bbox"]), absolute=True, repeat=repeat)

    for image in data["images"]:
        if not isinstance(image, dict) or not isinstance(image.get("file_name"), str):
            problems.append(("", f"an entry of 'images' without 'file_name': {str(image)[:80]}"))
            continue
        file, width, height = image["file_name"], image.get("width"), image.get("height")
        raw, named = boxes.pop(image.get("id"), []), labels.pop(image.get("id"), [])
        without = [name for name in named if name.lower() not in ("empty", "blank", "misfire")]
        if image.get("failure"):  # megadetector's md_to_coco says so
            yield Record(file, None, str(image["failure"]), width, height)
        elif not raw and without:
            yield Record(file, None, f"labelled {', '.join(sorted(set(without)))}, but without a box", width, height)
        else:
            yield collect(file, raw, parse, problems, width, height)
    for left in sorted(map(str, boxes)):
        problems.append(("", f"annotations of image_id {left}, which 'images' does not list"))
