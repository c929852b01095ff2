"""COCO and COCO Camera Traps: ground truth or detections as x, y, width, height in pixels."""

from collections import defaultdict
from collections.abc import Iterator

from camtrap.detections.records import (
    NOTHING,
    Detection,
    Record,
    category,
    collect,
    entries,
    parse_box,
    parse_conf,
    pixels,
    short,
)


def annotations(data: dict, problems: list) -> Iterator[Record]:
    """Read ``images``, ``annotations`` and ``categories``. Without a ``score`` the confidence is 1.

    A picture without annotations is empty. One whose annotations have no box (COCO Camera Traps labels whole pictures)
    is empty where the label says so, and else a failure: there is an animal, and nobody says where.
    """
    names = _names(data.get("categories"), problems)
    boxes, labels = defaultdict(list), defaultdict(list)
    for item in data["annotations"]:
        if not isinstance(item, dict) or not _is_id(item.get("image_id")):
            problems.append(("", f"an annotation without 'image_id': {short(item)}"))
        elif item.get("category_id") is not None and not _is_id(item["category_id"]):
            problems.append(("", f"an annotation whose 'category_id' is {short(item['category_id'])}"))
        elif item.get("bbox") is None:
            labels[item["image_id"]].append(_name(item, names, "unnamed"))
        else:
            boxes[item["image_id"]].append(item)

    def parse(item: dict) -> Detection | None:
        name = category(_name(item, names, f"class {short(item.get('category_id'))}"))
        if name.lower() in NOTHING:
            return None
        conf, repeat = parse_conf(item.get("score", 1.0))
        return Detection(name, conf, parse_box(item["bbox"]), absolute=True, repeat=repeat)

    def one(image: dict) -> Iterator[Record]:
        file, width, height = image["file_name"], pixels(image.get("width")), pixels(image.get("height"))
        number = image.get("id")
        if number is not None and not _is_id(number):
            raise ValueError(f"its id is {short(number)}")
        raw, named = boxes.pop(number, []), labels.pop(number, [])
        without = [name for name in named if name.lower() not in NOTHING]
        if image.get("failure"):  # megadetector's md_to_coco says so
            yield Record(file, None, str(image["failure"]), width, height)
        elif not raw and without:
            yield Record(file, None, f"labelled {', '.join(sorted(set(without)))}, but without a box", width, height)
        else:
            yield collect(file, raw, parse, problems, width, height)

    yield from entries(data["images"], "file_name", " of 'images'", one, problems)
    for left in sorted(map(str, boxes)):
        problems.append(("", f"annotations of image_id {left}, which 'images' does not list"))


def _is_id(value: object) -> bool:
    return isinstance(value, (str, int, float))


def _names(categories: object, problems: list) -> dict[object, str]:
    """Category id to name; what is not a category is listed."""
    if not isinstance(categories, list | None):
        problems.append(("", f"'categories' is not a list: {short(categories)}"))
        return {}
    names: dict[object, str] = {}
    for item in categories or []:
        if isinstance(item, dict) and _is_id(item.get("id")) and "name" in item:
            names[item["id"]] = str(item["name"])
        else:
            problems.append(("", f"an entry of 'categories' without 'id' and 'name': {short(item)}"))
    return names


def _name(item: dict, names: dict[object, str], otherwise: str) -> str:
    number = item.get("category_id")
    return names.get(number, otherwise) if _is_id(number) else otherwise
