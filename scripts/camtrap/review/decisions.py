"""A decision: what an expert said of a cluster or of crops, as one line of JSON.

A decision speaks of crops: of listed ones, or of those that a cluster of a frozen clustering (`camtrap.review.fits`) holds. So a new
clustering changes no decision. Decisions are ordered by their time, and by their id where times are equal: the order of the
lines says nothing, and two logs may be put together by ``cat``.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, datetime
from typing import Any

from camtrap.core.errors import UserError

# What gives crops a state, and what else is kept.
LABELS = ("name", "reject", "unsure")
ACTIONS = (*LABELS, "clear", "split", "same", "different", "audit", "undo")
LONGEST = 200  # characters of a name

_ID = re.compile(r"[0-9a-f]{32}")
_FIT = re.compile(r"[0-9a-f]{16}")
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
# What an action needs beside what all have; "target" is a fit and a cluster, or crops.
_NEEDS = {
    "name": ("target", "name"),
    "reject": ("target",),
    "unsure": ("target",),
    "clear": ("crops",),
    "split": ("cluster", "parts"),
    "same": ("cluster", "other"),
    "different": ("cluster", "other"),
    "audit": ("crops", "right"),
    "undo": ("undoes",),
}


class DecisionError(UserError):
    """A decision that says too little, or what cannot be."""


@dataclass(frozen=True)
class Decision:
    """One decision.

    ``at`` is the time in UTC, ``2026-11-26T22:25:35.123456Z``. ``fit`` and ``cluster``, or ``crops``, are what it speaks of.
    ``more`` holds what only some actions have: ``parts`` (split: the fit of the parts), ``other`` (same, different: another cluster of
    the fit, or of ``other_fit``), ``right`` (audit: bool), ``round``, ``of``, ``level`` (audit: `camtrap.review.audit`).
    """

    id: str
    at: str
    who: str
    action: str
    fit: str | None = None
    cluster: int | None = None
    crops: tuple[str, ...] = ()
    name: str | None = None
    undoes: str | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def pair(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Of ``same`` and ``different`` the two (fit, cluster) that were compared."""
        fit = str(self.fit)
        return (fit, int(self.cluster or 0)), (str(self.more.get("other_fit", fit)), int(self.more["other"]))

    @property
    def order(self) -> tuple[str, str]:
        """What decisions are sorted by."""
        return self.at, self.id

    def plain(self) -> dict[str, Any]:
        """What is written."""
        said: dict[str, Any] = {"id": self.id, "at": self.at, "who": self.who, "action": self.action}
        if self.fit is not None:
            said |= {"fit": self.fit, "cluster": self.cluster}
        if self.crops:
            said["crops"] = list(self.crops)
        if self.name is not None:
            said["name"] = self.name
        if self.undoes is not None:
            said["undoes"] = self.undoes
        return said | self.more


def parse(said: Mapping[str, Any]) -> Decision:
    """Make a decision of what a line holds.

    Raises
    ------
    DecisionError
        In one line: what is missing or wrong. Nothing in it is trusted: a log may come from somebody else.
    """
    _require(isinstance(said.get("id"), str) and _ID.fullmatch(said["id"]), "id", said)
    _require(_is_time(said.get("at")), "at", said)
    _require(isinstance(said.get("who"), str) and _is_plain(said["who"]), "who", said)
    action = said.get("action")
    _require(isinstance(action, str) and action in ACTIONS, "action", said)
    needs = _NEEDS[str(action)]
    # what no action needs is looked at, too: whoever reads it trusts it
    if "cluster" in needs or "fit" in said or "cluster" in said:
        _require(isinstance(said.get("fit"), str) and _FIT.fullmatch(said["fit"]), "fit", said)
        _require(_is_number(said.get("cluster")), "cluster", said)
    if "crops" in needs or "crops" in said or ("target" in needs and "fit" not in said):
        crops = said.get("crops")
        _require(isinstance(crops, list) and crops and all(map(_is_crop, crops)), "crops", said)
    if "name" in needs or "name" in said:
        _require(isinstance(said.get("name"), str) and is_name(said["name"]), "name", said)
    if "undoes" in needs or "undoes" in said:
        _require(isinstance(said.get("undoes"), str) and _ID.fullmatch(said["undoes"]), "undoes", said)
    if "parts" in needs:
        _require(isinstance(said.get("parts"), str) and _FIT.fullmatch(said["parts"]), "parts", said)
    if "other" in needs:
        _require(_is_number(said.get("other")), "other", said)
        other_fit = said.get("other_fit", said["fit"])
        _require(isinstance(other_fit, str) and _FIT.fullmatch(other_fit), "other_fit", said)
    if "right" in needs or "right" in said:
        _require(isinstance(said.get("right"), bool), "right", said)
        _check_audit(said)
    known = {"id", "at", "who", "action", "fit", "cluster", "crops", "name", "undoes"}
    return Decision(
        id=said["id"],
        at=said["at"],
        who=said["who"],
        action=str(action),
        fit=said.get("fit"),
        cluster=said.get("cluster"),
        crops=tuple(said.get("crops", ())),
        name=said.get("name"),
        undoes=said.get("undoes"),
        more={key: value for key, value in said.items() if key not in known},
    )


def _check_audit(said: Mapping[str, Any]) -> None:
    """An audit without a round is one burst looked at; with one it also has a name, and what the round is of."""
    if "round" in said:
        _require("name" in said, "name", said)
        _require(isinstance(said["round"], str) and _ID.fullmatch(said["round"]), "round", said)
        _require(_is_number(said.get("of")) and said["of"] > 0, "of", said)
        _require(isinstance(said.get("level"), float) and 0 < said["level"] < 1, "level", said)


def in_effect(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that hold, in order: without those that were undone, without undos, each once.

    An undo may itself be undone. It counts only where it comes after what it undoes.
    """
    ordered = sorted({decision.id: decision for decision in decisions}.values(), key=lambda decision: decision.order)
    undone: set[str] = set()
    place = {decision.id: number for number, decision in enumerate(ordered)}
    for number in range(len(ordered) - 1, -1, -1):
        decision = ordered[number]
        if decision.action != "undo" or decision.id in undone or decision.undoes is None:
            continue
        if place.get(decision.undoes, number) < number:
            undone.add(decision.undoes)
    return [decision for decision in ordered if decision.action != "undo" and decision.id not in undone]


def key(name: str) -> str:
    """What two spellings of one name have in common: neither case nor spaces make a name another."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def is_name(name: str) -> bool:
    """Whether this can be a name: some text, in one line, of up to :data:`LONGEST` characters."""
    return bool(key(name)) and len(name) <= LONGEST and _is_plain(name)


def spellings(decisions: Iterable[Decision]) -> dict[str, str]:
    """Of each name that is given its :func:`key` and how it is spelled: as the last decision has it."""
    named = sorted((d for d in decisions if d.action == "name"), key=lambda decision: decision.order)
    return {key(str(d.name)): " ".join(str(d.name).split()) for d in named}


def _is_plain(text: str) -> bool:
    """No line break, no other control character, and nothing that UTF-8 cannot hold."""
    return not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text)


def _is_time(value: object) -> bool:
    try:
        # later than the last decision is a time, too
        return isinstance(value, str) and bool(_AT.fullmatch(value) and datetime.fromisoformat(value).year < MAXYEAR)
    except ValueError:
        return False


def _is_crop(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 100 and value.isascii()


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _require(fine: object, what: str, said: Mapping[str, Any]) -> None:
    if not fine:
        raise DecisionError(f"a decision ({said.get('action', 'no action')!r:.40}) has no usable “{what}”")
