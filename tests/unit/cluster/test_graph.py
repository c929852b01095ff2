import numpy as np
import pytest
from clusterdata import blobs

from camtrap.cluster import neighbours, scores
from camtrap.cluster.methods.graph import fit_leiden, knn_graph, leiden
from camtrap.cluster.scores import normalise
from camtrap.cluster.settings import fill

NEAR = {"k": 5, "exact_up_to": 10_000, "probes": 8}


def brute(x, k):
    similarity = x @ x.T
    np.fill_diagonal(similarity, -np.inf)
    return np.argsort(-similarity, axis=1, kind="stable")[:, :k]


def test_neighbours_are_those_of_brute_force():
    x = normalise(blobs(spread=1.5)[0]).astype(np.float32)
    index, similarity, recall = neighbours.search(x, NEAR, 0)
    np.testing.assert_array_equal(index, brute(x, 5))
    np.testing.assert_allclose(similarity, np.take_along_axis(x @ x.T, index, 1), atol=1e-6)
    assert recall is None


def test_copies_are_not_their_own_neighbours():
    x = np.tile(np.array([[1, 0]], np.float32), (9, 1))
    index, _, _ = neighbours.search(x, {**NEAR, "k": 3}, 0)
    assert (index != np.arange(9)[:, None]).all()


def test_inverted_file_reports_its_recall():
    x = normalise(blobs((900, 700, 400), spread=0.8)[0]).astype(np.float32)
    index, _, recall = neighbours.search(x, {**NEAR, "exact_up_to": 100, "probes": 24}, 0)
    true = brute(x, 5)
    measured = np.mean([len(set(a) & set(b)) / 5 for a, b in zip(index, true, strict=True)])
    assert abs(recall - measured) < 0.02
    assert measured > 0.95


@pytest.mark.parametrize("n", [2, 6, 15])
def test_few_units_beyond_the_limit_of_the_exact_search(n):
    """There were more cells than units."""
    x = normalise(blobs((n,))[0]).astype(np.float32)
    index, _, _ = neighbours.search(x, {**NEAR, "exact_up_to": 0, "probes": 24}, 0)
    assert index.tolist() == brute(x, min(5, n - 1)).tolist()


def test_mutual_pairs_count_twice():
    index = np.array([[1], [0], [1]], np.int32)
    graph = knn_graph(index, np.array([[0.8], [0.8], [0.4]], np.float32)).toarray()
    np.testing.assert_allclose(graph, [[0, 0.8, 0], [0.8, 0, 0.2], [0, 0.2, 0]], atol=1e-6)


def test_leiden_finds_the_cliques():
    import scipy.sparse

    dense = np.kron(np.eye(3), np.ones((5, 5))) - np.eye(15)
    dense[0, 5] = dense[5, 0] = 1
    labels = leiden(scipy.sparse.csr_matrix(dense), 1.0, 0)
    assert labels.tolist() == [0] * 5 + [1] * 5 + [2] * 5 or len(set(labels)) == 3
    assert all(len(set(labels[i : i + 5])) == 1 for i in (0, 5, 10))


def test_isolated_nodes_stand_alone():
    import scipy.sparse

    dense = np.zeros((4, 4))
    dense[0, 1] = dense[1, 0] = 1
    labels = leiden(scipy.sparse.csr_matrix(dense), 1.0, 0)
    assert labels[0] == labels[1]
    assert len(set(labels)) == 3


def test_fit_recovers_groups_and_reports_resolutions():
    x, y = blobs((60, 40, 25))
    x = normalise(x).astype(np.float32)
    near = neighbours.search(x, {**NEAR, "k": 15}, 0)[:2]
    fit = fit_leiden(x, near, fill("leiden", {}), 0)
    assert scores.adjusted_rand(fit.layers["0.25"], y) == 1
    assert [row["resolution"] for row in fit.metrics["resolutions"]] == fill("leiden", {})["resolutions"]


def test_communities_of_too_few_units_are_noise():
    index = np.array([[1], [0], [3], [2], [-1]], np.int32)
    near = index, np.where(index >= 0, 1, 0).astype(np.float32)
    x = np.eye(5, dtype=np.float32)
    labels = {least: fit_leiden(x, near, {**fill("leiden", {}), "min_units": least}, 0).labels for least in (1, 2, 3)}
    assert len(set(labels[1].tolist())) == 3
    assert labels[2].tolist() == [0, 0, 1, 1, -1]
    assert labels[3].tolist() == labels[1].tolist()  # all of them too small: all stand
