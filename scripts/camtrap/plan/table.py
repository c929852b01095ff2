"""The table of stations against the pictures, before the first job: which rows have none, which stations have no row."""

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from camtrap.metadata.deployments import read_stations
from camtrap.metadata.pattern import PathPattern
from camtrap.metadata.stations import compile_station_pattern, station_of
from camtrap.plan.manifests import read_manifest

__all__ = ["compare", "without_station"]

SHOWN = 8


def compare(options: dict[str, Any], manifests: Iterable[str | Path]) -> list[str]:
    """Lines for the user; none where every row has pictures and every station a row.

    Parameters
    ----------
    options : dict
        The configuration's ``metadata`` section, whose ``stations`` is the table.
    manifests : iterable of path
        Those of all shards.
    """
    table = read_stations(options["stations"])
    found, folders = set(), set()
    for path, station in _stations(options, manifests):
        found.add(table.name_of(station, path))
        folders.update(path.split("/")[:-1])
    stations = sorted(name for name in found if name)
    lost, missing = table.without_pictures(stations), [name for name in stations if not table.known(name)]
    n_rows = len({deployment.station for deployment in table.deployments})
    if lost and len(lost) == n_rows:
        near = difflib.get_close_matches(lost[0], stations, n=1, cutoff=0.7)
        return [
            f"{options['stations']}: NONE of its {n_rows} stations is one of the pictures' ({_some(stations)})"
            + (f": is {lost[0]} {near[0]}?" if near else "; metadata.station_level says which folder is the station")
        ]
    lines = []
    if lost:
        lines.append(f"{options['stations']}: no picture is of {_some(lost)}")
    if missing:
        lines.append(f"{options['stations']}: no row for {_some(missing)}")
    if nowhere := [one for one in table.deployments if one.batch and one.batch not in folders]:
        told = _some([f"{one.batch} (line {one.line})" for one in nowhere])
        lines.append(f"{options['stations']}: no folder is called {told}, as its column for the card (batch) says")
    return lines


def without_station(options: dict[str, Any], manifests: Iterable[str | Path]) -> list[str]:
    """A line where the ``metadata`` section says how paths tell the station, and none of them does."""
    said = [key for key in ("station_level", "station_pattern") if options[key]]
    said += ["path_pattern"] if "(?P<station>" in (options["path_pattern"] or "") else []
    stations = [station for _, station in _stations(options, manifests)] if said else []
    if not stations or any(stations):
        return []
    keys = " and ".join(f"metadata.{key}" for key in said)
    return [f"{keys}: by this NONE of the pictures has a station, so that there are no bursts and events: is it right?"]


def _stations(options: dict[str, Any], manifests: Iterable[str | Path]) -> Iterator[tuple[str, str | None]]:
    """Paths, each with its station. Where no pattern is to be matched, one for each folder."""
    pattern = compile_station_pattern(options["station_pattern"]) if options["station_pattern"] else None
    told = PathPattern(options["path_pattern"]) if options["path_pattern"] else None
    rows = (row[0] for manifest in manifests for row in read_manifest(manifest))
    for path in {path if pattern or told else path.rpartition("/")[0] + "/" for path in rows}:
        yield path, (told.read(path).station if told else None) or station_of(path, options["station_level"], pattern)


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "") or "none"
