"""Scores of contingency tables (label x cluster), one at a time or many in a stack."""

import math

import numpy as np

from camtrap.cluster.scores import rand_of_pairs

SCORES = (
    "ari",
    "ami",
    "homogeneity",
    "completeness",
    "v_measure",
    "fowlkes_mallows",
    "pair_jaccard",
    "macro_jaccard_majority",
    "macro_f1_majority",
    "macro_f1_hungarian",
    "hungarian_accuracy",
    "purity",
    "inverse_purity",
    "species_recalled",
)


def scores(table: np.ndarray, singles: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Return every score of :data:`SCORES` for a table or a stack of tables.

    Parameters
    ----------
    table : (..., n_labels, n_clusters) int
        Crops by label and cluster; empty rows and columns count as absent.
    singles : (..., n_labels) int, optional
        Crops by label that are each a cluster of their own.

    Returns
    -------
    dict of str to (...) float array

    Notes
    -----
    ``ari`` Hubert and Arabie 1985; ``ami`` Vinh et al. 2010 (arithmetic mean); ``homogeneity``, ``completeness`` and
    ``v_measure`` Rosenberg and Hirschberg 2007; ``fowlkes_mallows`` 1983; ``pair_jaccard``: pairs together in both over
    pairs together in either. ``purity``: share of crops whose label is the commonest of their cluster;
    ``inverse_purity``: share of crops in the cluster that holds most of their label. ``hungarian_accuracy``: share of
    crops that agree after the best one-to-one matching of clusters and labels. ``*_majority``: each cluster takes the
    label that is commonest in it (the first in sorting order in a tie), then macro averages over the labels;
    ``macro_jaccard_majority`` is what the Chocó thesis calls its Jaccard index. ``species_recalled``: share of the
    labels that make up more than half of some cluster.
    """
    table = np.asarray(table, np.int64)
    lead, (n_labels, n_clusters) = table.shape[:-2], table.shape[-2:]
    stack = math.prod(lead)
    table = table.reshape(stack, n_labels, n_clusters)
    singles = np.asarray(0 if singles is None else singles, np.int64)
    singles = np.broadcast_to(singles, (*lead, n_labels)).reshape(stack, n_labels)
    out = _pair_scores(table, singles) | information_scores(table, singles) | _mapping_scores(table, singles)
    empty = table.sum((1, 2)) + singles.sum(1) == 0
    return {name: np.where(empty, np.nan, out[name]).reshape(lead) for name in SCORES}


def comb2(n: np.ndarray | int) -> np.ndarray:
    """Pairs among ``n`` things."""
    n = np.asarray(n, np.int64)
    return n * (n - 1) // 2


def _divide(top: np.ndarray | int, bottom: np.ndarray | int, otherwise: float) -> np.ndarray:
    top, bottom = np.broadcast_arrays(np.asarray(top, float), np.asarray(bottom, float))
    return np.divide(top, bottom, out=np.full(top.shape, otherwise), where=bottom != 0)


def _pair_scores(table: np.ndarray, singles: np.ndarray) -> dict[str, np.ndarray]:
    in_labels = comb2(table.sum(2) + singles).sum(1)
    in_clusters = comb2(table.sum(1)).sum(1)
    together = comb2(table).sum((1, 2))
    n = table.sum((1, 2)) + singles.sum(1)
    return {
        "ari": rand_of_pairs(together, in_labels, in_clusters, comb2(n)),
        "fowlkes_mallows": np.sqrt(_divide(together, in_labels, 0.0) * _divide(together, in_clusters, 0.0)),
        "pair_jaccard": _divide(together, in_labels + in_clusters - together, 1.0),
    }


def _xlogx(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, float)
    return x * np.log(np.where(x > 0, x, 1.0))


def information_scores(table: np.ndarray, singles: np.ndarray) -> dict[str, np.ndarray]:
    """Return homogeneity, completeness, v_measure and ami of a stack of tables, each (stack,); see :func:`scores`.

    Parameters
    ----------
    table : (stack, n_labels, n_clusters) int
    singles : (stack, n_labels) int
    """
    # In nats. A cluster of one adds log(1) = 0 to the sums of x log x of its cluster and of its cell.
    rows, columns = table.sum(2) + singles, table.sum(1)
    n = rows.sum(1)
    size = np.maximum(n, 1).astype(float)
    h_labels = np.log(size) - _xlogx(rows).sum(1) / size
    h_clusters = np.log(size) - _xlogx(columns).sum(1) / size
    h_joint = np.log(size) - _xlogx(table).sum((1, 2)) / size
    n_labels, n_clusters = (rows > 0).sum(1), (columns > 0).sum(1) + singles.sum(1)
    h_labels, h_clusters = np.where(n_labels > 1, h_labels, 0.0), np.where(n_clusters > 1, h_clusters, 0.0)
    mutual = np.where((n_labels > 1) & (n_clusters > 1), np.maximum(h_labels + h_clusters - h_joint, 0.0), 0.0)
    homogeneity, completeness = _divide(mutual, h_labels, 1.0), _divide(mutual, h_clusters, 1.0)
    expected = np.array([expected_mutual_information(*x) for x in zip(rows, columns, singles.sum(1), strict=True)])
    eps = np.finfo(float).eps
    top, bottom = mutual - expected, (h_labels + h_clusters) / 2 - expected
    top, bottom = (np.where(x < 0, np.minimum(x, -eps), np.maximum(x, eps)) for x in (top, bottom))
    one_and_one = (n_labels == 1) & (n_clusters == 1)
    return {
        "homogeneity": homogeneity,
        "completeness": completeness,
        "v_measure": _divide(2 * homogeneity * completeness, homogeneity + completeness, 0.0),
        "ami": np.where((n_labels > 1) & (n_clusters > 1), top / bottom, np.where(one_and_one, 1.0, 0.0)),
    }


def expected_mutual_information(rows: np.ndarray, columns: np.ndarray, n_singles: int = 0, width: float = 8.0) -> float:
    """Mutual information (nats) expected of two labellings with these sizes by chance.

    The sum of Vinh et al. 2010 (equation 24a), each hypergeometric distribution cut ``width`` standard deviations (and
    ten counts) from its mean, where what is left out is below double rounding for the sizes that matter; equal sizes
    are computed once.

    Parameters
    ----------
    rows, columns : (n_labels,), (n_clusters,) int
        Sizes.
    n_singles : int
        Number of further clusters of one crop.
    """
    from scipy.special import gammaln

    rows, columns = rows[rows > 0], columns[columns > 0]
    n = int(rows.sum())
    if n == 0:
        return 0.0
    # A cluster of one holds label i with probability rows[i] / n and then adds log(n / rows[i]) / n.
    alone = n_singles * (np.log(n) - _xlogx(rows).sum() / n) / n
    a, a_times = np.unique(rows, return_counts=True)
    b, b_times = np.unique(columns, return_counts=True)
    if len(b) == 0:
        return float(alone)
    times = np.outer(a_times, b_times).ravel()
    a, b = np.repeat(a, len(b)), np.tile(b, len(a))
    mean = a * b / n
    spread = width * np.sqrt(mean * ((n - a) / n) * ((n - b) / max(n - 1, 1))) + 10
    low = np.maximum(np.maximum(1, a + b - n), np.floor(mean - spread)).astype(np.int64)
    high = np.minimum(np.minimum(a, b), np.ceil(mean + spread)).astype(np.int64)
    log_factorial = gammaln(np.arange(n + 1) + 1.0)
    total, step = 0.0, max(1, 4_000_000 // int((high - low + 1).max()))
    for start in range(0, len(a), step):
        part = slice(start, start + step)
        length = high[part] - low[part] + 1
        ends = np.cumsum(length)
        x = np.arange(ends[-1]) + np.repeat(low[part] - (ends - length), length)
        ra, rb = np.repeat(a[part], length), np.repeat(b[part], length)
        constant = log_factorial[a[part]] + log_factorial[b[part]] - log_factorial[n]
        constant = constant + log_factorial[n - a[part]] + log_factorial[n - b[part]]
        log_p = np.repeat(constant, length) - log_factorial[x] - log_factorial[ra - x]
        log_p -= log_factorial[rb - x] + log_factorial[n - ra - rb + x]
        terms = x * np.log(x / np.repeat(mean[part], length)) * np.exp(log_p)
        total += (np.add.reduceat(terms, ends - length) * times[part]).sum()
    return float(total / n + alone)


def _mapping_scores(table: np.ndarray, singles: np.ndarray) -> dict[str, np.ndarray]:
    rows, columns = table.sum(2) + singles, table.sum(1)
    n = rows.sum(1)
    here = rows > 0
    if table.shape[2]:
        top, best = table.max(1), table.argmax(1)
        recalled_here = (2 * table > columns[:, None, :]).any(2)
    else:
        top = best = columns
        recalled_here = np.zeros_like(here)
    # Majority: sums over the clusters of each label, by one bincount over (table, label).
    stack, n_labels = rows.shape
    key = (np.arange(stack)[:, None] * n_labels + best).ravel()
    correct, predicted = (
        np.bincount(key, weights=x.ravel(), minlength=stack * n_labels).reshape(stack, n_labels) + singles
        for x in (top, columns)
    )
    f1_hungarian, accuracy = np.empty(stack), np.empty(stack)
    for i in range(stack):
        f1, hits = _hungarian(table[i], singles[i], rows[i], columns[i])
        f1_hungarian[i], accuracy[i] = _divide(f1.sum(), here[i].sum(), 0.0), _divide(hits, n[i], 0.0)

    def macro(values: np.ndarray) -> np.ndarray:
        return _divide(np.where(here, values, 0.0).sum(1), here.sum(1), 0.0)

    return {
        "purity": _divide(top.sum(1) + singles.sum(1), n, 0.0),
        "inverse_purity": _divide(np.maximum(table.max(2, initial=0), singles > 0).sum(1), n, 0.0),
        "macro_jaccard_majority": macro(_divide(correct, rows + predicted - correct, 0.0)),
        "macro_f1_majority": macro(_divide(2 * correct, rows + predicted, 0.0)),
        "macro_f1_hungarian": f1_hungarian,
        "hungarian_accuracy": accuracy,
        "species_recalled": macro(recalled_here),
    }


def _hungarian(table: np.ndarray, singles: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, int]:
    """F1 of each label after the best one-to-one matching, and the number of crops that agree."""
    from scipy.optimize import linear_sum_assignment

    # A label may also be matched to one of its own noise crops: one extra column each suffices.
    table = np.hstack([table, np.diag(np.minimum(singles, 1))])
    columns = np.concatenate([columns, np.minimum(singles, 1)])
    row, column = linear_sum_assignment(table, maximize=True)
    hits = table[row, column]
    f1 = np.zeros(len(rows))
    f1[row] = _divide(2 * hits, rows[row] + columns[column], 0.0)
    return f1, int(hits.sum())
