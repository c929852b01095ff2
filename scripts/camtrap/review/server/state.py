"""The state of each crop, as decisions make it: a decision is applied in the time that its own crops take.

It gives the same labels as `fold.fold`, which reads everything anew.
"""

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.review import audit, fits
from camtrap.review.boxes import rows_of
from camtrap.review.decisions import LABELS, Decision, in_effect, key
from camtrap.review.server.classified import Called
from camtrap.review.server.survey import Survey

__all__ = ["NAMED", "NOISE", "OPEN", "REJECTED", "UNSURE", "Snapshot", "State"]

OPEN, NAMED, REJECTED, UNSURE = range(4)  # states of a crop
NOISE = "noise"
_STATE = {"name": NAMED, "reject": REJECTED, "unsure": UNSURE}
_AWAY = {REJECTED: "rejected", UNSURE: "unsure"}


class State:
    """The state of each crop of a survey.

    Attributes
    ----------
    state : uint8 array (n,)
    group : int32 array (n,)
        Which of ``groups`` each crop is in.
    groups : list of str
        ``n:key`` (a name), ``c:fit:cluster`` (without a name yet), ``noise``, ``rejected``, ``unsure``; numbers stay while the server runs.
    looked : bool array (n,), what was said of the crop itself
    seen : bool array (n,), it was there when a decision was made
    spelled : dict of str, names by their `decisions.key`
    effective : list of Decision, those in effect
    called : dict of str to Called, what another classifier calls groups of the clustering of now
    """

    def __init__(self, survey: Survey, folder: Path):
        self.survey, self.folder = survey, folder
        self._rows: dict[str, np.ndarray] = {}  # of decisions that list crops
        self._fits: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # rows by cluster, and where each cluster begins
        self.groups: list[str] = []
        self._number: dict[str, int] = {}
        self._now = _Frozen(survey.fit)
        self.called = {f"c:{self._now.name}:{cluster}": one for cluster, one in survey.called.items()}
        for name in fits.known(folder):
            self._fit(name)
        self.seen = np.zeros(survey.n, bool)
        for rows, _ in self._fits.values():
            self.seen[rows] = True

    def name_of(self, group: str) -> str | None:
        """How the name of a group is spelled; None of a group without."""
        return self.spelled.get(group[2:]) if group.startswith("n:") else None

    def number(self, group: str) -> int:
        """The number of a group in ``groups``."""
        if group not in self._number:
            self._number[group] = len(self.groups)
            self.groups.append(group)
        return self._number[group]

    def rows(self, group: str) -> np.ndarray:
        """The crops of a group, int64; none for one that is not there."""
        number = self._number.get(group)
        return np.zeros(0, np.int64) if number is None else np.flatnonzero(self.group == number)

    def ids(self, rows: np.ndarray) -> list[str]:
        """The ids of crops."""
        return self.survey.crop_id.take(pa.array(rows)).to_pylist()

    # ---- of which clusters a decision speaks

    def target(self, rows: np.ndarray) -> dict[str, Any]:
        """A frozen cluster that holds these crops: that of the clustering of now, or of a split, or else a new one."""
        group = {self.groups[number] for number in np.unique(self.group[rows])}
        if len(group) == 1 and (only := group.pop()).startswith("c:"):
            _, fit, cluster = only.split(":")
            held = self._of_cluster(fit, int(cluster))
            held = held[self._by_crop[held] < 0]
            if len(held) == len(rows) and np.isin(held, rows).all():
                if fit == self._now.name:
                    self._now.keep(self.folder)
                return {"fit": fit, "cluster": int(cluster)}
        return {"fit": self.freeze(rows, np.zeros(len(rows), np.int32)), "cluster": 0}

    def pair(self, a: str, b: str) -> dict[str, Any]:
        """Two groups as clusters of one frozen clustering: ``fit``, ``cluster``, ``other``."""
        (_, one, first), (_, other, second) = (
            group.split(":") if group.startswith("c:") else ("", "", "") for group in (a, b)
        )
        if one and one == other:
            if one == self._now.name:
                self._now.keep(self.folder)
            return {"fit": one, "cluster": int(first), "other": int(second)}
        rows = [self.rows(a), self.rows(b)]
        fit = self.freeze(np.concatenate(rows), np.repeat([0, 1], [len(part) for part in rows]))
        return {"fit": fit, "cluster": 0, "other": 1}

    def asked(self, d: Decision) -> tuple[str, str]:
        """The groups of now of which a decision ``same`` or ``different`` speaks: those that most of their crops are in."""
        found = []
        for cluster in (int(d.cluster or 0), int(d.more["other"])):
            rows = self._of_cluster(str(d.fit), cluster)
            found.append(self.groups[int(np.bincount(self.group[rows]).argmax())] if len(rows) else NOISE)
        return found[0], found[1]

    def freeze(self, rows: np.ndarray, cluster: np.ndarray) -> str:
        """Keep a clustering of these crops; its name."""
        rows, cluster = rows[np.argsort(rows)], cluster[np.argsort(rows)]
        fit = fits.Fit(
            self.survey.crop_id.take(pa.array(rows)), cluster.astype(np.int32), self.survey.probability[rows]
        )
        name = fits.freeze(self.folder, fit)
        self._fits.setdefault(name, _by_cluster(rows, cluster))  # known here: it need not be read again
        return name

    # ---- how sure names are

    def audited(self) -> dict[str, dict[str, Any]]:
        """Of each group that was audited how sure its name is (`audit.bound`)."""
        found = {}
        for name, several in audit.rounds(self.effective).items():
            last, rows = several[-1], self.rows(f"n:{name}")
            if len(rows):
                wrong = [d for d in self.effective if d.more.get("round") == last.round and not d.more["right"]]
                gone = sum(not np.isin(self._rows[d.id], rows).any() for d in wrong)
                late = np.array([d.at > last.at for d in self._said] + [True])
                by = np.where(self._by_crop[rows] >= 0, self._by_crop[rows], self._by_cluster[rows])
                found[f"n:{name}"] = audit.bound(last, self.survey.burst[rows], late[by], gone)
        return found

    # ---- how the state follows

    def rebuild(self, decisions: Iterable[Decision]) -> None:
        """Begin anew: what these decisions say; the rows of those that list crops are known."""
        n = self.survey.n
        self._by_crop, self._by_cluster = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
        self._said: list[Decision] = []
        self.spelled: dict[str, str] = {}
        self.effective: list[Decision] = []
        self.state = np.zeros(n, np.uint8)
        self.looked = np.zeros(n, bool)
        self._open = np.full(self.survey.cluster.max(initial=-1) + 2, self.number(NOISE), np.int32)
        for cluster in range(len(self._open) - 1):
            self._open[cluster] = self.number(f"c:{self._now.name}:{cluster}")
        self._opened = self._open[self.survey.cluster]
        self.group = self._opened.copy()
        self._carry()
        for d in in_effect(decisions):
            self.apply(d)

    def _carry(self) -> None:
        carried = self.survey.carried
        for name in carried.unique().drop_null().to_pylist():
            rows = np.flatnonzero(pc.fill_null(pc.equal(carried, name), False).to_numpy(zero_copy_only=False))
            self.spelled.setdefault(key(name), name)
            self.group[rows], self.state[rows] = self.number(f"n:{key(name)}"), NAMED

    def apply(self, d: Decision) -> None:
        """One decision more, which is later than all that were applied."""
        self.effective.append(d)
        if d.action in LABELS:
            number = len(self._said)
            self._said.append(d)
            rows = self._of(d)
            if d.crops:
                self._by_crop[rows] = number
                self.looked[rows] = True
            else:
                self._by_cluster[rows] = number
                rows = rows[self._by_crop[rows] < 0]
            if d.action == "name":
                self.spelled[key(str(d.name))] = " ".join(str(d.name).split())
                group = f"n:{key(str(d.name))}"
            else:
                group = _AWAY[_STATE[d.action]]
            self.state[rows], self.group[rows] = _STATE[d.action], self.number(group)
        elif d.action == "clear":
            rows = self._rows[d.id]
            self._by_crop[rows] = self._by_cluster[rows] = -1
            self.looked[rows], self.state[rows], self.group[rows] = False, OPEN, self._opened[rows]
        elif d.action == "audit" and d.name is not None:
            self._audit(d, key(d.name))
        elif d.action == "split":
            for cluster in range(self._clusters(str(d.more["parts"]))):
                self._move(self._of_cluster(str(d.more["parts"]), cluster), f"c:{d.more['parts']}:{cluster}")
        elif d.action == "same":
            one, other = (self._of_cluster(str(d.fit), int(c or 0)) for c in (d.cluster, d.more["other"]))
            one, other = one[self.state[one] == OPEN], other[self.state[other] == OPEN]
            if len(one) and len(other):
                self._move(other, self.groups[int(np.bincount(self.group[one]).argmax())])

    def _audit(self, d: Decision, name: str) -> None:
        """What was right was looked at, and has the name where it had none; what was wrong is unsure, as in `fold.fold`."""
        rows, group = self._rows[d.id], self.number(f"n:{name}")
        rows = rows[self._by_crop[rows] < 0]
        if d.more["right"]:
            open_ = rows[self.state[rows] == OPEN]
            self.spelled.setdefault(name, " ".join(str(d.name).split()))
            self.state[open_], self.group[open_] = NAMED, group
            self.looked[rows[self.group[rows] == group]] = True
        else:
            wrong = rows[self.group[rows] == group]
            self.state[wrong], self.group[wrong] = UNSURE, self.number(_AWAY[UNSURE])

    def _move(self, rows: np.ndarray, group: str) -> None:
        """Crops without a name go to another group without one."""
        rows = rows[self.state[rows] == OPEN]
        self.group[rows] = self.number(group)

    def _of(self, d: Decision) -> np.ndarray:
        return self._rows[d.id] if d.crops else self._of_cluster(str(d.fit), int(d.cluster or 0))

    def _of_cluster(self, fit: str, cluster: int) -> np.ndarray:
        rows, starts = self._fit(fit)
        return rows[starts[cluster] : starts[cluster + 1]] if cluster < len(starts) - 1 else rows[:0]

    def _clusters(self, fit: str) -> int:
        return len(self._fit(fit)[1]) - 1

    def _fit(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        if name not in self._fits:
            if name == self._now.name:
                rows = np.flatnonzero(self.survey.cluster >= 0)
                cluster = self.survey.cluster[rows]
            else:
                fit = fits.read(self.folder, name)
                at, _ = rows_of(fit.crop_id, self.survey.crop_id)
                there = (at >= 0) & (fit.cluster >= 0)
                rows, cluster = at[there], fit.cluster[there]
            self._fits[name] = _by_cluster(rows, cluster)
        return self._fits[name]


def _by_cluster(rows: np.ndarray, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows, those of one cluster together, and where each cluster begins."""
    by = np.argsort(cluster, kind="stable")
    k = int(cluster.max(initial=-1)) + 1
    return rows[by], np.searchsorted(cluster[by], np.arange(k + 1))


class Snapshot(NamedTuple):
    """The state at one version; its fields are those of :class:`State`."""

    version: int
    survey: Survey
    state: np.ndarray
    group: np.ndarray
    looked: np.ndarray
    seen: np.ndarray
    groups: list[str]
    spelled: dict[str, str]
    audited: dict[str, dict[str, Any]]
    called: dict[str, Called]

    def name_of(self, group: str) -> str | None:
        """As :meth:`State.name_of`."""
        return self.spelled.get(group[2:]) if group.startswith("n:") else None


class _Frozen:
    """The clustering of now: its file is made while the page is loaded, and written when a decision first needs it."""

    def __init__(self, fit: fits.Fit):
        self.name = fits.name_of(fit)
        self._data = b""
        self._made = threading.Thread(target=self._make, args=(fit,), daemon=True)
        self._made.start()

    def _make(self, fit: fits.Fit) -> None:
        self._data = fits.prepare(fit)

    def keep(self, folder: str | os.PathLike) -> None:
        self._made.join()
        fits.keep(folder, self.name, self._data)
