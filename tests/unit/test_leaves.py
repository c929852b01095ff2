import numpy as np
from clusterdata import blobs

from camtrap.cluster import neighbours, scores
from camtrap.cluster.leaves import small_groups
from camtrap.cluster.reduce import normalise


def clumps(sizes, seed=0):
    """Rows of length 1, their clump, their five nearest."""
    x, y = blobs(sizes, spread=0.5, dims=24, seed=seed)
    x = normalise(x).astype(np.float32)
    return x, y, neighbours.search(x, {"k": 5, "exact_up_to": 10**6}, 0)[0]


def test_a_group_has_no_common_size():
    x, y, near = clumps((300, 200, 40, 3))
    assert scores.adjusted_rand(small_groups(x, near, 4), y) == 1


def test_groups_are_pure_and_as_many_as_asked_for():
    x, y, near = clumps((300, 200, 40, 3))
    groups = small_groups(x, near, 60)
    assert sorted(set(groups)) == list(range(60))
    assert all(len(set(y[groups == group])) == 1 for group in range(60))


def test_order_of_rows_does_not_matter():
    x, _, _ = clumps((50, 30, 20))
    order = np.random.default_rng(1).permutation(100)
    near = [neighbours.search(rows, {"k": 5, "exact_up_to": 10**6}, 0)[0] for rows in (x, x[order])]
    one, two = small_groups(x, near[0], 12), small_groups(np.ascontiguousarray(x[order]), near[1], 12)
    assert scores.adjusted_rand(one[order], two) == 1


def test_what_no_neighbour_joins_stays_apart():
    x = np.eye(3, dtype=np.float32)
    assert len(set(small_groups(x, np.full((3, 2), -1), 1))) == 3
    assert small_groups(x, np.array([[1, -1], [0, -1], [-1, -1]]), 1).tolist() == [0, 0, 1]
