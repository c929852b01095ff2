import numpy as np
from clusterdata import blobs

from camtrap.cluster import neighbours, scores
from camtrap.cluster.leaves import small_groups
from camtrap.cluster.scores import normalise

SEARCH = {"k": 5, "exact_up_to": 10**6}


def clumps(sizes, seed=0):
    """Rows of length 1, their clump, their five nearest."""
    x, y = blobs(sizes, spread=0.5, dims=24, seed=seed)
    x = normalise(x).astype(np.float32)
    return x, y, neighbours.search(x, SEARCH, 0)[0]


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
    near = [neighbours.search(rows, SEARCH, 0)[0] for rows in (x, x[order])]
    one, two = small_groups(x, near[0], 12), small_groups(np.ascontiguousarray(x[order]), near[1], 12)
    assert scores.adjusted_rand(one[order], two) == 1


def test_groups_are_joined_further_where_neighbours_end():
    x, y, _ = clumps((20, 20, 3))
    pairs = np.arange(43) ^ 1  # each row knows one other, so that neighbours alone leave 22 groups
    near = np.where(pairs < 43, pairs, -1)[:, None]
    assert len(set(small_groups(x, near, 5))) == 5
    assert scores.adjusted_rand(small_groups(x, neighbours.search(x, SEARCH, 0)[0][:, :1], 3), y) == 1
    assert len(set(small_groups(x, np.full((43, 2), -1), 1))) == 1


def test_copies_of_a_picture_are_one_group():
    """A stone, or a black frame: hundreds of units that are each other's nearest."""
    x, y, _ = clumps((60, 40, 5))
    rng = np.random.default_rng(2)
    stone = normalise(rng.normal(size=(1, 24)) + 1e-3 * rng.normal(size=(400, 24))).astype(np.float32)
    x, y = np.concatenate([x, stone]), np.concatenate([y, np.full(400, 3)])
    near = neighbours.search(x, SEARCH, 0)[0]
    groups = small_groups(x, near, 20)
    assert len(set(groups[y == 3])) == 1
    assert all(len(set(y[groups == group])) == 1 for group in range(20))
