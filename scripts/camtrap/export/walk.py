"""One way through a survey, after which its deployments and events are known.

Memory: a Python object for each of a million events would take a gigabyte, so all but the last ones are packed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any

from camtrap.export.events import Event, Seen, Shot, Subject, subjects
from camtrap.export.packed import pack, unpack
from camtrap.export.privacy import LEFT_OUT, OPEN, Privacy
from camtrap.export.records import Survey
from camtrap.export.species import BLANK
from camtrap.export.visits import Visit, Visits
from camtrap.metadata.deployments import Stations

__all__ = ["Walk"]

_MOST = 50_000  # events that are held as they are
_SEEN = attrgetter(*(one.name for one in fields(Seen)))


class Walk:
    """One way through a survey: deployments and events come of it.

    Parameters
    ----------
    survey : Survey
    stations : Stations, optional
        The table of stations.
    private : Privacy
        What is told of people and places: no path of a picture that is hidden, and rounded places.

    Attributes
    ----------
    left_out : list of (path, reason)
        Pictures that failed or have no time, in the order of their paths; without the paths of those that are hidden. Copies
        are left out without a word.
    """

    def __init__(self, survey: Survey, stations: Stations | None = None, private: Privacy = OPEN):
        self._survey, self._private = survey, private
        self._visits = Visits(stations, survey.zone)
        self._events = _Events()
        self.left_out: list[tuple[str, str]] = []

    def shots(self) -> Iterator[Shot]:
        """Yield the pictures that count and have a time, by path. To be walked to the end, once."""
        for picture, crops in self._survey.pictures():
            if not picture.counts:
                if picture.category == "failed":
                    self.leave_out(picture.path, "it could not be used")
                continue
            if picture.time is None:
                self.leave_out(picture.path, "its time is not known")
                continue
            shot = Shot(picture, picture.time, self._visits.of(picture), subjects(picture, crops))
            self._note(shot)
            yield shot

    def leave_out(self, path: str, reason: str) -> None:
        """Take note of a picture that is not told of."""
        self.left_out.append(("", LEFT_OUT) if self._private.hides(path) else (path, reason))

    def deployments(self) -> list[Visit]:
        """All deployments, after the last picture."""
        visits = self._visits.close()
        for visit in visits:
            visit.latitude, visit.longitude = map(self._private.rounded, (visit.latitude, visit.longitude))
        return visits

    def events(self, apart: bool = False) -> Iterator[Event]:
        """All events, by deployment and start, after the last picture; once. None overlap.

        ``apart``: all as they are, those of one station together.
        """
        if apart:
            for visit in sorted(self._events.visits(), key=lambda one: one.station):
                yield from self._events.of(visit)
            return
        for visit in self._events.visits():
            yield from _joined(sorted(self._events.of(visit), key=lambda one: (one.start, one.id)))

    def _note(self, shot: Shot) -> None:
        picture = shot.picture
        event = self._events.find(picture.event or picture.path, shot)
        event.start, event.end = min(event.start, shot.time), max(event.end, shot.time)
        event.pictures += 1
        event.doubtful |= picture.clock is not None
        for subject, crops in shot.shows.items():
            if subject.kind == BLANK and not crops:
                continue  # most pictures: an event in which nothing is seen is blank
            seen = event.seen.get(subject)
            if seen is None:
                seen = event.seen[subject] = Seen(shot.time, "")
            seen.add(shot, crops, self._private.hides(picture.path))


def _joined(events: Iterable[Event]) -> Iterator[Event]:
    """Events of one deployment, by start: those that overlap are one. Times are told to the second."""
    last: Event | None = None
    for event in events:
        if last is None or event.start.replace(microsecond=0) > last.end:
            if last:
                yield last
            last = event
            continue
        last.join(event)
    if last:
        yield last


class _Events:
    """Events by deployment. When they are many, all are packed, which takes a tenth of the memory, and new ones begin."""

    def __init__(self) -> None:
        self._open: dict[Visit, dict[str, Event]] = {}
        self._packed: dict[Visit, list[bytes]] = {}
        self._subjects: dict[Subject, int] = {}
        self._n = 0

    def find(self, name: str, shot: Shot) -> Event:
        """The event of a picture; a new one where there is none, or where what there was is packed."""
        events = self._open.setdefault(shot.visit, {})
        event = events.get(name)
        if event is None:
            if self._n >= _MOST:
                self._pack()
            event = events[name] = Event(name, shot.visit, shot.time, shot.time)
            self._n += 1
        return event

    def visits(self) -> list[Visit]:
        """All deployments, as they were first seen."""
        return list(self._open)

    def of(self, visit: Visit) -> list[Event]:
        """Take out the events of a deployment, as they were first seen."""
        found: dict[str, Event] = {}
        subject = list(self._subjects)
        for packed in self._packed.pop(visit, ()):
            for name, start, end, pictures, doubtful, seen in unpack(packed):
                shown = {subject[number]: Seen(*values) for number, values in seen}
                _take_in(found, Event(name, visit, start, end, pictures, doubtful, shown))
        for event in self._open.pop(visit).values():
            _take_in(found, event)
        return list(found.values())

    def _pack(self) -> None:
        for visit, events in self._open.items():
            if events:
                rows = [self._row(event) for event in events.values()]
                self._packed.setdefault(visit, []).append(pack(rows))
                events.clear()
        self._n = 0

    def _row(self, event: Event) -> tuple[Any, ...]:
        number = self._subjects.setdefault
        seen = [(number(subject, len(self._subjects)), _SEEN(one)) for subject, one in event.seen.items()]
        return event.id, event.start, event.end, event.pictures, event.doubtful, seen


def _take_in(found: dict[str, Event], event: Event) -> None:
    """Add an event, or join it with the one of this name."""
    before = found.setdefault(event.id, event)
    if before is not event:
        before.start = min(before.start, event.start)
        before.join(event)
