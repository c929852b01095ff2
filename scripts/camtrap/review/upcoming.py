"""What an expert does next: one rule for the page and for the simulated expert who measures it (`tests/bench/expert.py`)."""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["COSINE", "SEVERAL", "SHARE", "Todo", "sure", "upcoming"]

SHARE, COSINE = 0.9, 0.8  # of a group, from which its suggestion is ticked when it is shown
MANY = 100  # crops that are in no group or not sure, to be looked at before the audits
SEVERAL = 5  # groups whose suggestions are looked at on one screen


class Todo(NamedTuple):
    """A group: its crops; ``kind``: open (without a name), named, or rest (in no group, not sure).

    ``sure``: its suggestion is ticked (:func:`sure`). ``state``: of a named group's last audit, or "" without one.
    ``checked``: its possible mistakes were looked at, before its first audit.
    """

    id: str
    crops: int
    kind: str
    sure: bool = False
    state: str = ""
    checked: bool = False


def sure(share: float, cosine: float) -> bool:
    """Whether a group's suggestion is ticked: this share of its crops has it, and they are so like the name's."""
    return share >= SHARE and cosine >= COSINE


def upcoming(groups: Iterable[Todo]) -> tuple[str, str]:
    """The next question, and the group that it is of.

    Returns
    -------
    what : str
        ``suggestions`` (of several groups at once), ``name`` (the largest group without a name), ``own`` (each crop's own suggestion,
        of the largest rest), ``mistakes`` (of the largest name where nobody looked for them, or whose audit failed), ``audit`` (the
        largest name without one), or ``done``.
    group : str
        Empty for suggestions and done.
    """
    by_size = sorted((group for group in groups if group.crops), key=lambda group: -group.crops)
    open_ = [group for group in by_size if group.kind == "open"]
    if sum(group.sure for group in open_) >= SEVERAL:
        return "suggestions", ""
    for what, wanted in (
        ("name", open_),
        ("own", [group for group in by_size if group.kind == "rest" and group.crops >= MANY]),
        ("mistakes", [group for group in by_size if group.kind == "named" and not group.state and not group.checked]),
        ("audit", [group for group in by_size if group.kind == "named" and group.state in ("", "open")]),
        ("mistakes", [group for group in by_size if group.kind == "named" and group.state == "failed"]),
        ("own", [group for group in by_size if group.kind == "rest"]),
    ):
        if wanted:
            return what, wanted[0].id
    return "done", ""
