"""Darwin Core occurrences: one row per named species and event, for GBIF's and other collections' tables (CSV).

Names are the list of species' scientific ones, else as they were given. A date that cannot be trusted is left out, and the row says
why. Terms: https://dwc.tdwg.org/terms/
"""

import datetime as dt
import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from camtrap.core.files import write_csv
from camtrap.export.events import Event, Seen
from camtrap.export.privacy import OPEN, Privacy
from camtrap.export.records import Survey
from camtrap.export.species import ANIMAL, RANKS, Species
from camtrap.export.walk import Walk
from camtrap.metadata.deployments import Stations

__all__ = ["COLUMNS", "export"]

COLUMNS = [
    *("occurrenceID", "basisOfRecord", "occurrenceStatus", "scientificName", "vernacularName", "taxonRank", *RANKS[:6]),
    *(
        "individualCount",
        "eventID",
        "eventDate",
        "samplingProtocol",
        "locationID",
        "decimalLatitude",
        "decimalLongitude",
    ),
    *(
        "coordinatePrecision",
        "geodeticDatum",
        "identifiedBy",
        "dateIdentified",
        "identificationVerificationStatus",
        "identificationRemarks",
    ),
    *("license", "rightsHolder", "datasetName"),
]


def export(
    survey: Survey,
    stations: Stations | None,
    out: str | os.PathLike,
    about: Mapping[str, Any],
    private: Privacy = OPEN,
) -> int:
    """Write the table; the number of rows is returned. ``about`` is ``export.about``."""
    walk = Walk(survey, stations, private)
    for _ in walk.shots():
        pass
    walk.deployments()
    n = 0

    def told() -> Iterator[list[object]]:
        nonlocal n
        for n, row in enumerate(_rows(walk.events(), about, private.precision), 1):  # noqa: B007 (it is returned)
            yield row

    write_csv(out, COLUMNS, told())
    return n


def _rows(events: Iterator[Event], about: Mapping[str, Any], precision: float | None) -> Iterator[list[object]]:
    rights = "; ".join(one["title"] for one in about["contributors"] if one.get("role") == "rightsHolder")
    for event in events:
        for subject, seen in event.observed():
            if subject.kind == ANIMAL and subject.species is not None:
                yield [
                    *_row(event, subject.species, seen, precision),
                    about["licenses"]["data"],
                    rights,
                    about["title"],
                ]


def _row(event: Event, species: Species, seen: Seen, precision: float | None) -> list[object]:
    visit = event.visit
    identity = "\0".join((visit.id, event.id, species.key))
    start, end = (time.replace(microsecond=0).isoformat() for time in (event.start, event.end))
    how = "a person looked at it" if seen.looked_at else "the name was given to its cluster"
    if species.bound is not None and not seen.looked_at:
        how += f"; at least {species.bound:.1%} of the bursts with this name are right"
    return [
        *(hashlib.sha256(identity.encode()).hexdigest()[:32], "MachineObservation", "present", species.taxon),
        *(
            next(iter(species.common.values()), species.name),
            species.rank,
            *(species.higher.get(rank) for rank in RANKS[:6]),
        ),
        *(seen.count, event.id, None if event.doubtful else start if start == end else f"{start}/{end}", "camera trap"),
        *(
            visit.station,
            visit.latitude,
            visit.longitude,
            precision,
            "EPSG:4326" if visit.latitude is not None else None,
            " | ".join(seen.who),
        ),
        seen.at.astimezone(dt.UTC).date().isoformat() if seen.at else None,
        "verified" if seen.looked_at else "unverified",
        how + ("; the camera's clock cannot be trusted" if event.doubtful else ""),
    ]
