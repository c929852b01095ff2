"""Average linkage over smoothed units and gathered evidence: clusters without a k, rare species kept.

Four steps, each known by itself, measured together in docs/clustering.md:

1. *Smoothing*: each unit's vector is moved, twice, to the mean of itself and of its kNN graph neighbours.
2. *Evidence* (Fred and Jain 2005): K-Means with several k in three views of the units, and Leiden communities; half the share
   of them that hold two units together is added to their cosine.
3. *Average linkage* (UPGMA) of that similarity: it does not favour clusters of equal size, as K-Means and Ward do.
4. *Discriminant analysis* of the units as they are, learnt from the cut, settles the borders.

The tree is cut where silhouette times the root of stability (how well trees of resampled units agree) is highest: of two peaks
of the silhouette the one that comes back. Of cuts that are as good but for one per cent the finest is taken: for an expert it is
easier to give two clusters one name than to see a rare species within a large one.
"""

import numpy as np
import scipy.sparse

from camtrap.cluster import kmeans as km
from camtrap.cluster import scores
from camtrap.cluster.fits import Fit
from camtrap.cluster.leaves import small_groups
from camtrap.cluster.methods.graph import knn_graph, leiden
from camtrap.cluster.scores import normalise
from camtrap.cluster.settings import fill
from camtrap.cluster.tree import average_linkage, cut, cuts_agree, silhouette_profile

BLOCK = 65_536  # rows settled at once
ROWS = 512  # groups compared with all others at once


def fit_average(x: np.ndarray, near: tuple[np.ndarray, np.ndarray], params: dict, seed: int) -> Fit:
    """Cluster the units; see the module.

    Parameters
    ----------
    x : float32 array of shape (n, d)
    near : (index, similarity)
        Of `neighbours.search`.
    params : dict
        Section ``average`` of the settings.
    seed : int

    Returns
    -------
    Fit
        ``metrics["cuts"]``: {k, silhouette, stability, score} of each cut, for the plot; ``reason``: a sentence.
    """
    n = len(x)
    graph = knn_graph(*near)
    q = plain = normalise(x).astype(np.float32)
    for _ in range(params["smooth"]):
        q = smooth(q, graph, params["own_weight"])
    switches: list[dict] = []
    evidence = np.zeros((n, 0), np.int32)
    if params["evidence"]:
        evidence = gather_evidence(q, plain, graph, params, seed)
    groups = np.arange(n)
    if n > params["exact_up_to"]:
        groups = small_groups(q, near[0], params["groups"])
        reason = f"the tree holds all pairs; its leaves are {groups.max() + 1} small groups of nearest units"
        switches.append(
            {"what": "average linkage of groups", "size": n, "limit": params["exact_up_to"], "reason": reason}
        )
    similarity, weight = group_similarity(q, evidence, groups, params["evidence"])
    tree = average_linkage(similarity, weight)
    most = min(params["k_max"], max(2, n // 2), len(weight))
    rows = km.every(n, params["silhouette_sample"])
    profile = silhouette_profile(q[rows], tree, groups[rows], most, len(weight))
    stable = stability(q, evidence, groups, similarity, tree, most, params, seed)
    cuts: list[dict] = [{"k": k, "silhouette": profile.get(k), "stability": stable.get(k)} for k in range(2, most + 1)]
    known = [row for row in cuts if row["silhouette"] is not None]
    for row in known:
        row["score"] = row["silhouette"] * (1 if row["stability"] is None else max(row["stability"], 0) ** 0.5)
    highest = max((row["score"] for row in known), default=0)
    if highest <= 0:
        reason = "one cluster: " + ("no cut has a silhouette and stability above 0" if known else "too few units")
        metrics = {"cuts": cuts, "reason": reason, "switches": switches}
        return Fit("average", np.zeros(n, np.int32), scores.means(x, np.zeros(n, int), 1)[0], metrics)
    best = max((row for row in known if row["score"] >= (1 - params["tolerance"]) * highest), key=lambda row: row["k"])
    branch = cut(tree, best["k"], len(weight))[groups]
    labels = settle(plain, branch, params["min_units"], params["shrinkage"])
    small = int((np.bincount(branch) < params["min_units"]).sum())
    k = int(labels.max()) + 1
    metrics = {
        "cuts": cuts,
        "cut": best["k"],
        "reason": _reason(best, known, small, params["tolerance"]),
        "switches": switches,
    }
    kept = labels >= 0
    return Fit("average", labels, scores.means(x[kept], labels[kept], k)[0], metrics)


def _reason(best: dict, known: list[dict], small: int, tolerance: float) -> str:
    highest = max(row["score"] for row in known)
    plateau = [row["k"] for row in known if row["score"] >= (1 - tolerance) * highest]
    text = f"the tree is cut at {best['k']}: "
    text += (
        "the highest " if best["score"] == highest else f"the finest cut that comes up to the highest ({highest:.3f}) "
    )
    if best["stability"] is None:
        text += f"silhouette ({best['silhouette']:.3f})"
    else:
        text += (
            f"silhouette times root of stability ({best['silhouette']:.3f}; {best['stability']:.2f}, the adjusted Rand index "
            "with trees of resampled units)"
        )
    text += f"; within {100 * tolerance:g} % of the highest lie cuts from {min(plateau)} to {max(plateau)}"
    if 0 < small < best["k"]:
        text += f"; {small} branches of too few units are noise, which leaves {best['k'] - small}"
    return text


def smooth(x: np.ndarray, graph: scipy.sparse.csr_matrix, own: float) -> np.ndarray:
    """Return ``own`` times each row plus the weighted mean of its graph neighbours, float32 (n, d), length 1.

    A row without a neighbour stays as it is.
    """
    degree = np.asarray(graph.sum(1)).ravel()
    mean = scipy.sparse.diags(1 / np.maximum(degree, 1e-12)) @ graph @ x
    mixed = np.where((degree > 0)[:, None], own * x + mean, x)
    return np.round(normalise(mixed), 5).astype(np.float32)


def gather_evidence(
    q: np.ndarray, plain: np.ndarray, graph: scipy.sparse.csr_matrix, params: dict, seed: int
) -> np.ndarray:
    """Return the labels of several partitions, int32 (n, partitions + resolutions times runs).

    K-Means, whose k runs from half to twice the root of n, and Leiden communities of the kNN graph at some resolutions: the
    first cuts large clusters, the second follows chains; where both agree, units belong together. K-Means takes three views by
    turns, so that its errors differ: the units smoothed (``q``), as they are (``plain``), and the first half of ``q``'s components.
    """
    root = min(np.sqrt(len(q)), params["root_max"])
    settings = {**fill("kmeans", {}), "restarts": 1, "iterations": 25, "restart_sample": 20_000, "sample": 20_000}
    ks = np.geomspace(max(4, root / 2), max(4, root * 2), params["partitions"]).astype(int)
    views = [q, plain, normalise(q[:, : max(1, q.shape[1] // 2)]).astype(np.float32)]
    labels = [km.kmeans(views[i % 3], min(int(k), len(q)), settings, seed * 1_000 + i)[0] for i, k in enumerate(ks)]
    labels += [
        leiden(graph, resolution, seed * 1_000 + i)
        for resolution in params["resolutions"]
        for i in range(params["runs"])
    ]
    return np.stack(labels, 1) if labels else np.zeros((len(q), 0), np.int32)


def group_similarity(
    q: np.ndarray, evidence: np.ndarray, groups: np.ndarray, evidence_weight: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean similarity between groups, float64 (m, m), and their sizes (m,).

    The similarity of two units is their cosine plus ``evidence_weight`` times the share of the partitions that hold them
    together; its mean over two groups is a product of sums, so no pair of units is visited.
    """
    n, m = len(q), int(groups.max()) + 1
    size = np.bincount(groups, minlength=m).astype(np.float64)
    member = scipy.sparse.csr_matrix((np.ones(n), (groups, np.arange(n))), shape=(m, n))
    mean = (member @ q.astype(np.float64)) / size[:, None]
    similarity = mean @ mean.T
    if not evidence.shape[1]:
        return similarity, size
    # One column for each cluster of each partition: a row says which share of a group lies in it. Few entries are not 0.
    first = np.cumsum(evidence.max(0).astype(np.int64) + 1) - evidence.max(0) - 1
    ones = np.ones(evidence.size)
    column = (evidence + first).ravel()
    mix = scipy.sparse.csr_matrix((ones, column, np.arange(n + 1) * evidence.shape[1]))
    if m < n or (groups != np.arange(n)).any():
        mix = scipy.sparse.diags(1 / size) @ member @ mix
    other = mix.T.tocsr()
    for start in range(0, m, ROWS):
        part = slice(start, start + ROWS)
        similarity[part] += (mix[part] @ other).toarray() * (evidence_weight / evidence.shape[1])
    return similarity, size


def stability(
    q: np.ndarray,
    evidence: np.ndarray,
    groups: np.ndarray,
    similarity: np.ndarray,
    tree: np.ndarray,
    most: int,
    params: dict,
    seed: int,
) -> dict[int, float]:
    """Return for each cut the mean adjusted Rand index with the same cut of trees of resampled units (80 % each).

    ``similarity`` is the `group_similarity` of all units; where each unit is a group by itself, that of a sample is a part of it.
    """
    n, m = len(q), int(groups.max()) + 1
    rng = np.random.default_rng(seed)
    sums: dict[int, list[float]] = {}
    for _ in range(params["resamples"] if n >= 20 else 0):
        rows = np.sort(rng.permutation(n)[: int(0.8 * n)])
        present, part = np.unique(groups[rows], return_inverse=True)
        if len(present) > params["resample_groups"]:
            keep = np.sort(rng.permutation(len(present))[: params["resample_groups"]])
            rows = rows[np.isin(part, keep)]
            present, part = np.unique(groups[rows], return_inverse=True)
        weight = np.bincount(part).astype(np.float64)
        among = similarity[np.ix_(present, present)]
        if m < n:
            among = group_similarity(q[rows], evidence[rows], part, params["evidence"])[0]
        for k, value in cuts_agree(tree, average_linkage(among, weight), present, weight, m, most).items():
            sums.setdefault(k, []).append(value)
    return {k: float(np.mean(values)) for k, values in sums.items()}


def settle(x: np.ndarray, labels: np.ndarray, least: int, shrinkage: float) -> np.ndarray:
    """Return the labels after one step of discriminant analysis among branches of at least ``least`` units, int32 (n,).

    Each unit of such a branch goes to the nearest mean by Mahalanobis distance, with the covariance within branches, drawn
    towards a sphere by ``shrinkage`` (0 to 1; regularised discriminant analysis, Friedman 1989, with equal priors, so that
    rare species keep their borders). The units of smaller branches, which nothing came near before the cut, are noise: -1;
    where all branches are smaller, all stand.
    """
    kept = np.flatnonzero(np.bincount(labels)[labels] >= least)
    if not len(kept):
        return labels.astype(np.int32)
    out = np.full(len(labels), -1, np.int32)
    own = np.unique(labels[kept], return_inverse=True)[1]
    centres = scores.means(x[kept], own, int(own.max()) + 1)[0].astype(np.float64)
    covariance = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(kept), BLOCK):
        part = slice(start, start + BLOCK)
        residual = x[kept[part]] - centres[own[part]]
        covariance += residual.T @ residual / len(kept)
    if np.trace(covariance) > 0 and shrinkage > 0:
        sphere = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        weight = np.linalg.solve((1 - shrinkage) * covariance + shrinkage * sphere, centres.T)
        bias = (centres.T * weight).sum(0) / 2
        for start in range(0, len(kept), BLOCK):
            part = slice(start, start + BLOCK)
            own[part] = np.round(x[kept[part]] @ weight - bias, 6).argmax(1)
        kept, own = (part[np.bincount(own)[own] >= least] for part in (kept, own))
    out[kept] = np.unique(own, return_inverse=True)[1]
    return out
