"""Which groups are alike: an order of all by one of them, and "same as?" for the pairs most alike."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from camtrap.core.errors import UserError
from camtrap.review.decisions import key
from camtrap.review.pairs import alike, centres
from camtrap.review.pairs import like as by_likeness
from camtrap.review.server.desk import Desk

__all__ = ["answer", "centres_of", "like", "most_alike"]

_MOST = 30
_LARGEST = 1_000  # groups that are compared with each other


def like(desk: Desk, said: Mapping[str, Any]) -> dict[str, int]:
    """The rank of each group by its likeness to ``group``."""
    number = _number(desk, str(said.get("group")))
    ids, centre = centres_of(desk)
    if number not in ids:
        raise UserError("this group has no crop that was clustered")
    order = by_likeness(centre, int(np.flatnonzero(ids == number)[0]))
    return {desk.live.groups[int(ids[place])]: rank for rank, place in enumerate(order)}


def most_alike(desk: Desk, said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pairs of groups that are most alike and not yet known to be the same or different: ids ``a``, ``b``, ``cosine``."""
    live = desk.live
    ids, centre = centres_of(desk)
    name = np.array([live.groups[n].startswith("n:") for n in ids.tolist()])
    place = {int(number): at for at, number in enumerate(ids)}
    skip = set()
    with live.lock:
        told_apart = [live.asked(d) for d in live.effective if d.action == "different"]
        for pair in [*told_apart, *desk.not_sure]:
            found = [place.get(live.number(group), -1) for group in pair]
            if min(found) >= 0:
                skip.add((min(found), max(found)))
    # two names were told apart by whoever gave them; the largest of the rest come first
    pairs = alike(centre, skip, np.where(name, 0, -1), _MOST)
    return [
        {"a": live.groups[int(ids[a])], "b": live.groups[int(ids[b])], "cosine": round(cosine, 3)}
        for a, b, cosine in pairs
    ]


def answer(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """``a`` and ``b`` are the ``same``, ``different``, or the expert is not ``sure``."""
    a, b, what, live = str(said.get("a")), str(said.get("b")), said.get("answer"), desk.live
    if what not in ("same", "different", "unsure"):
        raise UserError("there is no such answer")
    with live.lock:
        one, other = live.rows(a), live.rows(b)
        if not len(one) or not len(other):
            raise UserError("one of these groups is not there any more")
        if what == "unsure":
            desk.not_sure.append((a, b))
            return {"version": live.version}
        names = [live.name_of(group) for group in (a, b)]
        if what == "same" and any(name is not None for name in names):
            name, rows = (names[0], other) if names[0] is not None else (names[1], one)
            desk.forget_redo()
            live.decide(desk.who, "name", rows, False, name)
        else:
            desk.append([{"action": what, **live.pair(a, b)}])
        return {"version": live.version, "name": key(str(next(filter(None, names), "")))}


def _number(desk: Desk, group: str) -> int:
    if not len(desk.live.rows(group)):
        raise UserError("this group is not there any more")
    return desk.live.number(group)


def centres_of(desk: Desk) -> tuple[np.ndarray, np.ndarray]:
    """The groups that can be compared, largest first: their numbers and means; made once for each version."""
    live, survey = desk.live, desk.survey
    with live.lock:
        version = live.version
        if desk.centres and desk.centres[0] == version:
            return desk.centres[1]
        group = live.group.copy()
    usable = np.array([name[:2] in ("n:", "c:") for name in live.groups])
    row_of = np.flatnonzero(survey.vector >= 0)
    of_vector = np.full(len(survey.vectors), -1, np.int64)
    of_vector[survey.vector[row_of]] = np.where(usable[group[row_of]], group[row_of], -1)
    size = np.bincount(of_vector[of_vector >= 0], minlength=len(usable))
    ids = np.argsort(-size, kind="stable")[: min(_LARGEST, int((size > 0).sum()))]
    code = np.full(len(usable) + 1, -1, np.int64)
    code[ids] = np.arange(len(ids))
    found = ids, centres(survey.vectors, code[of_vector], len(ids))
    desk.centres = version, found
    return found
