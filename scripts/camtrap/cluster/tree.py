"""The tree of average linkage over weighted leaves, and the silhouette of all its cuts."""

import numpy as np

from camtrap.cluster.methods.ward import cut
from camtrap.cluster.scores import rand_of_pairs

# A squared distance below this is that of a row from itself or from a copy: what float32 leaves of 2 - 2.
NOTHING = 1e-6


def average_linkage(similarity: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the tree of weighted average linkage, (m-1, 4): the two joined, their mean dissimilarity, the joint weight.

    As scipy's `linkage(method="average")`, for leaves that count ``weight`` times; by chains of nearest neighbours (Murtagh 1983)
    in O(m²). Rows are sorted by dissimilarity.
    """
    m = len(similarity)
    d = similarity.max() - similarity if m else similarity
    d = np.round(d, 10)  # so that the last bits of a sum choose no join
    np.fill_diagonal(d, np.inf)
    size, alive = weight.copy(), np.ones(m, bool)
    joins: list[tuple[int, int, float]] = []
    chain: list[int] = []
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


def _sorted_tree(joins: list[tuple[int, int, float]], weight: np.ndarray) -> np.ndarray:
    """Return scipy's form of joins that name clusters by one of their leaves."""
    m = len(weight)
    tree = np.zeros((len(joins), 4))
    name, total, parent = np.arange(m), weight.astype(np.float64), np.arange(m)

    def root(leaf: int) -> int:
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


def silhouette_profile(q: np.ndarray, tree: np.ndarray, groups: np.ndarray, most: int, m: int) -> dict[int, float]:
    """Return the mean silhouette of the rows for each number of branches, 2 to ``most``.

    The sums of distances to the branches are made once, for the finest cut; a join adds two of them.
    """
    n = len(q)
    finest, column = _finest(tree, most, m)
    leaf = finest[groups]
    total, count = np.zeros((n, most), np.float64), np.bincount(leaf, minlength=most).astype(np.float64)
    member = np.zeros((n, most), np.float32)
    member[np.arange(n), leaf] = 1
    for start in range(0, n, 1_024):
        block = slice(start, start + 1_024)
        square = 2 - 2 * (q[block] @ q.T)
        total[block] = np.sqrt(np.where(square > NOTHING, square, 0)) @ member
    out, label = {}, leaf.copy()
    for k in range(most, 1, -1):
        filled = count > 0
        if 2 <= filled.sum() < n:
            own = count[label]
            a = total[np.arange(n), label] / np.maximum(own - 1, 1)
            mean = np.where(filled, total / np.maximum(count, 1), np.inf)
            mean[np.arange(n), label] = np.inf
            b = mean.min(1)
            width = np.where(own > 1, (b - a) / np.maximum(np.maximum(a, b), 1e-12), 0)
            out[k] = round(float(width.mean()), 6)
        step = m - k  # the join that leaves k - 1 branches
        one, two = column.pop(int(tree[step, 0])), column.pop(int(tree[step, 1]))
        total[:, one] += total[:, two]
        total[:, two] = np.inf
        count[one] += count[two]
        count[two] = 0
        label[label == two] = one
        column[m + step] = one
    return out


def cuts_agree(
    one: np.ndarray, other: np.ndarray, leaf: np.ndarray, weight: np.ndarray, m: int, most: int
) -> dict[int, float]:
    """Return for each number of branches, 2 to ``most``, the adjusted Rand index of the cuts of two trees.

    The table of the finest cuts is made once; a join adds two of its rows, or columns.

    Parameters
    ----------
    one : float array of shape (m-1, 4)
        Of `average_linkage`, over ``m`` leaves.
    other : float array of shape (n-1, 4)
        Of some of these leaves.
    leaf : int array of shape (n,)
        The leaf of ``one`` that each leaf of ``other`` is.
    weight : array of shape (n,)
        How often each leaf of ``other`` counts.
    """
    n = len(leaf)
    most = min(most, n)
    (row, of_row), (column, of_column) = (_finest(tree, most, size) for tree, size in ((one, m), (other, n)))
    table = np.zeros((most, most))
    np.add.at(table, (row[leaf], column), weight)

    def pairs(count: np.ndarray) -> float:
        return float((count * (count - 1)).sum() / 2)

    every, out = pairs(weight.sum()), {}
    for k in range(most, 1, -1):
        counts = (table[table > 0], table.sum(1), table.sum(0))
        together, in_one, in_other = (pairs(count[count > 0]) for count in counts)
        out[k] = float(rand_of_pairs(together, in_one, in_other, every))
        for tree, size, name, cells in ((one, m, of_row, table), (other, n, of_column, table.T)):
            a, b = (name.pop(int(side)) for side in tree[size - k, :2])
            cells[a] += cells[b]
            cells[b] = 0
            name[size + size - k] = a
    return out


def _finest(tree: np.ndarray, most: int, m: int) -> tuple[np.ndarray, dict[int, int]]:
    """Return the cut into ``most`` branches, int (m,), and of each branch's name in the tree its number there."""
    label = np.unique(cut(tree, most, m), return_inverse=True)[1]
    return label, dict(zip(_branches(tree, most, m), label.tolist(), strict=True))


def _branches(tree: np.ndarray, k: int, m: int) -> list[int]:
    """Return for each leaf the tree's name of its branch when ``k`` stand."""
    parent = np.arange(2 * m - 1)
    for step in range(m - k):
        parent[tree[step, :2].astype(int)] = m + step
    for node in range(m + max(m - k, 0) - 1, -1, -1):  # a parent's name is greater than its child's
        parent[node] = parent[parent[node]]
    return parent[:m].tolist()
