"""Camtrap DP 1.0.2, the exchange format of camera traps that GBIF reads: a folder with datapackage.json and three tables.

What readers ask beyond its schema (camtrapdp 0.5.0 and camtrapR were read for it):

- Observations are of one level: of events, or of media with boxes. A reader that takes both counts twice.
- All species of one event share its id, start and end. Events of a deployment do not overlap.
- ``human`` with probability 1 is said only of what somebody looked at. A name that came with a cluster is ``machine``; its
  probability is the share that an audit found right at least, and empty where nobody audited it.
- ``locationID`` is always there. One deployment is one visit of one station, so that gaps are true gaps.
- Times have their offset from UTC, to the second.

A path that the format forbids (it begins with ``.`` or ``~``, or holds ``..``) or that a spreadsheet would run has these signs
percent-encoded; ``fileName`` has the name as it is.
Left out and listed in ``left_out.csv``: pictures that failed, have no time, or show people (these without their paths; where they are
asked for, they are not public: ``filePublic``). Events tell of people without a picture. Copies of a picture are left out.

Memory: pictures and media are streamed; deployments and events are held (some 2 kB per event; measured in docs/handover.md).
"""

import mimetypes
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from camtrap.core.errors import UserError
from camtrap.core.files import open_parquet, replacing_folder, write_csv, write_json
from camtrap.export import package
from camtrap.export.events import Shot
from camtrap.export.observations import OBSERVATIONS, Observations, file_path, time_text
from camtrap.export.privacy import LEFT_OUT, OPEN, Privacy
from camtrap.export.records import Picture, Survey
from camtrap.export.streams import table
from camtrap.export.visits import Visit
from camtrap.export.walk import Walk
from camtrap.metadata.deployments import Stations

__all__ = ["DEPLOYMENTS", "MEDIA", "OBSERVATIONS", "export"]

LARGE = 100_000  # media, from which tables are compressed
# All columns of the format, in its order: readers take a table that lacks one for a wrong one.
DEPLOYMENTS = (
    *("deploymentID", "locationID", "locationName", "latitude", "longitude", "coordinateUncertainty"),
    *("deploymentStart", "deploymentEnd", "setupBy", "cameraID", "cameraModel", "cameraDelay"),
    *("cameraHeight", "cameraDepth", "cameraTilt", "cameraHeading", "detectionDistance", "timestampIssues"),
    *("baitUse", "featureType", "habitat", "deploymentGroups", "deploymentTags", "deploymentComments"),
)
MEDIA = (
    *("mediaID", "deploymentID", "captureMethod", "timestamp", "filePath", "filePublic", "fileName"),
    *("fileMediatype", "exifData", "favorite", "mediaComments"),
)
_METHOD = {"time lapse": "timeLapse", "motion": "activityDetection"}
_TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".avi": "video/x-msvideo", ".mov": "video/quicktime"}


def export(
    survey: Survey,
    stations: Stations | None,
    out: str | os.PathLike,
    level: str,
    about: Mapping[str, Any],
    detector: str = "detector",
    private: Privacy = OPEN,
) -> dict[str, int]:
    """Write the package.

    Parameters
    ----------
    survey : Survey
    stations : Stations, optional
        The table of stations.
    out : path
        The folder; it appears whole.
    level : {"event", "media"}
        What an observation is of.
    about : mapping
        The configuration's ``export.about``.
    detector : str
        Who found what nobody named.
    private : Privacy
        Which pictures are left out; those of people that are not are not public.

    Returns
    -------
    dict
        ``deployments``, ``media``, ``observations``, ``left_out``: rows written.

    Raises
    ------
    UserError
        A place or a time zone is not known, or nothing can be handed over. One line.
    """
    with replacing_folder(out) as folder:
        ending = ".csv.gz" if open_parquet(survey.images).metadata.num_rows > LARGE else ".csv"
        walk = Walk(survey, stations, private)
        made = Observations(detector)
        files = {name: f"{name}{ending}" for name in ("media", "observations")} | {"deployments": "deployments.csv"}
        methods: set[str] = set()
        n_media = 0
        with (
            table(folder / files["media"], MEDIA) as media,
            table(folder / files["observations"], OBSERVATIONS) as observations,
        ):
            for shots in _by_file(walk.shots()):
                if private.hides(shots[0].picture.file):
                    walk.leave_out(shots[0].picture.file, LEFT_OUT)
                    continue
                row = _medium(shots, private.shows(shots[0].picture.file))
                methods.add(str(row["captureMethod"]))
                media.writerow([row.get(name, "") for name in MEDIA])
                n_media += 1
                if level == "media":
                    made.of_medium(observations, shots, str(row["mediaID"]))
            visits = walk.deployments()
            _refuse_unknown(visits)
            if level == "event":
                for event in walk.events():
                    for subject, seen in event.observed():
                        made.of_event(observations, event.id, event.visit, (event.start, event.end), subject, seen)
        with table(folder / files["deployments"], DEPLOYMENTS) as deployments:
            for visit in visits:
                row = _deployment(visit)
                deployments.writerow([row.get(name, "") for name in DEPLOYMENTS])
        write_csv(folder / "left_out.csv", ["path", "reason"], sorted(walk.left_out))
        described = package.describe(about, level, files, visits, survey.names, sorted(methods - {""}), private)
        write_json(folder / "datapackage.json", described)
    return {"deployments": len(visits), "media": n_media, "observations": made.n, "left_out": len(walk.left_out)}


def _by_file(shots: Iterator[Shot]) -> Iterator[list[Shot]]:
    """The frames of one video together; each picture alone."""
    several: list[Shot] = []
    for shot in shots:
        if several and (shot.picture.video is None or shot.picture.video != several[0].picture.video):
            yield several
            several = []
        several.append(shot)
    if several:
        yield several


def _medium(shots: Sequence[Shot], shown: bool) -> dict[str, object]:
    picture, path = shots[0].picture, shots[0].picture.file
    encoded = file_path(path)
    return {
        "mediaID": picture.image_id,
        "deploymentID": file_path(shots[0].visit.id),
        "captureMethod": _METHOD.get(picture.trigger or "", ""),
        "timestamp": time_text(shots[0].time),
        "filePath": encoded,
        "filePublic": "false" if shown else "true",
        "fileName": path.rpartition("/")[2],
        "fileMediatype": media_type(picture),
        "mediaComments": "; ".join(
            [
                *(["filePath is percent-encoded"] if encoded != path else []),
                *([f"clock: {picture.clock}"] if picture.clock else []),
                *(["the file is damaged"] if picture.status == "damaged" else []),
            ]
        ),
    }


def media_type(picture: Picture) -> str:
    """The media type of a picture's file, by its ending."""
    ending = os.path.splitext(picture.file)[1].lower()
    found = _TYPES.get(ending) or mimetypes.types_map.get(ending, "")
    kind = "video" if picture.video else "image"
    return found if found.startswith(f"{kind}/") else f"{kind}/{'mp4' if picture.video else 'jpeg'}"


def _deployment(visit: Visit) -> dict[str, object]:
    model, serial = visit.camera
    assert visit.start is not None
    assert visit.end is not None
    note = "" if visit.source != "pictures" else "start and end are those of the first and the last picture"
    return {
        "deploymentID": file_path(visit.id),
        "locationID": visit.station,
        "locationName": visit.station,
        "latitude": visit.latitude,
        "longitude": visit.longitude,
        "deploymentStart": time_text(visit.start),
        "deploymentEnd": time_text(visit.end),
        "cameraID": serial,
        "cameraModel": model,
        "timestampIssues": "true" if visit.doubtful else "false",
        "deploymentComments": note if visit.pictures else "no pictures",
    }


def _refuse_unknown(visits: Sequence[Visit]) -> None:
    """What the format requires of each deployment, and only the user knows."""
    if not visits:
        raise UserError("export.camtrap_dp: no picture has a time, so there is nothing that the format can hold")
    lines = []
    if placeless := sorted({visit.station for visit in visits if visit.latitude is None}):
        lines.append(
            f"export.camtrap_dp: latitude and longitude of {_some(placeless)} are not known: "
            "add them to the table of stations (metadata.stations)"
        )
    if zoneless := sorted({visit.station for visit in visits if visit.start and visit.start.tzinfo is None}):
        lines.append(
            f"export.camtrap_dp: the time zone of {_some(zoneless)} is not known: set export.timezone, or add a column "
            "'time zone' to the table of stations (metadata.stations)"
        )
    if lines:
        raise UserError("\n".join(lines))


def _some(names: Sequence[str], shown: int = 5) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")
