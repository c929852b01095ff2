"""What has been decided, as it stands now: decisions are added to the log, and the state of each crop follows at once."""

import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from camtrap.review.boxes import rows_of
from camtrap.review.decisions import Decision
from camtrap.review.log import Log
from camtrap.review.server.state import Snapshot, State
from camtrap.review.server.survey import Survey

__all__ = ["Live"]


class Live(State):
    """The state of each crop, and the log that it follows.

    Attributes
    ----------
    version : int
        It grows whenever anything changes.
    all : dict of str to Decision, also those that were taken back
    """

    def __init__(self, survey: Survey, folder: str | os.PathLike):
        self.log = Log(folder)
        super().__init__(survey, self.log.folder)
        self.version = 0
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self.all: dict[str, Decision] = {}
        self.refresh()
        if not self.version:
            self.rebuild(())
            self._tell()

    # ---- what is known

    def snapshot(self) -> Snapshot:
        """The state as it is now, to be counted while others decide."""
        with self.lock:
            arrays = (self.state.copy(), self.group.copy(), self.looked.copy())
            kept = (list(self.groups), dict(self.spelled), self.audited())
            return Snapshot(self.version, self.survey, *arrays, self.seen, *kept, called=self.called)

    def wait(self, version: int, seconds: float) -> int:
        """Wait until the version is another one, or the time is over; the version."""
        with self.lock:
            self._changed.wait_for(lambda: self.version != version, seconds)
            return self.version

    def history(self, row: int) -> list[Decision]:
        """The decisions that hold for a crop, the last one first."""
        with self.lock:
            last = [self._by_crop[row], self._by_cluster[row]]
            return [self._said[number] for number in last if number >= 0]

    # ---- what is decided

    def refresh(self) -> bool:
        """Take in what stands in the log, also from other programs; whether there was anything new."""
        with self.lock:
            new = [d for d in self.log.read() if d.id not in self.all]
            if not new:
                return False
            self._take(new, {})
            return True

    def decide(
        self, who: str, action: str, rows: np.ndarray, looked: bool, name: str | None = None, batch: str | None = None
    ) -> tuple[list[str], int]:
        """Say something of crops.

        Parameters
        ----------
        who : str
        action : str
            ``name``, ``reject`` or ``unsure``.
        rows : int64 array
        looked : bool
            Whether each was looked at; else it is said of them as a cluster.
        name : str, optional
        batch : str, optional
            Decisions of one batch are undone together.

        Returns
        -------
        ids : list of str
            Of the decisions that were made, for an undo.
        n : int
            Crops.
        """
        more = {"name": " ".join(str(name).split())} if action == "name" else {}
        with self.lock:
            alone = looked or self._by_crop[rows] >= 0
            own, together = rows[np.broadcast_to(alone, rows.shape)], rows[~np.broadcast_to(alone, rows.shape)]
            drafts: list[dict[str, Any]] = []
            known: list[np.ndarray] = []
            if len(own):
                drafts.append({"action": action, "crops": self.ids(own), **more})
                known.append(own)
            if len(together):
                drafts.append({"action": action, **self.target(together), **more})
                known.append(together)
            if batch or len(drafts) > 1:
                batch = batch or uuid.uuid4().hex
                drafts = [draft | {"batch": batch} for draft in drafts]
            made = self.append(who, drafts, known)
        return [d.id for d in made], len(rows)

    def append(self, who: str, drafts: Sequence[Mapping[str, Any]], rows: Sequence[np.ndarray] = ()) -> list[Decision]:
        """Add decisions to the log, and to the state; ``rows`` are those of the crops that each draft lists, where known."""
        with self.lock:
            made = self.log.append(who, *drafts)
            self.refresh_with(made, dict(zip((d.id for d in made), rows, strict=False)))
            return made

    def refresh_with(self, made: Sequence[Decision], rows: Mapping[str, np.ndarray]) -> None:
        """As :meth:`refresh`, for decisions of which the rows are known, too."""
        mine = {d.id for d in made}
        others = [d for d in self.log.read() if d.id not in self.all and d.id not in mine]
        self._take([*others, *made], rows)

    def undo(self, who: str, ids: Sequence[str]) -> list[str]:
        """Take decisions out (of an undo: bring back); the ids of the undos."""
        with self.lock:
            there = [one for one in ids if one in self.all]
            return (
                [d.id for d in self.append(who, [{"action": "undo", "undoes": one} for one in there])] if there else []
            )

    # ---- how the state follows

    def _take(self, new: Sequence[Decision], rows: Mapping[str, np.ndarray]) -> None:
        self._rows |= rows
        listing = [d for d in new if d.crops and d.id not in self._rows]
        if listing:
            ids = list(dict.fromkeys(crop for d in listing for crop in d.crops))
            at, _ = rows_of(pa.array(ids, pa.string()), self.survey.crop_id)
            place = dict(zip(ids, at.tolist(), strict=True))
            for d in listing:
                found = np.array([place[crop] for crop in d.crops], np.int64)
                self._rows[d.id] = found[found >= 0]
        last = max((d.order for d in self.all.values()), default=("", ""))
        self.all |= {d.id: d for d in new}
        simple = self.version and all(d.action != "undo" and d.order > last for d in new)
        if not simple:
            self.rebuild(self.all.values())
        else:
            for d in sorted(new, key=lambda d: d.order):
                self.apply(d)
        self._tell()

    def _tell(self) -> None:
        with self._changed:
            self.version += 1
            self._changed.notify_all()
