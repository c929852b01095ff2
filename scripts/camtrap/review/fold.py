"""From decisions to labels: of each crop its name, how it came, by which decision, by whom, when, and how sure. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.review.boxes import rows_of
from camtrap.review.decisions import LABELS, Decision, in_effect, key, spellings
from camtrap.review.fits import Fit
from camtrap.review.pairs import linked

__all__ = ["CARRIED", "CLUSTER", "LOOKED_AT", "fold", "last_used", "needed"]

LOOKED_AT, CLUSTER, CARRIED = "looked at", "cluster", "carried over"
_STATE = {"name": "named", "reject": "rejected", "unsure": "unsure"}


def needed(decisions: Iterable[Decision]) -> set[str]:
    """The frozen clusterings that :func:`fold` asks for."""
    said = in_effect(decisions)
    same = {fit for d in said if d.action == "same" for fit, _ in d.pair}
    return same | {d.fit for d in said if d.action in LABELS and d.fit is not None}


def fold(decisions: Iterable[Decision], fits: Mapping[str, Fit], crops: pa.Array) -> pa.Table:
    """Say of each crop what was decided.

    What was said of crops takes precedence over what was said of their cluster, whichever came first; within each, the last word counts.
    The order in which decisions are given says nothing. Of the other actions:

    - ``same``: a cluster of which nothing else was said has the name of those that are the same, or is rejected with them; where
      these have several names, it has none.
    - ``audit``: crops that were found right are looked at. Of crops of which nothing else was said it is what names them. Crops that
      were found wrong after their cluster got the name are unsure until something else is said of them.
    - ``clear``: of these crops nothing was said so far, neither of them nor of their cluster; what is said later counts.
    - ``different`` and ``split`` change no label: a part has the name of its cluster until it gets its own.
    - A name that was carried over to a new crop, and was there when a clustering was frozen, stays as long as the name is in use.

    Parameters
    ----------
    decisions : iterable of Decision
    fits : mapping
        The frozen clusterings by name, those of :func:`needed` at least.
    crops : pyarrow.Array of n distinct strings
        The crops of now. One that is an old crop's box drawn anew has its label (:mod:`camtrap.review.boxes`).

    Returns
    -------
    pyarrow.Table
        n rows in the order of ``crops``; null where nothing was decided. ``crop_id``; ``state`` (named, rejected, unsure); ``name``;
        ``how`` (looked at; cluster; carried over: from another box); ``decision`` its id; ``who``; ``at``, timestamp[us, UTC]; ``sure``
        float32: 1, or how surely the crop belongs to the cluster that was named.
    """
    every = in_effect(decisions)
    spelled = spellings(every)
    said = [d for d in every if d.action in (*LABELS, "clear") or (d.action == "audit" and d.name is not None)]
    keys = [None if d.name is None else key(d.name) for d in said]
    code = _codes(keys)
    right = np.array([d.more.get("right", True) for d in said], bool)
    by_cluster, sure, anew = _of_clusters(said, linked(every), fits, crops)
    by_crop, moved = _of_crops(said, crops, (*LABELS, "clear"))
    by_audit, moved_since = _of_crops(said, crops, ("audit",))
    clears = np.array([d.action == "clear" for d in said] + [False])
    cleared = np.where(clears[by_crop], by_crop, -1)
    by_crop = np.where(cleared >= 0, -1, by_crop)
    by_cluster = np.where(by_cluster > cleared, by_cluster, -1)
    by_audit = np.where(by_audit > cleared, by_audit, -1)

    looked = by_crop >= 0
    last = np.where(looked, by_crop, by_cluster)
    if len(said):
        audited = ~looked & (by_audit >= 0)
        agrees = audited & (by_cluster >= 0) & (code[by_cluster] == code[by_audit])
        instead = (agrees & ~right[by_audit] & (by_audit > by_cluster)) | (audited & (by_cluster < 0) & right[by_audit])
        last = np.where(instead, by_audit, last)
        seen = instead | (agrees & right[by_audit])
        moved, looked = np.where(seen, moved_since, moved), looked | seen
    carried, carried_name, carried_sure = _carried(fits, crops, (last < 0) & (cleared < 0), spelled)
    none = last < 0
    how = np.where(looked, 0, 1)
    how[np.where(looked, moved, anew)] = 2
    how[carried] = 2
    at = (
        pa.array([decision.at[:-1] for decision in said], pa.string())
        .cast(pa.timestamp("us"))
        .cast(pa.timestamp("us", "UTC"))
    )
    state = [_STATE.get(d.action) or ("named" if d.more.get("right") else "unsure") for d in said]
    named = [
        spelled.get(k, " ".join(str(d.name).split())) if k is not None and s == "named" else None
        for d, k, s in zip(said, keys, state, strict=True)
    ]
    rows = pa.array(last, mask=none)
    unnamed = pa.array(none & ~carried)
    return pa.table(
        {
            "crop_id": crops,
            "state": pc.if_else(pa.array(carried), "named", pa.array(state, pa.string()).take(rows)),
            "name": pc.if_else(pa.array(carried), carried_name, pa.array(named, pa.string()).take(rows)),
            "how": pa.array([LOOKED_AT, CLUSTER, CARRIED]).take(pc.if_else(unnamed, pa.scalar(None, pa.int64()), how)),
            "decision": pa.array([d.id for d in said], pa.string()).take(rows),
            "who": pa.array([d.who for d in said], pa.string()).take(rows),
            "at": at.take(rows),
            "sure": pa.array(
                np.where(carried, carried_sure, np.where(looked, 1, sure)).astype(np.float32), mask=none & ~carried
            ),
        }
    )


def _codes(keys: list[str | None]) -> np.ndarray:
    """The names as numbers, -1 for none; int64."""
    number: dict[str, int] = {}
    return np.array([-1 if k is None else number.setdefault(k, len(number)) for k in keys], np.int64)


def last_used(decisions: Iterable[Decision], fits: Iterable[str]) -> list[str]:
    """The frozen clusterings, the one of which a decision in effect spoke last at the end; parts come after what was split."""
    place: dict[str, tuple[int, int]] = {}
    for number, decision in enumerate(decisions):
        if decision.fit is not None:
            place[decision.fit] = (number, 0)
        if decision.action == "split":
            place[decision.more["parts"]] = (number, 1)
    return sorted(fits, key=lambda fit: (place.get(fit, (-1, 0)), fit))


def _of_clusters(
    said: list[Decision],
    links: Mapping[tuple[str, int], tuple[str, int]],
    fits: Mapping[str, Fit],
    crops: pa.Array,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each crop the last decision that names a cluster with it, -1 without one; how surely it is there; is it another box?

    ``links``: of :func:`camtrap.review.pairs.linked`.
    """
    last_of: dict[str, dict[int, int]] = {}
    for number, decision in enumerate(said):
        if decision.fit is not None and decision.cluster is not None:
            last_of.setdefault(decision.fit, {})[decision.cluster] = number
    for (name, cluster), number in _by_links(said, links, last_of).items():
        last_of.setdefault(name, {}).setdefault(cluster, number)
    n = len(crops)
    last, sure, anew = np.full(n, -1, np.int64), np.ones(n, np.float32), np.zeros(n, bool)
    for name, numbers in last_of.items():
        fit = fits[name]
        of_number = np.full(int(fit.cluster.max(initial=-1)) + 2, -1, np.int64)  # the last entry is for noise
        for cluster, number in numbers.items():
            if cluster < len(of_number) - 1:
                of_number[cluster] = number
        rows, moved = rows_of(fit.crop_id, crops)
        number_of = of_number[fit.cluster]
        newer = (rows >= 0) & (number_of >= 0)
        newer[newer] = number_of[newer] > last[rows[newer]]
        to = rows[newer]
        last[to], sure[to], anew[to] = number_of[newer], fit.probability[newer], moved[newer]
    return last, sure, anew


def _by_links(
    said: list[Decision], links: Mapping[tuple[str, int], tuple[str, int]], last_of: Mapping[str, Mapping[int, int]]
) -> dict[tuple[str, int], int]:
    """Of clusters that are the same the decision that speaks of all of them: the last one, where they agree."""
    of_kind: dict[tuple[str, int], list[int]] = {}
    for (fit, cluster), top in links.items():
        number = last_of.get(fit, {}).get(cluster)
        if number is not None:
            of_kind.setdefault(top, []).append(number)
    agreed = {
        top: max(numbers)
        for top, numbers in of_kind.items()
        if len({(said[n].action, said[n].name and key(str(said[n].name))) for n in numbers}) == 1
        and said[numbers[0]].action != "unsure"
    }
    return {of: agreed[top] for of, top in links.items() if top in agreed}


def _carried(
    fits: Mapping[str, Fit], crops: pa.Array, free: np.ndarray, spelled: Mapping[str, str]
) -> tuple[np.ndarray, pa.Array, np.ndarray]:
    """Which ``free`` crops have a name that was carried over before a clustering was frozen, it, and how surely."""
    carried, sure = np.zeros(len(crops), bool), np.zeros(len(crops), np.float32)
    listed = sorted(set(spelled.values()))
    name = np.full(len(crops), -1, np.int64)
    for fit in (fits[which] for which in sorted(fits)):
        if fit.carried is None:
            continue
        there = {text: spelled.get(key(text)) for text in fit.carried.unique().drop_null().to_pylist()}
        number = {text: listed.index(now) for text, now in there.items() if now is not None}
        codes = np.array([number.get(text, -1) for text in fit.carried.to_pylist()], np.int64)
        rows, _ = rows_of(fit.crop_id, crops)
        given = (codes >= 0) & (rows >= 0)
        given[given] = free[rows[given]]
        name[rows[given]], sure[rows[given]], carried[rows[given]] = codes[given], fit.probability[given], True
    return carried, pa.array(listed, pa.string()).take(pa.array(name, mask=~carried)), sure


def _of_crops(said: list[Decision], crops: pa.Array, actions: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Of each crop the last decision of these actions that lists it, -1 without one; is it another box?"""
    last_of: dict[str, int] = {}
    for number, decision in enumerate(said):
        if decision.action in actions:
            last_of.update(dict.fromkeys(decision.crops, number))
    last, anew = np.full(len(crops), -1, np.int64), np.zeros(len(crops), bool)
    rows, moved = rows_of(pa.array(list(last_of), pa.string()), crops)
    there = rows >= 0
    last[rows[there]] = np.array(list(last_of.values()), np.int64)[there]
    anew[rows[there]] = moved[there]
    return last, anew
