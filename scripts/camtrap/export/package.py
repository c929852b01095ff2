"""datapackage.json of a Camtrap DP: whose data they are, where and when they were taken, and which species they hold.

`camtrap.export.about` says, before the first job, what of it only the user knows.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from camtrap.export.privacy import OPEN, Privacy
from camtrap.export.species import ANIMAL, Names
from camtrap.export.visits import Visit
from camtrap.stages import SOFTWARE_VERSION

__all__ = ["VERSION", "describe"]

VERSION = "1.0.2"
_URL = f"https://raw.githubusercontent.com/tdwg/camtrap-dp/{VERSION}"


def describe(
    about: Mapping[str, Any],
    level: str,
    files: Mapping[str, str],
    visits: Sequence[Visit],
    names: Names,
    methods: Sequence[str],
    private: Privacy = OPEN,
) -> dict[str, Any]:
    """The content of datapackage.json.

    Parameters
    ----------
    about : mapping
        The configuration's ``export.about``.
    level : {"event", "media"}
    files : mapping
        Name of a resource to its file.
    visits : sequence of Visit
        The deployments; each has a start, an end and a place.
    names : Names
    methods : sequence of str
        Capture methods that pictures tell of; where they tell of none, it is activity.
    private : Privacy
        It says to how many decimals places were rounded.
    """
    project = {
        "title": about["project"] or about["title"] or "Camera-trap survey",
        "samplingDesign": about["sampling_design"],
        "captureMethod": list(methods) or ["activityDetection"],
        "individualAnimals": bool(about["individual_animals"]),
        "observationLevel": [level],
    }
    licences = [_licence(about["licenses"][scope], scope) for scope in ("data", "media")]
    starts, ends = [one.start for one in visits if one.start], [one.end for one in visits if one.end]
    described: dict[str, Any] = {
        "resources": [_resource(name, files[name]) for name in ("deployments", "media", "observations")],
        "profile": f"{_URL}/camtrap-dp-profile.json",
        "name": re.sub(r"[^a-z0-9]+", "-", (about["title"] or "camera-trap-survey").lower()).strip("-") or "survey",
        "title": about["title"],
        "created": dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z"),
        "description": about["description"],
        "contributors": [dict(person) for person in about["contributors"]],
        "sources": [{"title": "camtrap", "version": SOFTWARE_VERSION}],
        "licenses": [one for one in licences if one] if all(licences) else None,
        "bibliographicCitation": about["citation"],
        "project": project,
        "coordinatePrecision": private.precision,
        "spatial": _place(visits),
        "temporal": {"start": min(starts).date().isoformat(), "end": max(ends).date().isoformat()},
        "taxonomic": _taxa(names),
        "gbifIngestion": {"observationLevel": "media"} if level == "media" else None,
    }
    return {key: value for key, value in described.items() if value is not None}


def _resource(name: str, file: str) -> dict[str, str]:
    return {
        "name": name,
        "path": file,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": f"{_URL}/{name}-table-schema.json",
    }


def _licence(given: str | None, scope: str) -> dict[str, str] | None:
    if not given:
        return None
    return {"path": given, "scope": scope} if "://" in given else {"name": given, "scope": scope}


def _place(visits: Sequence[Visit]) -> dict[str, Any]:
    """The stations' bounding box as GeoJSON; a point where there is but one place."""
    x = [float(one.longitude) for one in visits if one.longitude is not None]
    y = [float(one.latitude) for one in visits if one.latitude is not None]
    west, south, east, north = min(x), min(y), max(x), max(y)
    if (west, south) == (east, north):
        return {"type": "Point", "coordinates": [west, south]}
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "bbox": [west, south, east, north], "coordinates": [ring]}


def _taxa(names: Names) -> list[dict[str, Any]]:
    """Each species once. Its common names are those of the list; where there are none, the name that the experts gave."""
    taxa = []
    for one in names.species:
        if one.kind != ANIMAL:
            continue
        taxon: dict[str, Any] = {"scientificName": one.taxon}
        if one.taxon_id:
            taxon["taxonID"] = one.taxon_id
        if one.rank:
            taxon["taxonRank"] = one.rank
        taxon |= one.higher
        common = dict(one.common) or ({"und": one.name} if one.scientific and one.name != one.scientific else {})
        if common:
            taxon["vernacularNames"] = common
        taxa.append(taxon)
    return taxa
