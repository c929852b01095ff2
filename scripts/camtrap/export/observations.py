"""Rows of Camtrap DP's observations: of events, or of media with boxes; and how paths and times are spelled there."""

import datetime as dt
from collections.abc import Sequence

from camtrap.core.cells import guarded
from camtrap.export.events import UNKNOWN, Seen, Shot, Subject
from camtrap.export.records import Crop
from camtrap.export.species import ANIMAL, BLANK
from camtrap.export.streams import Writer
from camtrap.export.visits import Visit
from camtrap.stages import SOFTWARE_VERSION

__all__ = ["OBSERVATIONS", "Observations", "file_path", "time_text"]

OBSERVATIONS = (
    *("observationID", "deploymentID", "mediaID", "eventID", "eventStart", "eventEnd", "observationLevel"),
    *("observationType", "cameraSetupType", "scientificName", "count", "lifeStage", "sex", "behavior"),
    *("individualID", "individualPositionRadius", "individualPositionAngle", "individualSpeed", "bboxX"),
    *("bboxY", "bboxWidth", "bboxHeight", "classificationMethod", "classifiedBy", "classificationTimestamp"),
    *("classificationProbability", "observationTags", "observationComments"),
)


_BOX = ("bboxX", "bboxY", "bboxWidth", "bboxHeight")
_SAID = (
    *("classificationMethod", "classifiedBy", "classificationTimestamp", "classificationProbability"),
    "observationComments",
)


def file_path(path: str) -> str:
    """A picture's path as the format allows it: no sign at its beginning that is forbidden or begins a formula, and no ``..``."""
    path = path.replace("..", "%2E%2E")
    if path[:1] in (".", "~", "/") or guarded(path) != path:
        path = "".join(f"%{byte:02X}" for byte in path[0].encode()) + path[1:]
    return path


def time_text(time: dt.datetime) -> str:
    """``2024-05-01T10:00:00-0500``: to the second, with the offset from UTC."""
    text = time.isoformat(timespec="seconds")
    return f"{text[:22]}{text[23:25]}"  # offsets are full minutes; strftime takes four times as long


class Observations:
    """Rows of observations, numbered as they come."""

    def __init__(self, detector: str):
        self._detector, self.n = detector, 0

    def of_event(
        self,
        table: Writer,
        event: str,
        visit: Visit,
        times: tuple[dt.datetime, dt.datetime],
        subject: Subject,
        seen: Seen,
    ) -> None:
        counted = subject.kind not in (BLANK, "vehicle")
        self._write(table, visit, event, times, "event", subject, seen, count=seen.count if counted else "")

    def of_medium(self, table: Writer, shots: Sequence[Shot], medium: str) -> None:
        """One row for each crop of a picture; of a video one for each subject, as its frames show the same animals."""
        first, last = shots[0], shots[-1]
        event = first.picture.event or first.picture.path
        times = (min(shot.time for shot in shots), max(shot.time for shot in shots))
        together: dict[Subject, Seen] = {}
        for shot in shots:
            for subject, crops in shot.shows.items():
                if first.picture.video is None and crops:
                    for crop in crops:
                        seen = Seen(shot.time, shot.picture.path)
                        seen.add(shot, [crop])
                        self._write(table, first.visit, event, times, "media", subject, seen, medium, crop, 1)
                    continue
                together.setdefault(subject, Seen(shot.time, shot.picture.path)).add(shot, crops)
        kinds = [subject for subject in together if subject.kind != BLANK] or list(together)
        for subject in kinds:
            count = together[subject].count if subject.kind not in (BLANK, "vehicle") else ""
            self._write(table, last.visit, event, times, "media", subject, together[subject], medium, count=count)

    def _write(
        self,
        table: Writer,
        visit: Visit,
        event: str,
        times: tuple[dt.datetime, dt.datetime],
        level: str,
        subject: Subject,
        seen: Seen,
        medium: str = "",
        crop: Crop | None = None,
        count: object = "",
    ) -> None:
        self.n += 1
        start, end = time_text(times[0]), time_text(times[1])
        row: dict[str, object] = {
            "observationID": f"o{self.n}",
            "deploymentID": file_path(visit.id),
            "mediaID": medium,
            "eventID": event,
            "eventStart": start,
            "eventEnd": end,
            "observationLevel": level,
            "observationType": subject.kind,
            "scientificName": subject.species.taxon if subject.species else "",
            "count": count,
        }
        if crop and min(crop.box[2:]) >= 0.00005:  # a side of no length is not a box
            row |= {name: f"{min(max(side, 0), 1):.4f}" for name, side in zip(_BOX, crop.box, strict=True)}
        row |= dict(zip(_SAID, self._said(subject, seen), strict=True))
        table.writerow([row.get(name, "") for name in OBSERVATIONS])

    def _said(self, subject: Subject, seen: Seen) -> tuple[str, str, str, str, str]:
        """Method, by whom, when, how probable, and the comment."""
        at = time_text(seen.at.astimezone(dt.UTC)) if seen.at else ""
        named = subject.kind in (ANIMAL, UNKNOWN) or bool(seen.who)
        if named and seen.looked_at:
            return "human", " | ".join(seen.who), at, "" if subject.kind == UNKNOWN else "1", ""
        if named:
            bound = subject.species.bound if subject.species else None
            by = f" by {', '.join(seen.who)}" if seen.who else ""
            comments = [f"the name was given to its cluster{by}"]
            if seen.sure is not None:
                comments.append(f"membership up to {seen.sure:.2f}")
            comments.append("not audited" if bound is None else f"audit: at least {bound:.1%} of its bursts are right")
            return (
                "machine",
                f"camtrap {SOFTWARE_VERSION}",
                at,
                "" if bound is None else f"{bound:.4f}",
                "; ".join(comments),
            )
        probable = subject.kind in ("human", "vehicle") and seen.conf is not None
        return "machine", self._detector, "", f"{seen.conf:.3f}" if probable else "", ""
