"""Crops that belong to another group without a name: the groups that they look like, and the move."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from camtrap.cluster.scores import normalise
from camtrap.core.errors import UserError
from camtrap.review.server.desk import Desk
from camtrap.review.server.pairs import centres_of
from camtrap.review.server.state import OPEN

__all__ = ["move", "offered"]

_MOST = 30


def offered(desk: Desk, said: Mapping[str, Any]) -> list[str]:
    """The groups without a name, those that these ``rows`` look like most first."""
    rows = desk.checked(said.get("rows"))
    numbers, centre = centres_of(desk)
    mean = normalise(desk.survey.vectors_of(rows)[1].mean(0, keepdims=True)) if len(rows) else np.zeros((1, 1))
    near = (centre @ mean[0]) if centre.shape[1] == mean.shape[1] else np.zeros(len(centre))
    groups = [desk.live.groups[int(numbers[place])] for place in np.argsort(-near, kind="stable")]
    here = {desk.live.groups[number] for number in np.unique(desk.live.group[rows])}
    return [group for group in groups if group.startswith("c:") and here != {group}][:_MOST]


def move(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """These ``rows`` belong to the same group as those of ``group``, and get the name that it gets.

    They lose what was said of them before. In the log these are decisions ``clear`` and ``same``, undone together.
    """
    group, live = str(said.get("group")), desk.live
    with live.lock:
        there, rows = live.rows(group), np.unique(desk.checked(said.get("rows")))
        rows = np.setdiff1d(rows, there)
        if not group.startswith("c:") or not len(there):
            raise UserError("this group is not there any more")
        if not len(rows):
            raise UserError("these crops are in this group already")
        drafts: list[dict[str, Any]] = []
        if len(named := rows[live.state[rows] != OPEN]):
            drafts.append({"action": "clear", "crops": live.ids(named)})
        fit = live.freeze(np.concatenate([there, rows]), np.repeat([0, 1], [len(there), len(rows)]))
        desk.append([*drafts, {"action": "same", "fit": fit, "cluster": 0, "other": 1}])
        return {"crops": len(rows), "group": group, "version": live.version}
