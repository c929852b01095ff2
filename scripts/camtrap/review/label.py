"""The label of every crop, from the decisions and from what the last clustering did with new crops: ``tables/labels.parquet``."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.core.files import read_json, read_parquet, write_json, write_parquet
from camtrap.review import fits
from camtrap.review.audit import bounds
from camtrap.review.boxes import rows_of
from camtrap.review.decisions import Decision, key
from camtrap.review.fold import CARRIED, fold, needed
from camtrap.review.log import Log

__all__ = ["carry", "label", "seen_before"]

HALF = 0.5  # of what one decision named that lies in a new cluster, and of the cluster's old crops that carry the name
RARE = 0.2  # of the share of old crops among all: a finer part with fewer is new, whatever name a stray one carries


def seen_before(frozen: Iterable[fits.Fit], crops: pa.Array) -> np.ndarray:
    """Which crops were there when a decision was made: bool (n,). The others are new."""
    seen = np.zeros(len(crops), bool)
    for fit in frozen:
        rows, _ = rows_of(fit.crop_id, crops)
        seen[rows[rows >= 0]] = True
    return seen


def read(folder: str | os.PathLike) -> tuple[list[Decision], dict[str, fits.Fit], list[str]]:
    """The decisions, all frozen clusterings, and what could not be read; a clustering that is missing raises UserError."""
    log = Log(folder)
    decisions = log.read()
    names = needed(decisions) | set(fits.known(folder))
    return decisions, {name: fits.read(folder, name) for name in sorted(names)}, log.notes


def label(
    folder: str | os.PathLike, crops: Path, clusters: Path, choice: Path, out_table: Path, out_info: Path
) -> dict:
    """Write the label of every crop.

    Parameters
    ----------
    folder : path
        ``<results>.review``.
    crops, clusters, choice : Path
        ``tables/crops.parquet``, ``clusters.parquet``, ``choice.json``.
    out_table : Path
        Parquet, one row per crop of ``crops``, sorted as it is: the columns of `fold.fold`, and ``suggestion`` (string).
    out_info : Path
        JSON: ``crops``, how many are ``named``, ``rejected``, ``unsure``; ``how``, the named ones by how; ``names`` {name: crops};
        ``who`` {name: [who named it]}; ``notes``, a list of lines; ``decisions``, how many were read; ``bound``, of `audit.bounds`.

    Returns
    -------
    dict
        What ``out_info`` holds.
    """
    decisions, frozen, notes = read(folder)
    table = read_parquet(crops, columns=["crop_id", "burst"]).combine_chunks()
    ids = table["crop_id"].combine_chunks()
    labels = fold(decisions, frozen, ids)
    found = fits.of_table(clusters)
    rows = pc.index_in(found.crop_id, ids).to_numpy()
    cluster, probability = np.full(len(ids), -1, np.int32), np.zeros(len(ids), np.float32)
    cluster[rows], probability[rows] = found.cluster, found.probability
    groups = {int(number): name for number, name in (read_json(choice).get("groups") or {}).items()}
    finer = np.full(len(ids), -1, np.int32)
    finer[rows] = read_parquet(clusters, columns=["fine"])["fine"].to_numpy()
    labels, told = carry(labels, seen_before(frozen.values(), ids), cluster, probability, finer, groups or None)
    write_parquet(out_table, labels)
    info = _summary(labels, [*notes, *told]) | {
        "decisions": len(decisions),
        "bound": bounds(decisions, labels, _bursts(table["burst"])),
    }
    write_json(out_info, info)
    return info


def _bursts(column: pa.ChunkedArray) -> np.ndarray:
    """The bursts as numbers; a crop without one has its own. int64 (n,)."""
    code = pc.fill_null(pc.index_in(column, column.unique().drop_null()), -1).to_numpy().astype(np.int64)
    alone = np.flatnonzero(code < 0)
    code[alone] = code.max(initial=-1) + 1 + np.arange(len(alone))
    return code


def carry(
    labels: pa.Table,
    seen: np.ndarray,
    cluster: np.ndarray,
    probability: np.ndarray,
    finer: np.ndarray,
    groups: Mapping[int, str] | None,
) -> tuple[pa.Table, list[str]]:
    """Give new crops the name of the group that they came to.

    Parameters
    ----------
    labels : pyarrow.Table
        Of `fold.fold`, n rows.
    seen : bool array of shape (n,)
        Of :func:`seen_before`.
    cluster : int32 array of shape (n,)
        -1 is noise, or not clustered.
    probability : float32 array of shape (n,)
    finer : int32 array of shape (n,)
        The parts of clusters, cut finer. A new kind that was clustered with an old one is often a part of its own.
    groups : mapping, optional
        The clusters that are named groups, to which new crops were assigned (``cluster.mode: assign``). Without it the clusters know
        nothing of names (``refit``): a cluster inherits one where it holds at least :data:`HALF` of what one decision named so
        (several clusters may have been given one name), and at least :data:`HALF` of its old crops carry it. It passes it on to the
        new crops of those of its finer parts that have old crops (:data:`RARE`), of which :data:`HALF` carry it, too. Other new
        crops have a suggestion: the commonest name of their cluster.

    Returns
    -------
    labels : pyarrow.Table
        With ``suggestion``.
    notes : list of str
        What a new clustering did to the names.
    """
    name = labels["name"].combine_chunks()
    listed = sorted(name.unique().drop_null().to_pylist())
    code = pc.fill_null(pc.index_in(name, pa.array(listed, pa.string())), -1).to_numpy().astype(np.int64)
    k = int(cluster.max(initial=-1)) + 1
    inherits, suggests = np.full(k + 1, -1), np.full(k + 1, -1)  # the last entry is for noise
    notes: list[str] = []
    if groups is not None:
        codes = {key(spelled): number for number, spelled in enumerate(listed)}
        for number, spelled in groups.items():
            if number < k:
                inherits[number] = codes.get(key(spelled), -1)
    elif listed:
        decision = labels["decision"].combine_chunks()
        part = pc.fill_null(pc.index_in(decision, decision.unique().drop_null()), -1).to_numpy().astype(np.int64)
        inherits[:k], suggests[:k], notes = _inherited(code, part, seen, cluster, k, listed)
    open_ = labels["state"].combine_chunks().is_null().to_numpy(zero_copy_only=False)
    heir = np.where(open_ & ~seen, inherits[cluster], -1)
    if groups is None:
        heir[~_familiar(finer, seen, (code >= 0) & (code == inherits[cluster]))] = -1
    proposed = np.where(open_ & (heir < 0), suggests[cluster], -1)
    new = heir >= 0
    given = pa.array(listed, pa.string()).take(pa.array(heir, mask=~new))

    def where_new(column: str, value: pa.Array | pa.Scalar) -> pa.Array:
        return pc.if_else(pa.array(new), value, labels[column].combine_chunks())

    columns = {column: labels[column] for column in labels.column_names}
    columns["name"] = where_new("name", given)
    columns["state"] = where_new("state", pa.scalar("named"))
    columns["how"] = where_new("how", pa.scalar(CARRIED))
    columns["sure"] = where_new("sure", pa.array(probability))
    columns["suggestion"] = pa.array(listed, pa.string()).take(pa.array(proposed, mask=proposed < 0))
    return pa.table(columns), notes


def _inherited(
    code: np.ndarray, part: np.ndarray, seen: np.ndarray, cluster: np.ndarray, k: int, listed: list[str]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Of each cluster the name that it inherits and its commonest one, -1 without; and what became of names.

    ``code`` and ``part`` of each crop: its name, and the decision that gave it.
    """
    named, old = (code >= 0) & (cluster >= 0), seen & (cluster >= 0)
    table = np.zeros((k, len(listed)), np.int64)
    np.add.at(table, (cluster[named], code[named]), 1)
    decided = part >= 0  # not those whose name was carried over before
    parts = np.zeros((k, int(part.max(initial=-1)) + 1), np.int64)
    np.add.at(parts, (cluster[named & decided], part[named & decided]), 1)
    name_of = np.zeros(parts.shape[1], np.int64)
    name_of[part[decided & (code >= 0)]] = code[decided & (code >= 0)]
    most_of_a_part = np.zeros(table.shape, bool)
    at, which = np.nonzero(
        (parts >= HALF * np.bincount(part[decided & (code >= 0)], minlength=parts.shape[1])) & (parts > 0)
    )
    most_of_a_part[at, name_of[which]] = True
    of_cluster = np.maximum(np.bincount(cluster[old], minlength=k), table.sum(1))
    fine = most_of_a_part & (table >= HALF * of_cluster[:, None])
    most = table.argmax(1) if k else np.zeros(0, np.int64)
    inherits = np.where(fine.sum(1) == 1, fine.argmax(1) if k else most, -1)
    suggests = np.where(table.max(1, initial=0) > 0, most, -1)
    notes = []
    for number, name in enumerate(listed):
        of_name = table[:, number]
        if of_name[inherits == number].sum() < HALF * of_name.sum():
            places = np.argsort(-of_name, kind="stable")[:5]
            told = ", ".join(f"{of_name[c]:,} in cluster {c}" for c in places if of_name[c])
            notes.append(
                f"“{name}” was clustered with others ({told}); its crops keep the name, new ones there have none."
            )
    return inherits, suggests, notes


def _familiar(finer: np.ndarray, seen: np.ndarray, same: np.ndarray) -> np.ndarray:
    """Which crops lie in a finer part with old crops, of which half have the name that their cluster inherits; bool (n,).

    ``same``: the crops that have this name.
    """
    k = int(finer.max(initial=-1)) + 1
    size, old, carry_it = (
        np.bincount(finer[which & (finer >= 0)], minlength=k) for which in (np.full(len(seen), True), seen | same, same)
    )
    few = RARE * size * old.sum() / max(size.sum(), 1)
    fine = (carry_it > 0) & (carry_it >= HALF * old) & (old >= few)
    return np.r_[fine, False][finer]  # the last entry is for noise


def _summary(labels: pa.Table, notes: list[str]) -> dict:
    def counted(column: pa.ChunkedArray) -> dict[str, int]:
        return {row["values"]: row["counts"] for row in column.drop_null().value_counts().to_pylist()}

    state = counted(labels["state"])
    pairs = labels.select(["name", "who"]).group_by(["name", "who"]).aggregate([]).to_pylist()
    who: dict[str, list[str]] = {}
    for pair in pairs:
        if pair["name"] is not None and pair["who"] is not None:
            who.setdefault(pair["name"], []).append(pair["who"])
    return {
        "crops": labels.num_rows,
        **{key_: state.get(key_, 0) for key_ in ("named", "rejected", "unsure")},
        "how": counted(labels.filter(pc.equal(labels["state"], "named"))["how"]),
        "names": dict(sorted(counted(labels["name"]).items(), key=lambda item: (-item[1], item[0]))),
        "who": {name: sorted(people) for name, people in sorted(who.items())},
        "notes": notes,
    }
