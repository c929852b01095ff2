import numpy as np
from clusterdata import blobs
from scipy.cluster import hierarchy

from camtrap.cluster import scores
from camtrap.cluster.methods import ward
from camtrap.cluster.settings import fill


def test_unweighted_tree_is_scipys():
    x = np.random.default_rng(0).normal(size=(25, 3))
    ours, theirs = ward.linkage(x, np.ones(25)), hierarchy.linkage(x, "ward")
    np.testing.assert_allclose(ours[:, 2], theirs[:, 2], rtol=1e-8)
    np.testing.assert_array_equal(ours[:, :2], np.sort(theirs[:, :2], axis=1))


def test_weights_are_copies():
    x = np.random.default_rng(1).normal(size=(8, 3))
    weight = np.array([1, 4, 2, 1, 3, 1, 2, 5])
    whole = hierarchy.linkage(np.repeat(x, weight, axis=0), "ward")
    np.testing.assert_allclose(ward.linkage(x, weight)[:, 2], whole[-7:, 2], rtol=1e-6)


def test_cut_is_scipys():
    x = np.random.default_rng(2).normal(size=(30, 3))
    tree = hierarchy.linkage(x, "average")
    for k in (1, 2, 7, 30):
        expected = hierarchy.fcluster(tree, k, "maxclust")
        labels = ward.cut(tree, k, 30)
        assert scores.adjusted_rand(labels, expected) == 1
        assert len(set(labels)) == k


def test_fit_finds_the_groups():
    x, y = blobs((30, 20, 10))
    fit = ward.fit_ward(x, (np.zeros((60, 0)), np.zeros((60, 0))), fill("ward", {}), 0)
    assert scores.adjusted_rand(fit.labels, y) == 1
