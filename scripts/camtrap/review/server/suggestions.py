"""Names for what has none, and possible mistakes in what has one: of each crop its own, from what has been named so far.

Where that says nothing sure of a group, another classifier may (`classified`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from camtrap.core.errors import UserError
from camtrap.review import suggest
from camtrap.review.server.desk import Desk
from camtrap.review.server.state import NOISE, OPEN
from camtrap.review.upcoming import Todo, sure, upcoming

__all__ = ["accept", "following", "mistakes", "of_groups", "own", "take"]

_MOST = 300


def _known(desk: Desk) -> tuple[suggest.Means, list[str]]:
    """The class means of what has a name, and the groups that the names are of; made once for each version."""
    live, survey = desk.live, desk.survey
    with live.lock:
        version = live.version
        if desk.means and desk.means[0] == version:
            return desk.means[1]
        group, groups = live.group.copy(), list(live.groups)
    named = [number for number, name in enumerate(groups) if name.startswith("n:")]
    code = np.full(len(groups), -1, np.int64)
    code[named] = np.arange(len(named))
    row_of = np.flatnonzero(survey.vector >= 0)
    name, part = (np.full(len(survey.vectors), -1, np.int64) for _ in range(2))
    name[survey.vector[row_of]] = code[group[row_of]]
    part[survey.vector[row_of]] = survey.cluster[row_of]
    found = suggest.means(survey.vectors, name, part), [groups[number] for number in named]
    desk.means = version, found
    return found


def _open(desk: Desk) -> tuple[np.ndarray, suggest.Suggested, list[str]]:
    """The rows without a state, each with its own suggestion."""
    known, names = _known(desk)
    rows = np.flatnonzero(desk.live.state == OPEN)
    there, x = desk.survey.vectors_of(rows)
    return rows[there], suggest.suggest(x, known), names


class _Proposal(NamedTuple):
    """A name for these ``rows`` of a group without one: the ``share`` of its crops that are so called.

    ``like`` is the group of the name, and ``cosine`` how like it they are; a classifier's proposal is for the whole group and has neither.
    """

    group: str
    name: str
    rows: np.ndarray
    share: float
    like: str = ""
    cosine: float | None = None

    @property
    def is_sure(self) -> bool:
        return sure(self.share, 1.0 if self.cosine is None else self.cosine)


def _proposals(desk: Desk) -> list[_Proposal]:
    """One for each group without a name, and for the noise, of which there is something to say: the surer one.

    Raises UserError where nothing has a name, and no classifier said anything.
    """
    live = desk.live
    rows, found, names = _open(desk)
    if not names and not live.called:
        raise UserError("nothing has a name yet: suggestions come from what has been named")
    group = live.group[rows].astype(np.int64)
    proposed = {}
    for number, name, share, cosine in suggest.of_groups(found, group):
        own = rows[(group == number) & (found.name == name)]
        one = _Proposal(live.groups[number], live.name_of(names[name]) or "", own, share, names[name], cosine)
        proposed[one.group] = one
    for key, called in live.called.items():
        if (key not in proposed or not proposed[key].is_sure) and len(whole := live.rows(key)):
            proposed[key] = _Proposal(key, called.name, whole, called.share)
    return list(proposed.values())


def of_groups(desk: Desk, said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each group without a name, and of the noise, what most of its crops look like or are called; the surest first.

    ``cosine`` is None for what another classifier says.
    """
    answer = []
    for one in _proposals(desk):
        own = one.rows[np.argsort(desk.survey.distance[one.rows], kind="stable")]
        at = np.unique(np.linspace(0, len(own) - 1, min(len(own), 6)).astype(int))
        answer.append(
            {
                "group": one.group,
                "name": one.name,
                "share": round(one.share, 3),
                "cosine": None if one.cosine is None else round(one.cosine, 3),
                "crops": len(own),
                "ticked": one.is_sure,
                "samples": own[at].tolist(),
                "like": desk.samples(one.like) if one.like else [],
            }
        )
    return sorted(answer, key=lambda one: -one["share"] * (one["cosine"] or 1))[:_MOST]


def own(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """Of the crops of a group without a name, of the noise or of what is not sure each one's own suggestion.

    ``rows``, those of one name together, the surest first, and their ``names``; :func:`take` takes them.
    """
    known, names = _known(desk)
    if not names:
        raise UserError("nothing has a name yet: suggestions come from what has been named")
    rows = desk.live.rows(str(said.get("group")))
    there, x = desk.survey.vectors_of(rows)
    found = suggest.suggest(x, known)
    by = np.lexsort((-found.margin, found.name))
    rows, texts = rows[there][by], [desk.live.name_of(names[name]) for name in found.name[by].tolist()]
    desk.own = dict(zip(rows.tolist(), texts, strict=True))
    return {"rows": rows.tolist(), "names": texts}


def following(desk: Desk, said: Mapping[str, Any]) -> dict[str, str]:
    """The next question (`review.upcoming`): ``what``, and the ``group`` that it is of."""
    live = desk.live
    with live.lock:
        size = np.bincount(live.group, minlength=len(live.groups)).tolist()
        audits, groups = live.audited(), list(live.groups)
    ticked: set[str] = set()
    if live.called or any(group.startswith("n:") and n for group, n in zip(groups, size, strict=True)):
        ticked = {one.group for one in _proposals(desk) if one.is_sure}
    kind = {"n": "named", "c": "open", NOISE: "rest", "unsure": "rest"}
    todo = [
        Todo(group, n, kind[key], group in ticked, audits.get(group, {}).get("state", ""), group in desk.checked_names)
        for group, n in zip(groups, size, strict=True)
        if (key := group.partition(":")[0]) in kind
    ]
    what, group = upcoming(todo)
    return {"what": what, "group": group}


def accept(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """Take suggestions of ``groups``: the crops whose own suggestion is the group's get the name (all of a group that is called so)."""
    wanted = said.get("groups")
    if not isinstance(wanted, list):
        raise UserError("there are no such suggestions")
    with desk.live.lock:
        return desk.name_lots([(one.rows, one.name) for one in _proposals(desk) if one.group in wanted])


def mistakes(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """Crops of a named group that are nearer to another name, the most striking first: ``rows``, and the other ``names``."""
    group = str(said.get("group"))
    if not group.startswith("n:"):
        raise UserError("only a group with a name can have mistakes")
    known, names = _known(desk)
    if group not in names or len(names) < 2:
        raise UserError("this takes two names at least: crops are compared with the other ones")
    rows = desk.live.rows(group)
    there, x = desk.survey.vectors_of(rows)
    rows = rows[there]
    at, found = suggest.mistakes(x, names.index(group), desk.survey.cluster[rows].astype(np.int64), known)
    others = [desk.live.name_of(names[name]) for name in found.name.tolist()]
    desk.own = dict(zip(rows[at].tolist(), others, strict=True))
    desk.checked_names.add(group)
    return {"rows": rows[at].tolist(), "names": others}


def take(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """Give each of these ``rows`` its own suggestion, as :func:`mistakes` showed it."""
    lots: dict[str, list[int]] = {}
    for row in desk.checked(said.get("rows")).tolist():
        if name := desk.own.get(row):
            lots.setdefault(name, []).append(row)
    return desk.name_lots([(np.array(rows, np.int64), name) for name, rows in lots.items()], looked=True)
