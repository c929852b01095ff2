"""What the page can ask of a survey, without anything of the web in it."""

import os
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from camtrap.core.errors import UserError
from camtrap.review.decisions import Decision, is_name, key
from camtrap.review.pages import order
from camtrap.review.people import is_human
from camtrap.review.server import overview
from camtrap.review.server.live import Live
from camtrap.review.server.originals import Originals
from camtrap.review.server.overview import Filter
from camtrap.review.server.survey import Survey
from camtrap.review.thumbs import Thumbs

__all__ = ["Desk"]

_PERSON, _LOOKED, _NEW, _NIGHT = 1, 2, 4, 8  # flags of a crop, for the page
# What was taken back, in words.
_WORDS = {
    "name": "the name",
    "reject": "the rejection",
    "unsure": "“not sure”",
    "split": "the split",
    "audit": "the audit of",
}


def undone(mine: list[Decision]) -> list[list[str]]:
    """The undos that a redo takes back, those of one batch together, after one expert's decisions: also those of an earlier run."""
    of, batch = {d.id: d for d in mine}, None
    stack: list[list[str]] = []
    for d in sorted(mine, key=lambda d: d.order):
        target = of.get(str(d.undoes))
        if d.action != "undo":
            stack.clear()
            batch = None
        elif target is not None and target.action == "undo":
            if stack and target.id in stack[-1]:
                stack.pop()
            batch = None
        elif target is not None:
            if batch is not None and batch == target.more.get("batch"):
                stack[-1].append(d.id)
            else:
                stack.append([d.id])
            batch = target.more.get("batch")
    return stack


class Desk:
    """A survey on the desk of one expert.

    Parameters
    ----------
    survey : Survey
    folder : path
        ``<results>.review``.
    who : str
        Who decides.
    images : str, dict or None
        Where the pictures lie.
    species : list of lists of str
        Of :func:`camtrap.review.server.species.read_species`.
    """

    def __init__(
        self,
        survey: Survey,
        folder: str | os.PathLike,
        who: str,
        images: str | dict[str, str] | None = None,
        species: list[list[str]] | None = None,
    ):
        self.survey, self.who, self.species = survey, who, species or []
        self.live = Live(survey, folder)
        self.thumbs = Thumbs(survey.results)
        self.originals = Originals(survey, images)
        self._cards: OrderedDict[tuple[int, Filter], dict[str, Any]] = OrderedDict()
        self._thumbs, self._counting = threading.Lock(), threading.Lock()
        # what questions keep between two of their answers
        self.means: tuple[int, Any] | None = None
        self.centres: tuple[int, Any] | None = None
        self.own: dict[int, str | None] = {}
        self.checked_names: set[str] = set()  # groups whose possible mistakes were looked at
        self.not_sure: list[tuple[str, str]] = []
        self._held: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._undone = undone([d for d in self.live.all.values() if d.who == who])  # undos that a redo takes back

    def about(self) -> dict[str, Any]:
        """What does not change while the page is open."""
        survey = self.survey
        when = survey.when[~np.isnat(survey.when)]
        return {
            "title": str(
                survey.results.resolve().parent.name if survey.results.name == "results" else survey.results.name
            ),
            "crops": survey.n,
            "who": self.who,
            "stations": survey.listed["station"],
            "categories": survey.listed["category"],
            "first": str(when.min())[:10] if len(when) else None,
            "last": str(when.max())[:10] if len(when) else None,
            "species": self.species,
            "pictures": self.originals.roots is not None,
        }

    def groups(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The cards, what remains, and the version they are of."""
        wanted = Filter.of(said)
        with self._counting:  # one at a time; decisions do not wait for it
            now = self.live.snapshot()
            if (now.version, wanted) not in self._cards:
                self._cards[now.version, wanted] = {
                    "version": now.version,
                    "groups": overview.cards(now, wanted),
                    "remaining": overview.remaining(now),
                    "names": sorted(now.spelled.values(), key=str.casefold),
                    "notes": self.live.log.notes[:5],
                }
                while len(self._cards) > 8:
                    self._cards.popitem(last=False)
            return self._cards[now.version, wanted]

    def rows(self, group: str, said: Mapping[str, Any]) -> np.ndarray:
        """The crops of a group in order of similarity, bursts together: int32 (3, m), rows, bursts, flags."""
        with self.live.lock:
            rows = self.live.rows(group)
            mask = Filter.of(said).mask(self.live)
            rows = rows if mask is None else rows[mask[rows]]
        rows = rows[np.lexsort((rows, self.survey.when[rows]))]
        there, x = self.survey.vectors_of(rows)
        seen = rows[there][order(x, self.survey.burst[rows[there]])]
        return self.tiles(np.concatenate([seen, rows[~there]]))

    def tiles(self, rows: np.ndarray) -> np.ndarray:
        """Crops as the page's tiles: int32 (3, m), rows, bursts, flags."""
        survey, live = self.survey, self.live
        new = ~live.seen[rows] if live.seen.any() else np.zeros(len(rows), bool)
        flags = self.people(rows) * _PERSON + live.looked[rows] * _LOOKED + new * _NEW + survey.infrared[rows] * _NIGHT
        return np.stack([rows, survey.burst[rows], flags]).astype("<i4")

    def people(self, rows: np.ndarray) -> np.ndarray:
        """Which crops show people, by the detector's category or by the name of their group: bool (m,)."""
        live = self.live
        with live.lock:
            human = np.array([is_human(live.name_of(group)) for group in live.groups], bool)
            return self.survey.person[rows] | human[live.group[rows]]

    def small(self, rows: np.ndarray) -> bytes:
        """Small pictures of crops: their lengths as uint32 (of people with the highest bit set: they are blurred), then the JPEGs."""
        rows = self.checked(rows)
        found: list[bytes] = [b""] * len(rows)
        shard = self.survey.code["shard"][rows]
        for code in np.unique(shard).tolist():
            at = np.flatnonzero(shard == code)
            with self._thumbs:
                read = self.thumbs.read(self.survey.listed["shard"][code], self.survey.row[rows[at]].tolist())
            for place, data in zip(at.tolist(), read, strict=True):
                found[place] = data
        lengths = np.array([len(data) for data in found], "<u4") | (self.people(rows).astype("<u4") << 31)
        return lengths.astype("<u4").tobytes() + b"".join(found)

    def checked(self, rows: Any) -> np.ndarray:
        """Rows that the page sent, int64; UserError for what is none of this survey."""
        try:
            found = np.asarray(rows, np.int64).reshape(-1)
        except (TypeError, ValueError, OverflowError):
            raise UserError("these are not crops") from None
        if len(found) and (found.min() < 0 or found.max() >= self.survey.n):
            raise UserError("there is no such crop")
        return found

    def decide(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Make decisions: ``action``, ``name``, and ``rows`` with ``looked``, or ``group``; with ``same``, two groups that are joined."""
        action, name = said.get("action"), said.get("name")
        if action not in ("name", "reject", "unsure"):
            raise UserError("there is no such decision")
        if action == "name" and not (isinstance(name, str) and is_name(name)):
            raise UserError("this is not a name: it needs some text, in one line, of up to 200 characters")
        with self.live.lock:
            if "group" in said:
                rows = self.live.rows(str(said["group"]))
                mask = Filter.of(said.get("filter") or {}).mask(self.live)
                rows = rows if mask is None else rows[mask[rows]]
            else:
                rows = np.unique(self.checked(said.get("rows")))
            if not len(rows):
                raise UserError("there is nothing here any more: another window was faster")
            self.forget_redo()
            ids, n = self.live.decide(self.who, action, rows, bool(said.get("looked")), name)
            group = {"name": f"n:{key(name)}" if name else "", "reject": "rejected", "unsure": "unsure"}[action]
            return {"ids": ids, "crops": n, "version": self.live.version, "group": group}

    def append(self, drafts: list[dict[str, Any]]) -> None:
        """Add decisions of this expert, which are undone together."""
        self.forget_redo()
        if len(drafts) > 1:
            batch = uuid.uuid4().hex
            drafts = [draft | {"batch": batch} for draft in drafts]
        self.live.append(self.who, drafts)

    def name_lots(
        self,
        lots: Sequence[tuple[np.ndarray, str | None]],
        looked: bool = False,
        others: Sequence[tuple[np.ndarray, str, bool]] = (),
    ) -> dict[str, Any]:
        """Give several lots of crops a name each, undone together: (rows, name), and others that say themselves if they were looked at."""
        every = [(rows, name, looked) for rows, name in lots] + list(others)
        every = [(rows, name, saw) for rows, name, saw in every if len(rows) and name]
        if not every:
            raise UserError("there is nothing here any more: another window was faster")
        self.forget_redo()
        with self.live.lock:
            batch = uuid.uuid4().hex
            for rows, name, saw in every:
                self.live.decide(self.who, "name", rows, saw, name, batch)
        return {"crops": int(sum(len(rows) for rows, _, _ in every)), "version": self.live.version}

    def forget_redo(self) -> None:
        """Something new is decided: what was undone is not brought back."""
        self._undone.clear()

    def samples(self, group: str, most: int = 6) -> list[int]:
        """Some crops of a group, the most typical ones."""
        rows = self.live.rows(group)
        return rows[np.argsort(self.survey.distance[rows], kind="stable")[:most]].tolist()

    def remember(self, held: dict[str, Any]) -> str:
        """Keep what a question needs again; its token."""
        token = uuid.uuid4().hex
        self._held[token] = held
        while len(self._held) > 16:
            self._held.popitem(last=False)
        return token

    def remembered(self, token: Any) -> dict[str, Any]:
        """What was kept; UserError where it was too long ago."""
        if token not in self._held:
            raise UserError("this was too long ago: begin again")
        return self._held[token]

    def back(self, which: str) -> dict[str, Any]:
        """Undo what this expert decided last, or bring back what was undone last (until something new is decided)."""
        with self.live.lock:
            if which == "redo":
                ids, word = (self._undone.pop() if self._undone else []), "brought back"
            else:
                mine = [d for d in self.live.effective if d.who == self.who]
                batch = mine[-1].more.get("batch") if mine else None
                ids = [d.id for d in mine if d.id == mine[-1].id or (batch and d.more.get("batch") == batch)]
                word = "taken back"
            if not ids:
                return {
                    "said": "there is nothing more to undo" if which != "redo" else "there is nothing to bring back"
                }
            told = self._told(ids)
            made = self.live.undo(self.who, ids)
            if which != "redo":
                self._undone.append(made)
            return {"said": f"{word}: {told}; saved", "version": self.live.version}

    def _told(self, ids: list[str]) -> str:
        said = [self.live.all[one] for one in ids]
        while said[0].action == "undo" and all(one.undoes in self.live.all for one in said):
            said = [self.live.all[str(one.undoes)] for one in said]
        if any(one.action == "clear" for one in said):  # it comes with an answer "same"
            return "the move"
        word = _WORDS.get(said[0].action, f"the answer “{said[0].action}”")
        return f"{word} “{said[0].name}”" if said[0].name else word

    def look(self, row: int) -> dict[str, Any]:
        """All that is known of one crop."""
        (row,) = self.checked([row]).tolist()
        found = self.originals.about(row)
        group = self.live.groups[int(self.live.group[row])]
        said = self.live.history(row)
        found["group"], found["name"] = group, self.live.name_of(group)
        found["person"] = found["person"] or is_human(found["name"])
        found["said"] = [
            {"action": d.action, "name": d.name, "who": d.who, "at": d.at, "listed": bool(d.crops)} for d in said
        ]
        return found

    def prepare(self) -> None:
        """Count the groups before the page asks, and make the small pictures that are missing: they are also made when asked for."""
        self.groups({})
        for shard in self.survey.listed["shard"]:
            if self.thumbs.missing(shard):
                with self._thumbs:
                    self.thumbs.read(shard, [])
