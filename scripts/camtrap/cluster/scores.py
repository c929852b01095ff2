"""Scores of a clustering that need no truth."""

import numpy as np


def normalise(x: np.ndarray) -> np.ndarray:
    """Return the rows (of the last axis) scaled to length 1; a row of zeros stays."""
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def _stratified(labels: np.ndarray, size: int) -> np.ndarray:
    """Return rows: from each cluster its share of ``size``, at least two, every m-th by position."""
    n = len(labels)
    if n <= size:
        return np.arange(n)
    order = np.argsort(labels, kind="stable")
    count = np.bincount(labels)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    take = np.minimum(count, np.maximum(2, (count * size) // n))
    return np.sort(
        np.concatenate([order[s + (np.arange(t) * c) // t] for s, c, t in zip(start, count, take, strict=True) if t])
    )


def silhouette_samples(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the silhouette width of each row, float32 (n,) (Rousseeuw 1987; Euclidean; 0 for a cluster of one).

    Labels are 0 to k-1. Memory: 1,024 rows of the distance matrix at a time.
    """
    n, k = len(x), int(labels.max()) + 1
    count = np.bincount(labels, minlength=k).astype(np.float32)
    member = np.zeros((n, k), np.float32)
    member[np.arange(n), labels] = 1
    x = np.asarray(x, np.float32)
    square = (x**2).sum(1)
    out = np.zeros(n, np.float32)
    for start in range(0, n, 1_024):
        rows = np.arange(start, min(start + 1_024, n))
        d = square[rows, None] + square - 2 * (x[rows] @ x.T)
        np.sqrt(np.maximum(d, 0, out=d), out=d)
        d[np.arange(len(rows)), rows] = 0
        total = d @ member
        own = labels[rows]
        at = (np.arange(len(rows)), own)
        a = total[at] / np.maximum(count[own] - 1, 1)
        mean = total / np.maximum(count, 1)
        mean[:, count == 0] = np.inf
        mean[at] = np.inf
        b = mean.min(1)
        width = (b - a) / np.maximum(np.maximum(a, b), 1e-12)
        out[rows] = np.where(count[own] > 1, width, 0)
    return out


def silhouette(x: np.ndarray, labels: np.ndarray, size: int) -> float | None:
    """Return the mean silhouette width; of more than ``size`` rows that of a stratified sample, weighted by cluster size.

    None below two clusters, or with as many clusters as rows.
    """
    labels = _compact(labels)
    count = np.bincount(labels)
    if not 2 <= len(count) < len(labels):
        return None
    rows = _stratified(labels, size)
    width = silhouette_samples(x[rows], labels[rows])
    sampled = np.bincount(labels[rows], minlength=len(count))
    mean = np.bincount(labels[rows], weights=width, minlength=len(count)) / np.maximum(sampled, 1)
    return float((mean * count).sum() / count.sum())


def _compact(labels: np.ndarray) -> np.ndarray:
    return np.unique(labels, return_inverse=True)[1]


def centre_scores(x: np.ndarray, labels: np.ndarray) -> dict[str, float | None]:
    """Return inertia, davies_bouldin, calinski_harabasz and simplified_silhouette; in O(n k d).

    Davies and Bouldin 1979; Caliński and Harabasz 1974; the simplified silhouette (Hruschka et al. 2004) takes distances to the
    clusters' means instead of to their members.
    """
    labels = _compact(labels)
    n, k = len(x), int(labels.max(initial=-1)) + 1
    centres, count = means(x, labels, k)
    square = (centres**2).sum(1)
    inertia, widths, spread = 0.0, 0.0, np.zeros(k)
    for start in range(0, n, 16_384):
        part = np.asarray(x[start : start + 16_384], np.float32)
        own = labels[start : start + 16_384]
        d = (part**2).sum(1)[:, None] + square - 2 * (part @ centres.T)
        np.maximum(d, 0, out=d)
        at = (np.arange(len(part)), own)
        a2 = d[at].astype(np.float64)
        a = np.sqrt(a2)
        inertia += float(a2.sum())
        spread += np.bincount(own, weights=a, minlength=k)
        if k > 1:
            d[at] = np.inf
            b = np.sqrt(d.min(1))
            widths += float(((b - a) / np.maximum(np.maximum(a, b), 1e-12)).sum())
    out = {"inertia": inertia, "davies_bouldin": None, "calinski_harabasz": None, "simplified_silhouette": None}
    if not 2 <= k < n:
        return out
    spread /= count
    mean = (centres * count[:, None]).sum(0) / n
    between = float((count * ((centres - mean) ** 2).sum(1)).sum())
    gap = np.sqrt(np.maximum(square[:, None] + square - 2 * centres @ centres.T, 0)).astype(np.float64)
    np.fill_diagonal(gap, np.inf)
    out["davies_bouldin"] = float(((spread[:, None] + spread) / np.maximum(gap, 1e-12)).max(1).mean())
    out["calinski_harabasz"] = between * (n - k) / (inertia * (k - 1)) if inertia > 0 else None
    out["simplified_silhouette"] = widths / n
    return out


def means(x: np.ndarray, labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the clusters' means float32 (k, d) and sizes (k,); an empty cluster's mean is 0."""
    import scipy.sparse

    count = np.bincount(labels, minlength=k)
    total = np.zeros((k, x.shape[1]))
    for start in range(0, len(x), 65_536):
        own = labels[start : start + 65_536]
        member = scipy.sparse.csr_matrix((np.ones(len(own)), (own, np.arange(len(own)))), shape=(k, len(own)))
        total += member @ np.asarray(x[start : start + 65_536], np.float64)
    return (total / np.maximum(count, 1)[:, None]).astype(np.float32), count


def adjusted_rand(a: np.ndarray, b: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the adjusted Rand index of two labellings (Hubert and Arabie 1985), of rows that count ``weight`` times."""
    import scipy.sparse

    if not len(a):
        return 1.0
    a, b = _compact(a), _compact(b)
    weight = np.ones(len(a)) if weight is None else weight
    table = scipy.sparse.coo_matrix((weight, (a, b))).tocsr()
    pairs = lambda count: float(np.sum(count * (count - 1)) / 2)  # noqa: E731
    same, of_a, of_b = pairs(table.data), pairs(np.bincount(a, weight)), pairs(np.bincount(b, weight))
    return float(rand_of_pairs(same, of_a, of_b, pairs(weight.sum())))


def rand_of_pairs(
    together: np.ndarray | float, in_a: np.ndarray | float, in_b: np.ndarray | float, pairs: np.ndarray | float
) -> np.ndarray:
    """Return the adjusted Rand index of the numbers of pairs that are together in both labellings, in either, and of all pairs.

    1 where the labellings are the same, and where no pair could tell them apart. All alike in shape; so is the result.
    """
    together, in_a, in_b, pairs = (np.asarray(count, np.float64) for count in (together, in_a, in_b, pairs))
    expected = in_a * in_b / np.maximum(pairs, 1)
    room = (in_a + in_b) / 2 - expected
    value = np.divide(together - expected, room, out=np.ones(np.shape(room)), where=room != 0)
    return np.where((together == in_a) & (together == in_b), 1.0, value)
