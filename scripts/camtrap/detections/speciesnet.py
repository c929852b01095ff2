"""SpeciesNet's predictions: 5.0.6 (``info.format_version`` "20261015", a class a detection) and before (a picture)."""

from collections.abc import Iterator
from functools import partial

from camtrap.detections.records import (
    UNREADABLE,
    Detection,
    Record,
    category,
    collect,
    entries,
    parse_box,
    parse_conf,
    probability,
)

# The pseudo-detection of whole-image classifiers: a class for the picture, not a box.
_WHOLE_IMAGE = "0"


def predictions(data: dict, problems: list) -> Iterator[Record]:
    """Read ``predictions``. Boxes are relative; people are ``human`` there.

    A class of the whole picture (all that older versions have) is carried to each of its detections, as
    ``megadetector``'s converter does. A failure is a failure for us only where there are no detections: a picture
    whose classifier alone failed has its boxes. A partial file lists the pictures not reached yet as failures.
    """

    def one(item: dict) -> Iterator[Record]:
        file, raw, failures = item["filepath"], item.get("detections"), list(map(str, item.get("failures") or []))
        if not isinstance(raw, list) or "DETECTOR" in failures:
            yield Record(file, None, f"SpeciesNet failed: {', '.join(failures) or 'no detections in its record'}")
            return
        whole = [d for d in raw if isinstance(d, dict) and str(d.get("category")) == _WHOLE_IMAGE]
        boxes = [d for d in raw if d not in whole]
        if whole and not boxes and "model_version" not in item:
            yield Record(file, None, "SpeciesNet classified the whole picture only: its detector was not run")
            return
        try:
            label = _picture_class(item, whole)
        except UNREADABLE as error:  # it costs the class; the boxes stay
            problems.append((file, f"the class of the picture cannot be read: {error}"))
            label = None
        yield collect(file, boxes, partial(_detection, whole=label), problems)

    yield from entries(data["predictions"], "filepath", " of 'predictions'", one, problems)


def _detection(item: dict, whole: tuple | None) -> Detection:
    conf, repeat = parse_conf(item["conf"])
    name = item.get("label") or {"1": "animal", "2": "person", "3": "vehicle"}.get(str(item["category"]))
    found = _class(item) or whole
    return Detection(
        category(name or f"class {item['category']}"),
        conf,
        parse_box(item["bbox"]),
        repeat=repeat,
        classes=(found,) if found else (),
    )


def _class(detection: dict) -> tuple[tuple[str, str], float] | None:
    """Return a detection's class: the ensemble's, else the classifier's first."""
    processed = detection.get("processed_classification")
    if processed:
        return _named(processed["class"], processed.get("score"))
    raw = detection.get("raw_classifications")
    return _named(raw["classes"][0], raw["scores"][0]) if raw and raw.get("classes") else None


def _picture_class(item: dict, whole: list[dict]) -> tuple[tuple[str, str], float] | None:
    if whole:
        return _class(whole[0])
    if item.get("prediction") is not None:
        return _named(item["prediction"], item.get("prediction_score", 1.0))
    raw = item.get("classifications")
    return _named(raw["classes"][0], raw["scores"][0]) if raw and raw.get("classes") else None


def _named(label: str, score: object) -> tuple[tuple[str, str], float]:
    """Name a class ``uuid;class;order;family;genus;species;common``: its common name, else its finest taxon."""
    tokens = [token.strip() for token in str(label).split(";")]
    name = tokens[-1]
    if len(tokens) == 7 and not name:
        genus = tokens[4]
        name = f"{genus} {tokens[5]}".strip() if tokens[5] else genus or next(filter(None, tokens[3:0:-1]), "")
    return (name or str(label), str(label)), probability(score)
