"""A group split, tried at once by the workflow's own code; kept only if the expert says so."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from camtrap.core.errors import UserError
from camtrap.review.server.desk import Desk
from camtrap.review.split import split

__all__ = ["draft", "keep", "rows"]

_SHOWN = 8


def draft(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a group: ``token``, and of each part its ``crops``, ``bursts`` and some ``samples``; nothing is decided."""
    group = str(said.get("group"))
    held = desk.live.rows(group)
    there, x = desk.survey.vectors_of(held)
    held = held[there]
    if len(np.unique(desk.survey.burst[held])) < 2:
        raise UserError("this group is one burst: there is nothing to split")
    part = split(x, desk.survey.burst[held])
    parts = []
    for number in range(int(part.max()) + 1):
        own = held[part == number]
        own = own[np.argsort(desk.survey.distance[own], kind="stable")]
        at = np.unique(np.linspace(0, len(own) - 1, min(len(own), _SHOWN)).astype(int))
        bursts = len(np.unique(desk.survey.burst[own]))
        parts.append({"crops": len(own), "bursts": bursts, "samples": own[at].tolist()})
    token = desk.remember({"group": group, "rows": held, "part": part})
    return {"token": token, "parts": parts, "keep": group.startswith("c:") or group == "noise"}


def keep(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """The parts become groups of their own."""
    held = desk.remembered(said.get("token"))
    live = desk.live
    with live.lock:
        if set(live.rows(held["group"]).tolist()) < set(held["rows"].tolist()):
            raise UserError("this group has changed since: split it again")
        whole = live.target(live.rows(held["group"]))
        parts = live.freeze(held["rows"], held["part"])
        desk.append([{"action": "split", **whole, "parts": parts}])
    return {"groups": [f"c:{parts}:{number}" for number in range(int(held["part"].max()) + 1)]}


def rows(desk: Desk, said: Mapping[str, Any]) -> bytes:
    """The crops of one part, as tiles."""
    held = desk.remembered(said.get("token"))
    return desk.tiles(held["rows"][held["part"] == said.get("part")]).tobytes()
