"""Average linkage over smoothed units and gathered evidence, cut where it is flat: the method of new surveys.

The tree is that of `camtrap.cluster.methods.average`, of more partitions, so that another seed gives the same one. What differs is
where it is cut:

- The score of a cut is the root of two silhouettes (of the smoothed units and of the units as they are: smoothing alone makes small
  pieces look compact) times the root of stability. Of the cuts within ``tolerance`` of the best one the *coarsest* is taken.
- ``groups`` asks for about so many clusters.
- A coarser and a finer layer are cuts of the same tree that live long (the similarity falls far until two branches join) and come
  back in trees of resampled units.
- In a large survey (above ``exact_up_to``) small branches below the cut that stand apart are clusters, too (`cluster.apart`).
- A small survey has fewer neighbours (a tenth of its units, at least 3), and below 100 units it is smoothed once. Below 500 units there
  are three times as many partitions, so that another seed gives the same groups.

Measured in docs/clustering.md.
"""

import math

import numpy as np

from camtrap.cluster import kmeans as km
from camtrap.cluster import scores
from camtrap.cluster.apart import stand_apart
from camtrap.cluster.fits import Fit
from camtrap.cluster.leaves import small_groups
from camtrap.cluster.methods import average
from camtrap.cluster.methods.graph import knn_graph
from camtrap.cluster.scores import normalise
from camtrap.cluster.settings import fill
from camtrap.cluster.tree import average_linkage, cut, silhouette_profile

SMALL = 100  # units, below which one smoothing is enough
FEW, MORE = (
    500,
    3,
)  # units, below which so many times the partitions, Leiden runs and resamples are made: few units say little
LEAST_NEIGHBOURS, UNITS_PER_NEIGHBOUR = 3, 10
COARSER, FINER = (1 / 3, 3 / 4), (4 / 3, 3)  # where the layers are sought, as parts of the number of branches


def fit_consensus(x: np.ndarray, near: tuple[np.ndarray, np.ndarray], params: dict, seed: int) -> Fit:
    """Cluster the units; see the module.

    Parameters
    ----------
    x : float32 array of shape (n, d)
    near : (index, similarity)
        Of `neighbours.search`.
    params : dict
        Section ``consensus`` of the settings; all else is as the section ``average`` has it by default.
    seed : int

    Returns
    -------
    Fit
        ``layers``: ``coarse`` and ``fine``, which nest with the labels. ``metrics["cuts"]``: {k, clusters, silhouette, own_silhouette,
        stability, life, score} of each cut; ``reason``: a sentence.
    """
    n, settings = len(x), {**fill("average", {}), **params}
    width = min(near[0].shape[1], max(LEAST_NEIGHBOURS, n // UNITS_PER_NEIGHBOUR))
    near = near[0][:, :width], near[1][:, :width]
    graph = knn_graph(*near)
    q = plain = normalise(x).astype(np.float32)
    for _ in range(settings["smooth"] if n >= SMALL else min(1, settings["smooth"])):
        q = average.smooth(q, graph, settings["own_weight"])
    groups, switches = np.arange(n), []
    repeated = ("partitions", "runs", "resamples")
    if n < FEW:
        settings |= {name: MORE * settings[name] for name in repeated}
    if n > settings["exact_up_to"]:
        groups = small_groups(q, near[0], fill("average", {})["groups"])
        reason = f"the tree holds all pairs; its leaves are {groups.max() + 1} small groups of nearest units"
        switches.append({"what": "tree of groups", "size": n, "limit": settings["exact_up_to"], "reason": reason})
        # more units say more: a third of the partitions is as sure, and costs what it must
        settings |= {name: -(-settings[name] // 3) for name in repeated}
    evidence = average.gather_evidence(q, plain, graph, settings, seed)
    similarity, weight = average.group_similarity(q, evidence, groups, settings["evidence"])
    tree = average_linkage(similarity, weight)
    cuts = judge(q, plain, evidence, groups, similarity, tree, settings, seed)
    if not cuts or max(row["score"] for row in cuts) <= 0:
        why = "one cluster: " + ("no cut has a silhouette and stability above 0" if cuts else "too few units")
        labels = np.zeros(n, np.int32)
        return Fit("consensus", labels, scores.means(x, labels, 1)[0], _told(cuts, None, why, switches))
    best, why = pick(cuts, settings["tolerance"], settings["groups"])
    m = len(tree) + 1
    branch, apart = cut(tree, best["k"], m)[groups], 0
    if switches:
        branch, apart = stand_apart(plain, groups, tree, best["k"])
    labels = average.settle(plain, branch, settings["min_units"], settings["shrinkage"])
    coarse, fine = (long_lived(cuts, best["k"], part) for part in (COARSER, FINER))
    layers = {
        "coarse": joined(labels, cut(tree, coarse, m)[groups]) if coarse else labels.copy(),
        "fine": divided(labels, cut(tree, fine, m)[groups], settings["min_units"]) if fine else labels.copy(),
    }
    if apart:
        why += f"; below it {apart} small branches stand apart and are clusters of their own"
    if small := best["k"] - best["clusters"]:
        why += f"; {small} branches of too few units are noise, which leaves {best['clusters'] + apart}"
    kept = labels >= 0
    centres = scores.means(x[kept], labels[kept], int(labels.max()) + 1)[0]
    return Fit("consensus", labels, centres, _told(cuts, best["k"], why, switches), None, layers)


def _told(cuts: list[dict], chosen: int | None, reason: str, switches: list[dict]) -> dict:
    told = {"cuts": cuts, "reason": reason, "switches": switches}
    return told if chosen is None else {**told, "cut": chosen}


def judge(
    q: np.ndarray,
    plain: np.ndarray,
    evidence: np.ndarray,
    groups: np.ndarray,
    similarity: np.ndarray,
    tree: np.ndarray,
    params: dict,
    seed: int,
) -> list[dict]:
    """Return of each cut of the tree, from 2 branches on, what speaks for it; see `fit_consensus`."""
    n, m = len(q), len(tree) + 1
    most = min(params["k_max"], max(2, n // 2), m)
    rows = km.every(n, params["silhouette_sample"])
    smoothed, own = (silhouette_profile(y[rows], tree, groups[rows], most, m) for y in (q, plain))
    stable = average.stability(q, evidence, groups, similarity, tree, most, params, seed)
    height = np.concatenate([[0.0], tree[:, 2]])
    found = []
    for k in range(2, most + 1):
        if k not in smoothed:
            continue
        size = np.bincount(cut(tree, k, m)[groups])
        both = max(smoothed[k], 0) * max(own[k], 0)
        found.append(
            {
                "k": k,
                # where all branches are small, all stand
                "clusters": int((size >= params["min_units"]).sum()) or k,
                "silhouette": smoothed[k],
                "own_silhouette": own[k],
                "stability": stable.get(k),
                "life": float(height[m - k + 1] - height[m - k]),
                "score": float(np.sqrt(both * max(stable.get(k, 1.0), 0))),
            }
        )
    return found


def pick(cuts: list[dict], tolerance: float, groups: int | None) -> tuple[dict, str]:
    """Return the cut that is shown, and why: the coarsest within ``tolerance`` of the best, or one of about ``groups`` clusters."""
    among = cuts
    if groups:
        off = [abs(row["clusters"] - groups) for row in cuts]
        among = [row for row, far in zip(cuts, off, strict=True) if far <= max(min(off), groups // 10)]
    highest = max(row["score"] for row in among)
    best = next(row for row in among if row["score"] >= (1 - (0 if groups else tolerance)) * highest)
    stable = "" if best["stability"] is None else f", stability {best['stability']:.2f}"
    text = f"the tree is cut at {best['k']} (silhouette {best['silhouette']:.3f}{stable}): "
    if groups:
        return best, text + f"of the cuts with about {groups} clusters, as the configuration asks, the best"
    near = [row["k"] for row in cuts if row["score"] >= (1 - tolerance) * highest]
    return (
        best,
        text + f"the coarsest of those from {min(near)} to {max(near)} within {100 * tolerance:g} % of the best",
    )


def long_lived(cuts: list[dict], k: int, part: tuple[float, float]) -> int | None:
    """Return the cut between two parts of ``k`` branches with the longest life times stability; None where there is none."""
    low, high = math.ceil(part[0] * k), math.floor(part[1] * k)
    among = [row for row in cuts if low <= row["k"] <= high and row["k"] != k]
    if not among:
        return None
    return max(among, key=lambda row: row["life"] * (1 if row["stability"] is None else max(row["stability"], 0)))["k"]


def joined(labels: np.ndarray, branch: np.ndarray) -> np.ndarray:
    """Return labels, int32 (n,), in which clusters of one coarser branch are one: that which holds most of a cluster. -1 stays."""
    kept = labels >= 0
    table = np.zeros((int(labels.max(initial=-1)) + 1, int(branch.max(initial=-1)) + 1), int)
    np.add.at(table, (labels[kept], branch[kept]), 1)
    out = np.full(len(labels), -1, np.int32)
    out[kept] = np.unique(table.argmax(1)[labels[kept]], return_inverse=True)[1]
    return out


def divided(labels: np.ndarray, branch: np.ndarray, least: int) -> np.ndarray:
    """Return labels, int32 (n,), in which each cluster is split by finer branches; pieces below ``least`` go to its largest."""
    pair = np.where(labels >= 0, labels.astype(np.int64) * (int(branch.max(initial=0)) + 1) + branch, -1)
    for cluster in range(int(labels.max(initial=-1)) + 1):
        rows = np.flatnonzero(labels == cluster)
        piece, where, count = np.unique(pair[rows], return_inverse=True, return_counts=True)
        pair[rows[count[where] < least]] = piece[count.argmax()]
    out = np.full(len(labels), -1, np.int32)
    out[pair >= 0] = np.unique(pair[pair >= 0], return_inverse=True)[1]
    return out
