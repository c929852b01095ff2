"""Average linkage over smoothed units and gathered evidence: clusters without a k, rare species kept.

Three steps, each known by itself, measured together in docs/clustering.md:

1. *Smoothing*: each unit's vector is moved, twice, to the mean of itself and of its kNN graph neighbours.
2. *Evidence* (Fred and Jain 2005): K-Means with several k in three views of the units, and Leiden communities; how often two
   units fall together is added to their cosine.
3. *Average linkage* (UPGMA) of that similarity: it does not favour clusters of equal size, as K-Means and Ward do.

The tree is cut where silhouette times the root of stability (how well trees of resampled units agree) is highest: of two peaks
of the silhouette the one that comes back. Two steps of K-Means from there settle the borders.
"""

import numpy as np
import scipy.sparse

from camtrap.cluster import kmeans as km
from camtrap.cluster import scores
from camtrap.cluster.fits import Fit
from camtrap.cluster.graph import knn_graph, leiden
from camtrap.cluster.reduce import normalise
from camtrap.cluster.settings import fill


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
        q = smooth(q, graph)
    switches: list[dict] = []
    evidence = gather_evidence(q, plain, graph, params, seed)
    groups = np.arange(n)
    if n > params["exact_up_to"]:
        settings = {**fill("kmeans", {}), "restarts": 1, "iterations": 10, "restart_sample": 100_000}
        groups = np.unique(km.kmeans(q, params["groups"], settings, seed)[0], return_inverse=True)[1]
        reason = f"the tree holds all pairs; its leaves are {groups.max() + 1} small K-Means clusters of units"
        switches.append(
            {"what": "average linkage of groups", "size": n, "limit": params["exact_up_to"], "reason": reason}
        )
    similarity, weight = group_similarity(q, evidence, groups)
    tree = average_linkage(similarity, weight)
    most = min(params["k_max"], max(2, n // 2), len(weight))
    rows = km.every(n, params["silhouette_sample"])
    profile = silhouette_profile(q[rows], tree, groups[rows], most, len(weight))
    stable = stability(q, evidence, groups, tree, most, params, seed)
    cuts = [{"k": k, "silhouette": profile.get(k), "stability": stable.get(k)} for k in range(2, most + 1)]
    known = [row for row in cuts if row["silhouette"] is not None]
    for row in known:
        row["score"] = row["silhouette"] * (1 if row["stability"] is None else max(row["stability"], 0) ** 0.5)
    if not known:
        labels = np.zeros(n, np.int32)
        return Fit(
            "average", labels, scores.means(x, labels, 1)[0], {"cuts": cuts, "reason": "one cluster: too few units"}
        )
    best = max(known, key=lambda row: row["score"])
    labels = settle(q, cut(tree, best["k"], len(weight))[groups], params["min_units"], params["settle"])
    k = int(labels.max()) + 1
    metrics = {"cuts": cuts, "cut": best["k"], "reason": _reason(best, known, k), "switches": switches}
    kept = labels >= 0
    return Fit("average", labels, scores.means(x[kept], labels[kept], k)[0], metrics)


def _reason(best: dict, known: list[dict], k: int) -> str:
    plateau = [row["k"] for row in known if row["score"] >= 0.98 * best["score"]]
    text = f"the tree cut at {best['k']} has the highest "
    if best["stability"] is None:
        text += f"silhouette ({best['silhouette']:.3f})"
    else:
        text += (
            f"silhouette times root of stability ({best['silhouette']:.3f}; {best['stability']:.2f}, the adjusted Rand index "
            "with trees of resampled units)"
        )
    text += f"; within 2 % of it lie cuts from {min(plateau)} to {max(plateau)}"
    if k < best["k"]:
        text += f"; {best['k'] - k} branches of too few units are noise, which leaves {k}"
    return text


def smooth(x: np.ndarray, graph) -> np.ndarray:
    """Return the mean direction of each row and the weighted mean of its graph neighbours, float32 (n, d), length 1."""
    degree = np.asarray(graph.sum(1)).ravel()
    graph = scipy.sparse.diags(1 / np.maximum(degree, 1e-12)) @ graph
    return np.round(normalise(x + graph @ x), 5).astype(np.float32)


def gather_evidence(q: np.ndarray, plain: np.ndarray, graph, params: dict, seed: int) -> np.ndarray:
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


def group_similarity(q: np.ndarray, evidence: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean similarity between groups, float64 (m, m), and their sizes (m,).

    The similarity of two units is their cosine plus the share of the partitions that hold them together; its mean over two groups
    is a product of sums, so no pair of units is visited.
    """
    n, m = len(q), int(groups.max()) + 1
    size = np.bincount(groups, minlength=m).astype(np.float64)
    member = scipy.sparse.csr_matrix((np.ones(n), (groups, np.arange(n))), shape=(m, n))
    mean = (member @ q.astype(np.float64)) / size[:, None]
    similarity = mean @ mean.T
    share = 1 / max(evidence.shape[1], 1)
    for labels in evidence.T:
        part = scipy.sparse.csr_matrix((np.ones(n), (np.arange(n), labels)), shape=(n, int(labels.max()) + 1))
        mix = (member @ part).toarray() / size[:, None]
        similarity += share * (mix @ mix.T)
    return similarity, size


def average_linkage(similarity: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the tree of weighted average linkage, (m-1, 4): the two joined, their mean dissimilarity, the joint weight.

    As scipy's `linkage(method="average")`, for leaves that count ``weight`` times; by chains of nearest neighbours (Murtagh 1983)
    in O(m²). Rows are sorted by dissimilarity.
    """
    m = len(similarity)
    d = similarity.max() - similarity if m else similarity
    d = np.round(d, 10)  # so that the last bits of a sum choose no join
    np.fill_diagonal(d, np.inf)
    size, alive, joins, chain = weight.copy(), np.ones(m, bool), [], []
    while len(joins) < m - 1:
        if not chain:
            chain = [int(alive.argmax())]
        while True:
            here = chain[-1]
            there = int(d[here].argmin())
            if len(chain) > 1 and d[here, chain[-2]] <= d[here, there]:
                there = chain[-2]
                break
            chain.append(there)
        chain = chain[:-2]
        keep, drop = min(here, there), max(here, there)
        joins.append((keep, drop, d[keep, drop]))
        joint = (size[keep] * d[keep] + size[drop] * d[drop]) / (size[keep] + size[drop])
        d[keep], d[:, keep] = joint, joint
        d[keep, keep] = np.inf
        d[drop], d[:, drop] = np.inf, np.inf
        size[keep] += size[drop]
        alive[drop] = False
    return _sorted_tree(joins, weight)


def _sorted_tree(joins: list, weight: np.ndarray) -> np.ndarray:
    """Return scipy's form of joins that name clusters by one of their leaves."""
    m = len(weight)
    tree = np.zeros((len(joins), 4))
    name, total, parent = np.arange(m), weight.astype(np.float64), np.arange(m)

    def root(leaf):
        while parent[leaf] != leaf:
            parent[leaf] = parent[parent[leaf]]
            leaf = parent[leaf]
        return leaf

    for step, i in enumerate(np.argsort([height for _, _, height in joins], kind="stable")):
        a, b = root(joins[i][0]), root(joins[i][1])
        parent[b] = a
        total[a] += total[b]
        tree[step] = min(name[a], name[b]), max(name[a], name[b]), joins[i][2], total[a]
        name[a] = m + step
    return tree


def cut(tree: np.ndarray, k: int, m: int) -> np.ndarray:
    """Return the labels (m,) of the leaves when ``k`` branches stand, numbered by their first leaf."""
    from camtrap.cluster.ward import cut as cut_tree

    return cut_tree(tree, k, m)


def silhouette_profile(q: np.ndarray, tree: np.ndarray, groups: np.ndarray, most: int, m: int) -> dict[int, float]:
    """Return the mean silhouette of the rows for each number of branches, 2 to ``most``.

    The sums of distances to the branches are made once, for the finest cut; a join adds two of them.
    """
    n = len(q)
    finest = np.unique(cut(tree, most, m), return_inverse=True)[1]
    leaf = finest[groups]
    total, count = np.zeros((n, most), np.float64), np.bincount(leaf, minlength=most).astype(np.float64)
    member = np.zeros((n, most), np.float32)
    member[np.arange(n), leaf] = 1
    for start in range(0, n, 1_024):
        block = slice(start, start + 1_024)
        cosine = q[block] @ q.T
        total[block] = np.sqrt(np.maximum(2 - 2 * cosine, 0)) @ member
    out, label = {}, leaf.copy()
    column = {}  # branch of the tree -> column
    for old, new in zip(_branches(tree, most, m), finest, strict=True):
        column[old] = new
    for k in range(most, 1, -1):
        filled = count > 0
        if 2 <= filled.sum() < n:
            own = count[label]
            a = total[np.arange(n), label] / np.maximum(own - 1, 1)
            mean = np.where(filled, total / np.maximum(count, 1), np.inf)
            mean[np.arange(n), label] = np.inf
            b = mean.min(1)
            width = np.where(own > 1, (b - a) / np.maximum(np.maximum(a, b), 1e-12), 0)
            out[k] = float(width.mean())
        step = m - k  # the join that leaves k - 1 branches
        one, two = column.pop(int(tree[step, 0])), column.pop(int(tree[step, 1]))
        total[:, one] += total[:, two]
        total[:, two] = np.inf
        count[one] += count[two]
        count[two] = 0
        label[label == two] = one
        column[m + step] = one
    return out


def _branches(tree: np.ndarray, k: int, m: int) -> list[int]:
    """Return for each leaf the tree's name of its branch when ``k`` stand."""
    parent = np.arange(2 * m - 1)
    for step in range(m - k):
        parent[tree[step, :2].astype(int)] = m + step
    for node in range(m + max(m - k, 0) - 1, -1, -1):  # a parent's name is greater than its child's
        parent[node] = parent[parent[node]]
    return parent[:m].tolist()


def stability(q, evidence, groups, tree, most, params, seed) -> dict[int, float]:
    """Return for each cut the mean adjusted Rand index with the same cut of trees of resampled units (80 % each)."""
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
        other = average_linkage(*group_similarity(q[rows], evidence[rows], part))
        weight = np.bincount(part)
        for k in range(2, min(most, len(present)) + 1):
            labels = cut(tree, k, m)[present]
            sums.setdefault(k, []).append(scores.adjusted_rand(labels, cut(other, k, len(present)), weight))
    return {k: float(np.mean(values)) for k, values in sums.items()}


def settle(q: np.ndarray, labels: np.ndarray, least: int, steps: int) -> np.ndarray:
    """Return the labels after ``steps`` of K-Means among the branches of at least ``least`` units, int32 (n,).

    The units of smaller branches, which nothing came near before the cut, are noise: -1.
    """
    small = np.bincount(labels)[labels] < least
    if small.all():
        return labels.astype(np.int32)
    out = np.full(len(labels), -1, np.int32)
    kept = np.unique(labels[~small], return_inverse=True)[1]
    x = q[~small]
    for _ in range(steps):
        kept = km.assign(x, scores.means(x, kept, int(kept.max()) + 1)[0])
        kept = np.unique(kept, return_inverse=True)[1]
    out[~small] = kept
    return out
