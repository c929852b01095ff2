import numpy as np
import pytest
from clusterdata import blobs
from scipy.cluster import hierarchy
from sklearn.metrics import adjusted_rand_score, silhouette_score

from camtrap.cluster import scores, tree
from camtrap.cluster.scores import normalise


def test_average_linkage_is_scipys():
    x = normalise(np.random.default_rng(0).normal(size=(40, 5)))
    similarity = x @ x.T
    top = similarity.max()
    joins = tree.average_linkage(similarity.copy(), np.ones(40))
    theirs = hierarchy.linkage((top - similarity)[np.triu_indices(40, 1)], "average")
    np.testing.assert_allclose(joins[:, 2], theirs[:, 2], atol=1e-8)
    for k in (2, 5, 20):
        assert scores.adjusted_rand(tree.cut(joins, k, 40), hierarchy.fcluster(theirs, k, "maxclust")) == 1


def test_weights_are_copies():
    x = normalise(np.random.default_rng(1).normal(size=(9, 4)))
    weight = np.array([1, 3, 2, 1, 4, 1, 1, 2, 5.0])
    copies = np.repeat(x, weight.astype(int), axis=0)
    similarity = x @ x.T
    joins = tree.average_linkage(similarity.copy(), weight)
    apart = hierarchy.linkage(np.maximum(similarity.max() - copies @ copies.T, 0)[np.triu_indices(20, 1)], "average")
    np.testing.assert_allclose(joins[:, 2], apart[-8:, 2], atol=1e-8)


def test_silhouette_profile_is_scikit_learns():
    x, _ = blobs((30, 20, 10), spread=1.5)
    q = normalise(x).astype(np.float32)
    joins = tree.average_linkage((q @ q.T).astype(float), np.ones(60))
    profile = tree.silhouette_profile(q, joins, np.arange(60), 12, 60)
    for k in range(2, 13):
        assert profile[k] == pytest.approx(silhouette_score(q, tree.cut(joins, k, 60)), abs=1e-3)


def test_cuts_of_two_trees_are_compared_at_once():
    rng = np.random.default_rng(2)
    x = normalise(rng.normal(size=(30, 6)))
    leaf, weight = np.sort(rng.permutation(30)[:22]), rng.integers(1, 5, 22)
    one = tree.average_linkage(x @ x.T, np.ones(30))
    noisy = normalise(x[leaf] + 0.1 * rng.normal(size=(22, 6)))
    other = tree.average_linkage(noisy @ noisy.T, weight.astype(float))
    agree = tree.cuts_agree(one, other, leaf, weight, 30, 25)
    assert sorted(agree) == list(range(2, 23))
    for k, value in agree.items():
        copies = [np.repeat(labels, weight) for labels in (tree.cut(one, k, 30)[leaf], tree.cut(other, k, 22))]
        assert value == pytest.approx(adjusted_rand_score(*copies))
