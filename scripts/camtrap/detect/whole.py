"""No detector: every picture that can be read is one animal from border to border."""

from camtrap.detect.task import Entry, Row, Task

WHOLE = [0.0, 0.0, 1.0, 1.0]


def detect(pictures: list[Row], task: Task) -> list[Entry]:
    """Give each picture one box of the whole frame, with confidence 1."""
    return [{"file": row["path"], "detections": [{"category": "1", "conf": 1.0, "bbox": WHOLE}]} for row in pictures]
