"""Deployments as science needs them: one camera at one station from one visit to the next, from when to when.

A deployment is a station, a visit (the folder that was copied, `stations.visit_of`) and a row of the table of stations. A row whose
camera did not work for a time (ProblemN_from, ProblemN_to) is several, one before and one after.

From when to when: the table of stations says so, where it does. Then the visits within one row follow each other without a gap,
as the camera worked all the time. Otherwise the first and the last picture with a clock that can be trusted say so; that is the
least: the camera may have worked longer.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from camtrap.export.records import Picture
from camtrap.metadata.deployments import Deployment, Stations
from camtrap.metadata.stations import visit_of
from camtrap.metadata.when import parse_zone

__all__ = ["Visit", "Visits"]

TABLE, PICTURES = "stations table", "pictures"


@dataclass(eq=False)
class Visit:
    """One deployment. Times are local, with their offset where the time zone is known; None where nothing tells them.

    ``first``, ``last``: of its pictures with clocks that can be trusted. ``start``, ``end``: of the deployment; ``source`` says who tells
    them. ``days``: those with such pictures. ``doubtful``: whether a clock cannot be trusted.
    """

    id: str
    station: str
    row: Deployment | None
    segment: int = 0
    pictures: int = 0
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    source: str = PICTURES
    latitude: float | None = None
    longitude: float | None = None
    cameras: Counter[tuple[str, str]] = field(default_factory=Counter)
    days: set[dt.date] = field(default_factory=set)
    doubtful: bool = False
    any_time: list[dt.datetime] = field(default_factory=list)

    @property
    def camera(self) -> tuple[str, str]:
        """Model and serial number of the camera that took most of its pictures; "" where unknown."""
        return min(self.cameras.items(), key=lambda item: (-item[1], item[0]))[0] if self.cameras else ("", "")

    def add(self, picture: Picture) -> None:
        """Take note of one picture."""
        self.pictures += 1
        model = "-".join(part for part in (picture.make, picture.model) if part)
        if model or picture.serial:
            self.cameras[model, picture.serial or ""] += 1
        if self.latitude is None and picture.latitude is not None and picture.longitude is not None:
            self.latitude, self.longitude = picture.latitude, picture.longitude
        time = picture.time
        if time is None:
            return
        if picture.clock is not None:
            self.doubtful = True
            self.any_time = [min([time, *self.any_time]), max([time, *self.any_time])]
            return
        self.first = time if self.first is None or time < self.first else self.first
        self.last = time if self.last is None or time > self.last else self.last
        self.days.add(time.date())


_folder_of = lru_cache(maxsize=10_000)(lambda folder: visit_of(f"{folder}/x"))


class Visits:
    """The deployments of a survey, found picture by picture.

    Parameters
    ----------
    stations : Stations, optional
        The table of stations.
    zone : tzinfo, optional
        Where the table says none.
    """

    def __init__(self, stations: Stations | None = None, zone: dt.tzinfo | None = None):
        self._stations, self._zone = stations, zone
        self._found: dict[tuple[str, str, int, int], Visit] = {}
        self._ids: set[str] = set()

    def of(self, picture: Picture) -> Visit:
        """The deployment of a picture, which is counted there."""
        folder, _, _ = picture.file.rpartition("/")
        visit = _folder_of(folder)
        local = picture.time.replace(tzinfo=None) if picture.time else None
        row = self._stations.find(picture.station, local, picture.file, corrected=True) if self._stations else None
        segment = sum(local >= end for _, end in row.problems) if row and local else 0
        key = (picture.station, visit, row.line if row else 0, segment)
        found = self._found.get(key)
        if found is None:
            named = visit if picture.station in visit.split("/") else f"{visit} {picture.station}".strip()
            found = self._found[key] = Visit(self._unique(named), picture.station, row, segment)
            if row and row.latitude is not None:
                found.latitude, found.longitude = row.latitude, row.longitude
        found.add(picture)
        return found

    def close(self) -> list[Visit]:
        """Settle when each deployment began and ended, after the last picture; also those of the table that have no picture.

        Returns
        -------
        list of Visit
            Sorted by station and start.
        """
        visits = [*self._found.values(), *self._without_pictures()]
        together: dict[tuple[int, int], list[Visit]] = {}
        for visit in visits:
            if visit.row and visit.row.line:
                together.setdefault((visit.row.line, visit.segment), []).append(visit)
            self._by_pictures(visit)
        for several in together.values():
            self._by_table(several)
        for visit in visits:
            if visit.start and visit.end and visit.end < visit.start:  # only where clocks lie
                visit.end = visit.start
        return sorted(visits, key=lambda one: (one.station, str(one.start), one.id))

    def aware(self, local: dt.datetime, row: Deployment | None) -> dt.datetime:
        """A local time with the offset of the row's time zone, or of the setting; as it is where neither is known."""
        zone = parse_zone(row.timezone) if row and row.timezone else self._zone
        if zone is None:
            return local
        return local.replace(tzinfo=dt.timezone(local.replace(tzinfo=zone).utcoffset() or dt.timedelta(0)))

    def _unique(self, name: str) -> str:
        found, number = name, 1
        while found in self._ids:
            number += 1
            found = f"{name}~{number}"
        self._ids.add(found)
        return found

    def _without_pictures(self) -> Iterator[Visit]:
        seen = {(visit.row.line, visit.segment) for visit in self._found.values() if visit.row}
        for row in self._stations.deployments if self._stations else []:
            for segment, (start, end) in enumerate(_segments(row)):
                if (row.line, segment) not in seen and start and end:
                    visit = Visit(self._unique(f"{row.batch or ''} {row.station}".strip()), row.station, row, segment)
                    visit.latitude, visit.longitude = row.latitude, row.longitude
                    yield visit

    def _by_pictures(self, visit: Visit) -> None:
        visit.start, visit.end = visit.first, visit.last
        if visit.first is None and visit.any_time:
            visit.start, visit.end = visit.any_time

    def _by_table(self, several: list[Visit]) -> None:
        """Visits within one row: from its start to its end, without a gap between them."""
        row = several[0].row
        assert row is not None
        start, end = _segments(row)[several[0].segment]
        dated = [visit for visit in several if visit.first and visit.last] or several[:1]
        for visit in dated:
            first, last = visit.first, visit.last
            before = [one for one in dated if one is not visit and first and one.last and one.last <= first]
            after = sorted(one.first for one in dated if one is not visit and last and one.first and one.first >= last)
            if start and not before:
                visit.start, visit.source = self.aware(start, row), TABLE
            if after and start and end:
                visit.end, visit.source = after[0], TABLE
            elif end and not after:
                visit.end, visit.source = self.aware(end, row), TABLE


def _segments(row: Deployment) -> list[tuple[dt.datetime | None, dt.datetime | None]]:
    """The times in which the camera of a row worked: around its problems. None where the table does not say."""
    edges: list[dt.datetime | None] = [row.start]
    for begin, end in sorted(row.problems):
        edges += [begin, end]
    edges.append(row.end)
    return list(zip(edges[::2], edges[1::2], strict=True))
