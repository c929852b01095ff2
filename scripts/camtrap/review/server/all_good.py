"""All good? A group page by page in order of similarity, doubling while all is good, then halving (`review.pages`)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from camtrap.core.errors import UserError
from camtrap.review.decisions import is_name
from camtrap.review.pages import following, pages, searched
from camtrap.review.server.desk import Desk

__all__ = ["end", "page"]

_PAGE = 40  # crops on a page, one screen


def page(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """The next page of a group to look at, after ``answers`` [[page, whether all on it is good]].

    Returns
    -------
    dict
        ``token``; ``pages``, how many there are; ``page``, the next one (None at the end) and its ``tiles``; ``good``, so many pages from
        the first are good; ``goodCrops`` and ``restCrops``.
    """
    if said.get("token"):
        held = desk.remembered(said["token"])
        token = said["token"]
    else:
        rows = desk.rows(str(said.get("group")), said.get("filter") or {})[0].astype(np.int64)
        if not len(rows):
            raise UserError("this group is empty")
        held = {"group": said.get("group"), "rows": rows, "page": pages(desk.survey.burst[rows], _PAGE)}
        token = desk.remember(held)
    number = int(held["page"][-1]) + 1
    search = searched(number, _answers(said))
    following_ = following(search)
    good = int((held["page"] < search.good).sum())
    rows = held["rows"][held["page"] == following_] if following_ is not None else held["rows"][:0]
    return {
        "token": token,
        "pages": number,
        "page": following_,
        "rows": rows.tolist(),
        "good": search.good,
        "goodCrops": good,
        "restCrops": len(held["rows"]) - good,
    }


def end(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """Name the good pages: those that were seen as looked at, the others between them as a cluster."""
    held, name = desk.remembered(said.get("token")), said.get("name")
    if not isinstance(name, str) or not is_name(name):
        raise UserError("this is not a name: it needs some text, in one line, of up to 200 characters")
    answers = _answers(said)
    search = searched(int(held["page"][-1]) + 1, answers)
    good = held["page"] < search.good
    seen = np.isin(held["page"], [number for number, fine in answers if fine])
    lots = [(held["rows"][good & seen], name, True), (held["rows"][good & ~seen], name, False)]
    found = desk.name_lots([(rows, name) for rows, name, looked in lots if looked], looked=True, others=lots[1:])
    return {**found, "rest": held["rows"][~good].tolist()}


def _answers(said: Mapping[str, Any]) -> list[tuple[int, bool]]:
    try:
        return [(int(number), bool(fine)) for number, fine in said.get("answers") or []]
    except (TypeError, ValueError):
        raise UserError("these are not answers") from None
