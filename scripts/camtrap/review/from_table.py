"""A filled-in ``export/clusters.csv`` as decisions: the way without a browser."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from camtrap.core.errors import UserError
from camtrap.export import names
from camtrap.review import fits
from camtrap.review.decisions import LABELS, in_effect, key
from camtrap.review.fold import fold
from camtrap.review.label import read
from camtrap.review.log import Log

__all__ = ["clusters_of", "take_in"]

REJECTED = "rejected"  # instead of a name: these crops show no animal
_NO_NAME = ""  # of what was rejected; a decision before may have named crops "rejected"


def clusters_of(results: str | os.PathLike, model: str | None = None) -> Path:
    """The ``clusters.parquet`` of a results folder.

    Raises
    ------
    UserError
        There is none, or there are several and no model is named.
    """
    pattern = f"clusters/{model or '*'}/clusters.parquet"
    found = sorted(Path(results).glob(pattern))
    if not found:
        raise UserError(f"{results}: there is no {pattern}: is it the results folder, and has the run ended?")
    if len(found) > 1:
        models = ", ".join(path.parent.name for path in found)
        raise UserError(
            f"{results}: clusters of several embedders ({models}): say which: --model {found[-1].parent.name}"
        )
    return found[0]


def take_in(table: str | os.PathLike, clusters: Path, folder: str | os.PathLike, who: str) -> tuple[int, list[str]]:
    """Make decisions of the rows that have a name; what was decided already is not decided again.

    Parameters
    ----------
    table : path
        As `export.names.read` reads it: name and crop_id, or cluster.
    clusters : Path
        The ``clusters.parquet`` that the table was written for.
    folder : path
        ``<results>.review``.
    who : str

    Returns
    -------
    n : int
        Decisions made.
    notes : list of str
        A line for each row that names no cluster, and what became of it.

    Raises
    ------
    UserError
        The table, or the log, cannot be read; a name is none. Nothing was decided then.
    """
    rows = names.read(table)
    if not rows:
        raise UserError(f"{table}: no row has a name: fill in the column name, and save it as CSV")
    meant = names.resolve(rows, clusters)
    fit = fits.of_results(clusters)
    notes: list[str] = []
    of_cluster: dict[int, dict[str, list[names.Row]]] = defaultdict(lambda: defaultdict(list))
    of_crops: dict[str, list[names.Row]] = defaultdict(list)
    for row, cluster in zip(rows, meant, strict=True):
        if cluster is None:
            what = f"crop {row.crop_id}" if row.crop_id else f"cluster {row.cluster or 'without a number'}"
            notes.append(f"line {row.line}: “{row.name}” names nothing: {what} is not in this clustering")
        elif cluster < 0 and row.crop_id:
            notes.append(f"line {row.line}: crop {row.crop_id} is in no cluster: only this crop is named “{row.name}”")
            of_crops[key(row.name)].append(row)
        elif cluster >= 0:
            of_cluster[cluster][key(row.name)].append(row)
    frozen = fits.freeze(folder, fit)
    drafts: list[dict[str, Any]] = []
    for cluster, several in sorted(of_cluster.items()):
        if len(several) == 1:
            (same,) = several.values()
            drafts.append(_said(same[0].name) | {"fit": frozen, "cluster": cluster})
            continue
        said = ", ".join(f"“{same[0].name}”" for same in several.values())
        notes.append(f"cluster {cluster} has several names ({said}): only the crops in these rows are named")
        for name, same in several.items():
            of_crops[name] += [row for row in same if row.crop_id]
    for same in of_crops.values():
        if same:
            drafts.append(_said(same[0].name) | {"crops": sorted({row.crop_id for row in same})})
    drafts = _new(drafts, fit, frozen, folder)
    if drafts:
        Log(folder).append(who, *drafts)
    return len(drafts), notes


def _said(name: str) -> dict[str, Any]:
    """What a name in the table decides; ``rejected`` is none, as it is in folders that are read back."""
    return {"action": "reject"} if key(name) == REJECTED else {"action": "name", "name": name}


def _new(drafts: list[dict[str, Any]], fit: fits.Fit, frozen: str, folder: str | os.PathLike) -> list[dict[str, Any]]:
    """Those that were not said before: neither in so many words, nor of all these crops."""
    decisions, known, _ = read(folder)
    folded = fold(decisions, known, fit.crop_id)
    now = {
        crop: _NO_NAME if state == "rejected" else name and key(name)
        for crop, state, name in zip(
            *(folded[column].to_pylist() for column in ("crop_id", "state", "name")), strict=True
        )
    }
    members, last = defaultdict(list), {}
    for crop, cluster in zip(fit.crop_id.to_pylist(), fit.cluster.tolist(), strict=True):
        members[cluster].append(crop)
    for decision in in_effect(decisions):
        if decision.action in LABELS:
            for what in decision.crops or [(decision.fit, decision.cluster)]:
                last[what] = _meant(decision.action, decision.name)
    changing = []
    for draft in drafts:
        meant, crops = _meant(draft["action"], draft.get("name")), draft.get("crops")
        said = [last.get(what) for what in crops or [(frozen, draft["cluster"])]]
        if {*said} != {meant} and {now[crop] for crop in crops or members[draft["cluster"]]} != {meant}:
            changing.append(draft)
    return changing


def _meant(action: str, name: str | None) -> str | None:
    return _NO_NAME if action == "reject" else name and key(name)
