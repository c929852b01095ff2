"""The tables of a survey as a rule names them, opened for an export."""

from collections.abc import Mapping
from typing import Any

from camtrap.export.names import read_found
from camtrap.export.privacy import KEEP, Privacy, find_people
from camtrap.export.records import Survey
from camtrap.metadata.deployments import Stations, read_stations

__all__ = ["opened", "private", "stations"]


def opened(inputs: Mapping[str, Any], params: Mapping[str, Any], by_cluster: bool = True) -> Survey:
    """The survey.

    Parameters
    ----------
    inputs : mapping
        ``images``, ``crops``, ``clusters``, ``names``; where there are decisions ``labels``, ``label_info``.
    params : mapping
        ``species`` and ``timezone``, the settings of these names, where they matter.
    by_cluster : bool
        Names of clusters (``export.names``) count where there are no decisions.
    """
    tables = {name: inputs.get(name) for name in ("clusters", "labels", "label_info")}
    named = read_found(inputs["names"]) if by_cluster else None
    given = {"species": params.get("species"), "zone": params.get("timezone")}
    return Survey(inputs["images"], inputs["crops"], **tables, **given, named=named)


def stations(params: Mapping[str, Any]) -> Stations | None:
    """The table of stations, where there is one."""
    return read_stations(params["stations"]) if params["stations"] else None


def private(inputs: Mapping[str, Any], params: Mapping[str, Any], survey: Survey | None = None) -> Privacy:
    """What is told of people and places.

    Parameters
    ----------
    inputs : mapping
        As :func:`opened`, and ``detections`` of all shards.
    params : mapping
        ``people``, ``threshold``, and ``decimals`` where there are places.
    survey : Survey, optional
        With the names that count for people: those of clusters, too.
    """
    if params["people"] == KEEP:
        return Privacy(decimals=params.get("decimals"))
    people = find_people(survey or opened(inputs, params), inputs["detections"], params["threshold"])
    return Privacy(people, params["people"], params.get("decimals"))
