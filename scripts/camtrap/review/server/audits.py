"""The audit of a named group: random bursts, and what their number of errors proves (`review.audit`)."""

import uuid
from collections.abc import Mapping
from typing import Any

import numpy as np

from camtrap.core.errors import UserError
from camtrap.review import audit
from camtrap.review.decisions import key
from camtrap.review.server.desk import Desk

__all__ = ["say", "screen"]


def screen(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """The bursts to look at now.

    Returns
    -------
    dict
        ``round``, ``of`` (bursts in the group), ``level``, ``first`` and ``total`` (of the plan), ``right`` and ``wrong`` so far,
        ``state``;
        ``bursts``, lists of rows; ``failed``, rounds before.
    """
    group, live, survey = str(said.get("group")), desk.live, desk.survey
    name = live.name_of(group)
    if name is None:
        raise UserError("an audit is of a group that has a name")
    with live.lock:
        rows = live.rows(group)
        rounds = audit.rounds(live.effective).get(key(name), [])
    if not len(rows):
        raise UserError("this group is empty")
    failed = sum(one.state == audit.FAILED for one in rounds)
    last = rounds[-1] if rounds else None
    if last is not None and (last.state == audit.OPEN or not said.get("anew")):
        plan, right, number, bursts = last.plan, last.right, last.round, last.bursts
    else:
        of = len(np.unique(survey.burst[rows]))
        level = float(said.get("level") or audit.LEVEL)
        if not 0.5 <= level <= 0.99:
            raise UserError("the level of an audit is a share from 0.5 to 0.99")
        plan, right, number, bursts = audit.plan(of, level, failed), [], uuid.uuid4().hex, []
    place = {crop: row for row, crop in zip(rows.tolist(), live.ids(rows), strict=True)}
    drawn = {int(survey.burst[place[crop]]) for crops in bursts for crop in crops if crop in place}
    left = audit.wanted(plan, right)
    found = audit.draw(survey.burst[rows], number, drawn, left) if left else []
    return {
        "round": number,
        "name": name,
        "of": plan.of,
        "level": plan.level,
        "first": plan.first,
        "total": plan.total,
        "right": sum(right),
        "wrong": len(right) - sum(right),
        "state": audit.state(plan, right),
        "failed": failed,
        "bursts": [rows[burst].tolist() for burst in found],
    }


def say(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """What was seen: ``bursts`` [[rows, right]] of one screen, all of which was looked at."""
    shown = screen(desk, said) if said.get("round") is None else dict(said)
    name, number = desk.live.name_of(str(said.get("group"))), shown.get("round")
    bursts = said.get("bursts")
    if name is None or not isinstance(number, str) or not isinstance(bursts, list) or not bursts:
        raise UserError("this audit is not there any more")
    try:
        plan = audit.Plan(int(shown["of"]), float(shown["level"]), int(shown["first"]), int(shown["total"]))
        drafts = [
            audit.draft(name, number, plan, desk.live.ids(desk.checked(rows)), bool(right)) for rows, right in bursts
        ]
    except (KeyError, TypeError, ValueError):
        raise UserError("this audit is not there any more") from None
    desk.append(drafts)
    return screen(desk, {"group": said.get("group")})
