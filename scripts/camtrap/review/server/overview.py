"""The groups as cards: how large, where, when, how sure, and some crops of each; filters; what remains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from camtrap.core.errors import UserError
from camtrap.review.server.live import Live
from camtrap.review.server.state import NAMED, OPEN, REJECTED, UNSURE, Snapshot
from camtrap.review.server.survey import Survey

__all__ = ["Filter", "cards", "codes", "remaining"]

SAMPLES = 8
_STATES = {"open": OPEN, "named": NAMED, "rejected": REJECTED, "unsure": UNSURE}


@dataclass(frozen=True)
class Filter:
    """Which crops are looked at; what is not set counts all."""

    station: frozenset[int] = frozenset()
    category: frozenset[int] = frozenset()
    first: str = ""
    last: str = ""
    hours: tuple[int, int] | None = None
    infrared: bool | None = None
    state: str = ""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Filter":
        """Of what the page sends; UserError where it makes no sense."""
        try:
            hours = said.get("hours")
            for day in (said.get("first"), said.get("last")):
                np.datetime64(day or "2000-01-01", "D")
            infrared = said.get("infrared")
            if (said.get("state") or "open") not in {*_STATES, "new"} or infrared not in (None, True, False):
                raise ValueError
            return cls(
                frozenset(int(code) for code in said.get("station") or ()),
                frozenset(int(code) for code in said.get("category") or ()),
                str(said.get("first") or ""),
                str(said.get("last") or ""),
                None if hours is None else (int(hours[0]) % 24, int(hours[1]) % 24),
                infrared,
                str(said.get("state") or ""),
            )
        except (TypeError, ValueError, IndexError, KeyError):
            raise UserError("this filter makes no sense") from None

    def mask(self, live: Live | Snapshot) -> np.ndarray | None:
        """Which crops it lets through, bool (n,); None for all."""
        survey, parts = live.survey, []
        for column in ("station", "category"):
            if wanted := getattr(self, column):
                parts.append(np.isin(survey.code[column], list(wanted)))
        if self.first:
            parts.append(survey.when >= np.datetime64(self.first, "D"))
        if self.last:
            parts.append(survey.when < np.datetime64(self.last, "D") + np.timedelta64(1, "D"))
        if self.hours:
            low, high = self.hours
            after, before = survey.hour >= low, survey.hour <= high
            parts.append(((after & before) if low <= high else (after | before)) & (survey.hour < 24))
        if self.infrared is not None:
            parts.append(survey.infrared == self.infrared)
        if self.state == "new":
            parts.append(~live.seen & (live.state == OPEN) if live.seen.any() else np.zeros(survey.n, bool))
        elif self.state:
            parts.append(live.state == _STATES[self.state])
        return np.logical_and.reduce(parts) if parts else None


def cards(live: Snapshot, wanted: Filter) -> list[dict[str, Any]]:
    """The groups, largest first.

    Returns
    -------
    list of dict
        ``id``, ``number`` (as in :func:`codes`), ``name`` (None without), ``kind`` (named, open, noise, rejected, unsure), ``crops``,
        ``bursts``, ``sure`` (mean probability), ``looked``, ``new``, ``stations`` [[station code, crops]], ``hours`` (24 counts),
        ``infrared``
        (share), ``samples`` (rows of crops: from the most typical to the oddest), ``audit`` (of `audit.bound`, or None), ``called``
        (``name`` and ``share`` of another classifier, or None).
    """
    survey, mask = live.survey, wanted.mask(live)
    rows = np.arange(survey.n) if mask is None else np.flatnonzero(mask)
    group = live.group[rows]
    k = len(live.groups)
    size = np.bincount(group, minlength=k)
    if not len(rows):
        return []
    bursts = _distinct(group, survey.burst[rows], k)
    looked = np.bincount(group[live.looked[rows]], minlength=k)
    sure = np.bincount(group, survey.probability[rows], minlength=k)
    infrared = np.bincount(group[survey.infrared[rows]], minlength=k)
    fresh = np.bincount(group[~live.seen[rows]], minlength=k) if live.seen.any() else np.zeros(k, int)
    stations = len(survey.listed["station"])
    at_station = np.bincount(group * (stations + 1) + survey.code["station"][rows] + 1, minlength=k * (stations + 1))
    at_station = at_station.reshape(k, stations + 1)
    hour = np.where(survey.hour[rows] < 24, survey.hour[rows], 24)
    hours = np.bincount(group.astype(np.int64) * 25 + hour, minlength=k * 25).reshape(k, 25)[:, :24]
    samples = _samples(survey, rows, group, k)
    found = []
    for number in np.argsort(-size, kind="stable").tolist():
        if not size[number]:
            break
        gid = live.groups[number]
        busiest = np.argsort(-at_station[number, 1:], kind="stable")
        found.append(
            {
                "id": gid,
                "number": number,
                "name": live.name_of(gid),
                "kind": {"n": "named", "c": "open"}.get(gid.partition(":")[0], gid),
                "crops": int(size[number]),
                "bursts": int(bursts[number]),
                "looked": int(looked[number]),
                "sure": round(float(sure[number] / size[number]), 3),
                "new": int(fresh[number]),
                "infrared": round(float(infrared[number] / size[number]), 3),
                "stations": [
                    [int(s), int(at_station[number, s + 1])] for s in busiest[:4] if at_station[number, s + 1]
                ],
                "nStations": int((at_station[number, 1:] > 0).sum()),
                "hours": hours[number].tolist(),
                "samples": samples[number],
                "audit": live.audited.get(gid),
                "called": {"name": one.name, "share": one.share} if (one := live.called.get(gid)) else None,
            }
        )
    return found


def remaining(live: Snapshot) -> dict[str, int]:
    """What there is, and what is without a name: crops, groups, bursts."""
    open_ = live.state == OPEN
    count = np.bincount(live.state, minlength=4)
    return {
        "crops": live.survey.n,
        "named": int(count[NAMED]),
        "rejected": int(count[REJECTED]),
        "unsure": int(count[UNSURE]),
        "open": int(count[OPEN]),
        "openGroups": int(np.count_nonzero(np.bincount(live.group[open_]))),
        "openBursts": int(np.count_nonzero(np.bincount(live.survey.burst[open_]))),
    }


def codes(live: Live) -> bytes:
    """The group of each crop, uint16 or uint32 (little endian) as many as there are groups need."""
    return live.group.astype("<u2" if len(live.groups) < 2**16 else "<u4").tobytes()


def _distinct(group: np.ndarray, burst: np.ndarray, k: int) -> np.ndarray:
    """How many different bursts each group has."""
    most = int(burst.max()) + 1
    pairs = np.sort(group.astype(np.int64) * most + burst)  # np.unique, which hashes, takes five times as long
    first = np.r_[True, pairs[1:] != pairs[:-1]]
    return np.bincount(pairs[first] // most, minlength=k)


def _samples(survey: Survey, rows: np.ndarray, group: np.ndarray, k: int) -> list[list[int]]:
    """Rows of each group, evenly from the most typical to the oddest, each of another burst as far as there are some."""
    # by group, and within one by distance: the order by distance is made once
    by = survey.by_distance if len(rows) == survey.n else np.argsort(survey.distance[rows], kind="stable")
    by = by[np.argsort(group[by].astype(np.uint16 if k < 2**16 else np.int64), kind="stable")]
    starts = np.searchsorted(group[by], np.arange(k + 1))
    found: list[list[int]] = []
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        n, chosen, bursts = end - start, [], set()
        for place in np.linspace(0, max(n - 1, 0), min(n, 3 * SAMPLES)).astype(int).tolist():
            row = int(rows[by[start + place]])
            if survey.burst[row] not in bursts or n <= SAMPLES:
                chosen.append(row)
                bursts.add(survey.burst[row])
        pick = np.unique(np.linspace(0, max(len(chosen) - 1, 0), min(len(chosen), SAMPLES)).round().astype(int))
        found.append([chosen[place] for place in pick.tolist()])
    return found
