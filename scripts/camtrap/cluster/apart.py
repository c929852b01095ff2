"""Rare kinds below the cut of a large survey's tree: branches that are like themselves and unlike the rest of their cluster."""

import numpy as np
import scipy.sparse

from camtrap.cluster.tree import cut

# A branch stands apart where its mean cosine with the rest of its cluster is at most this part of the two own mean cosines' root.
# Two units may be near by chance, as they are the nearest of many: of them more is asked.
APART, APART_PAIR = 0.5, 0.4
# Rare kinds make few branches of fewer units than SMALL, false boxes make many: where those are more than FEW times the larger ones,
# none of them counts.
SMALL, FEW = 4, 0.25


def stand_apart(x: np.ndarray, groups: np.ndarray, tree: np.ndarray, k: int) -> tuple[np.ndarray, int]:
    """Cut a tree into ``k`` branches, and take out of them what stands apart (docs/clustering.md).

    One cut of the whole tree is too coarse for kinds of five to twenty among tens of thousands, and a finer one divides the
    common kinds. Each join below the cut is asked by itself, from the top: is its smaller side as unlike the larger as another kind?
    Sides of two or three units count only where they are few beside the larger ones.

    Parameters
    ----------
    x : float32 array of shape (n, d)
        Units, not smoothed (smoothing draws a rare kind to its neighbours), rows of length 1.
    groups : int array of shape (n,)
        The tree's leaf of each unit.
    tree : float array of shape (m-1, 4)
        Of `average_linkage`.
    k : int

    Returns
    -------
    branch : int array of shape (n,)
        0 to ``k`` plus the number of branches that stand apart, less 1.
    n_apart : int
    """
    m = len(tree) + 1
    member = scipy.sparse.csr_matrix((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(m, len(groups)))
    total = np.concatenate([member @ x.astype(np.float64), np.zeros((m - 1, x.shape[1]))])
    count = np.concatenate([np.bincount(groups, minlength=m).astype(np.float64), np.zeros(m - 1)])
    sides = tree[:, :2].astype(int)
    for step, (one, two) in enumerate(sides):
        total[m + step], count[m + step] = total[one] + total[two], count[one] + count[two]
    found = []
    for step in range(m - k - 1, -1, -1):
        small, large = sides[step][np.argsort(count[sides[step]], kind="stable")]
        if count[small] > 1 and _apart(total, count, small, large):
            found.append(small)
    of_few = [node for node in found if count[node] < SMALL]
    if len(of_few) > FEW * (len(found) - len(of_few)):
        found = [node for node in found if count[node] >= SMALL]
    leaf = cut(tree, k, m)
    for number, node in enumerate(found, k):  # from the top, so that a branch within another is cut out of it
        leaf[_leaves(sides, node, m)] = number
    return leaf[groups], len(found)


def _apart(total: np.ndarray, count: np.ndarray, small: int, large: int) -> bool:
    own = [(total[v] @ total[v] - count[v]) / (count[v] * (count[v] - 1)) for v in (small, large)]
    between = total[small] @ total[large] / (count[small] * count[large])
    most = APART_PAIR if count[small] == 2 else APART
    return min(own) > 0 and bool(between <= most * np.sqrt(own[0] * own[1]))


def _leaves(sides: np.ndarray, node: int, m: int) -> list[int]:
    found, left = [], [node]
    while left:
        here = left.pop()
        if here < m:
            found.append(here)
        else:
            left += sides[here - m].tolist()
    return found
