"""What was seen, event by event: which species, how many, who says so.

An event is what ``tables/images.parquet`` calls one (pictures of a station without a longer pause), within one deployment. Events of
a deployment do not overlap: readers find an event's pictures by its start and end. Where clocks cannot be trusted they could;
then they are one.
"""

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from camtrap.export.rows import Crop, Picture
from camtrap.export.species import ANIMAL, BLANK, HUMAN, VEHICLE, Species
from camtrap.export.visits import Visit

__all__ = ["Event", "Seen", "Shot", "Subject", "subjects"]

UNKNOWN, UNCLASSIFIED = "unknown", "unclassified"
_KIND = {"person": HUMAN, "vehicle": VEHICLE}


class Subject(NamedTuple):
    """What can be seen: one of Camtrap DP's observation types, and which species where it is a named animal."""

    kind: str
    species: Species | None = None


class Shot(NamedTuple):
    """A picture that counts and has a time, with its deployment and what it shows (at least one subject, of blank with no crops)."""

    picture: Picture
    time: dt.datetime
    visit: Visit
    shows: dict[Subject, list[Crop]]


@dataclass(slots=True)
class Seen:
    """A subject in an event. ``count`` is the most crops in one picture: so many individuals at least.

    ``at`` is when it was decided (UTC); ``sure`` of the surest crop; ``looked_at`` whether somebody looked at one of the crops;
    ``who`` decided; ``conf`` the detector's best confidence; ``first`` when it was seen first; ``path`` the first file of it that may
    be told, "" where there is none; ``pictures`` how many.
    """

    first: dt.datetime
    path: str
    count: int = 0
    pictures: int = 0
    looked_at: bool = False
    sure: float | None = None
    conf: float | None = None
    at: dt.datetime | None = None
    who: tuple[str, ...] = ()

    def add(self, shot: Shot, crops: list[Crop], hidden: bool = False) -> None:
        """Take note of one picture of it; the path of one that is hidden is not told."""
        self.pictures += 1
        self.count = max(self.count, len(crops) or 1)
        if shot.time < self.first or not self.path:
            self.path = self.path if hidden else shot.picture.file
        self.first = min(self.first, shot.time)
        conf = max((crop.conf for crop in crops), default=shot.picture.max_conf)
        self.conf = _most(self.conf, conf)
        # what was looked at takes precedence over what came with a cluster
        looked = [crop for crop in crops if crop.looked_at]
        if looked and not self.looked_at:
            self.looked_at, self.who, self.at, self.sure = True, (), None, None
        for crop in looked if self.looked_at else crops:
            self.sure = _most(self.sure, crop.sure)
            if crop.at is not None and (self.at is None or crop.at > self.at):
                self.at = crop.at
            if crop.who is not None and crop.who not in self.who:
                self.who = tuple(sorted((*self.who, crop.who)))

    def join(self, other: "Seen") -> None:
        """Take in the same subject of an event that turned out to be this one."""
        earlier, later = (other, self) if other.first < self.first else (self, other)
        self.first, self.path = earlier.first, earlier.path or later.path
        self.count, self.pictures = max(self.count, other.count), self.pictures + other.pictures
        self.conf = _most(self.conf, other.conf)
        if other.looked_at and not self.looked_at:
            self.looked_at, self.who, self.at, self.sure = True, other.who, other.at, other.sure
        elif other.looked_at == self.looked_at:
            self.sure = _most(self.sure, other.sure)
            self.at = max([at for at in (self.at, other.at) if at], default=None)
            self.who = tuple(sorted({*self.who, *other.who}))


def _most(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else max(one, other)


@dataclass(slots=True)
class Event:
    """An event within one deployment. ``doubtful``: a clock in it cannot be trusted. ``seen`` is empty where nothing was."""

    id: str
    visit: Visit
    start: dt.datetime
    end: dt.datetime
    pictures: int = 0
    doubtful: bool = False
    seen: dict[Subject, Seen] = field(default_factory=dict)

    def join(self, later: "Event") -> None:
        """Take in an event that turned out to be this one; this one began first."""
        self.end = max(self.end, later.end)
        self.pictures += later.pictures
        self.doubtful |= later.doubtful
        for subject, seen in later.seen.items():
            if subject in self.seen:
                self.seen[subject].join(seen)
            else:
                self.seen[subject] = seen

    def observed(self) -> list[tuple[Subject, Seen]]:
        """What was seen, animals by name first; blank only where nothing else was."""
        full = [item for item in self.seen.items() if item[0].kind != BLANK] or list(self.seen.items())
        if not full:
            return [(Subject(BLANK), Seen(self.start, ""))]
        return sorted(full, key=lambda item: (item[0].kind, item[0].species.key if item[0].species else ""))


@lru_cache(maxsize=10_000)
def _subject(kind: str, species: Species | None) -> Subject:
    """One object of each, which all events share."""
    return Subject(kind, species)


def subjects(picture: Picture, crops: list[Crop]) -> dict[Subject, list[Crop]]:
    """What one picture shows, and the crops that show it.

    A crop that was rejected, or that is a repeat detection without a name (a branch), shows nothing. A crop without a decision is
    unclassified; one of which the expert was unsure is unknown.
    """
    found: dict[Subject, list[Crop]] = {}
    for crop in crops:
        species = crop.species
        if species is not None:
            kind = species.kind
        elif crop.state == "rejected" or (crop.state is None and crop.repeat):
            continue
        else:
            kind = UNKNOWN if crop.state == "unsure" else _KIND.get(crop.category, UNCLASSIFIED)
        found.setdefault(_subject(kind, species if kind == ANIMAL else None), []).append(crop)
    if not found and not crops and picture.category != "empty":
        found[_subject(_KIND.get(picture.category, UNCLASSIFIED), None)] = []
    return found or {_subject(BLANK, None): []}
