import numpy as np
import pytest
from clusterdata import blobs, fit_all, survey
from scipy.cluster import hierarchy
from sklearn.metrics import silhouette_score

from camtrap.cluster import average, primary, scores
from camtrap.cluster.reduce import normalise


def test_average_linkage_is_scipys():
    x = normalise(np.random.default_rng(0).normal(size=(40, 5)))
    similarity = x @ x.T
    top = similarity.max()
    tree = average.average_linkage(similarity.copy(), np.ones(40))
    theirs = hierarchy.linkage((top - similarity)[np.triu_indices(40, 1)], "average")
    np.testing.assert_allclose(tree[:, 2], theirs[:, 2], atol=1e-8)
    for k in (2, 5, 20):
        assert scores.adjusted_rand(average.cut(tree, k, 40), hierarchy.fcluster(theirs, k, "maxclust")) == 1


def test_weights_are_copies():
    x = normalise(np.random.default_rng(1).normal(size=(9, 4)))
    weight = np.array([1, 3, 2, 1, 4, 1, 1, 2, 5.0])
    copies = np.repeat(x, weight.astype(int), axis=0)
    similarity = x @ x.T
    tree = average.average_linkage(similarity.copy(), weight)
    apart = hierarchy.linkage(np.maximum(similarity.max() - copies @ copies.T, 0)[np.triu_indices(20, 1)], "average")
    np.testing.assert_allclose(tree[:, 2], apart[-8:, 2], atol=1e-8)


def test_group_similarity_is_the_mean_over_pairs():
    rng = np.random.default_rng(2)
    q = normalise(rng.normal(size=(30, 4)))
    evidence, groups = rng.integers(0, 3, (30, 5)), rng.integers(0, 6, 30)
    similarity, size = average.group_similarity(q, evidence, groups)
    pair = q @ q.T + (evidence[:, None] == evidence[None]).mean(2)
    for a in range(6):
        for b in range(6):
            assert similarity[a, b] == pytest.approx(pair[np.ix_(groups == a, groups == b)].mean())
    assert size.tolist() == np.bincount(groups).tolist()


def test_silhouette_profile_is_scikit_learns():
    x, _ = blobs((30, 20, 10), spread=1.5)
    q = normalise(x).astype(np.float32)
    tree = average.average_linkage((q @ q.T).astype(float), np.ones(60))
    profile = average.silhouette_profile(q, tree, np.arange(60), 12, 60)
    for k in range(2, 13):
        assert profile[k] == pytest.approx(silhouette_score(q, average.cut(tree, k, 60)), abs=1e-3)


def test_rare_kind_keeps_its_cluster(tmp_path):
    x, y = blobs((120, 60, 30, 5), dims=24)
    files, crops = survey(tmp_path, x)
    choice, table = fit_all(tmp_path, files, crops)
    assert choice["primary"] == "average"
    assert choice["k"] == 4
    assert scores.adjusted_rand(table["cluster"].to_numpy(), y) == 1
    assert "silhouette" in choice["reason"]


def test_small_branches_are_noise_and_borders_settle():
    q = np.array([[0, 0], [0, 1], [0, 5.2], [0, 6], [0, 7], [90, 90]], np.float32)
    # the third row begins in the first branch; its mean then lies at 2.07, the second's at 6.5
    assert average.settle(q, np.array([4, 4, 4, 0, 0, 2]), 2, 2).tolist() == [1, 1, 0, 0, 0, -1]
    assert average.settle(q, np.array([4, 4, 4, 0, 0, 2]), 2, 0).tolist() == [1, 1, 1, 0, 0, -1]


def test_noise_gets_the_nearest_cluster_as_suggestion():
    from camtrap.cluster.choose import _distances

    x = np.array([[0, 0], [0, 2], [10, 0], [10, 2], [7, 1]], np.float32)
    distance, suggestion = _distances(x, np.array([0, 0, 1, 1, -1], np.int32))
    assert suggestion.tolist() == [0, 0, 1, 1, 1]
    np.testing.assert_allclose(distance, [1, 1, 1, 1, 3])


@pytest.mark.parametrize("method", [m for m in primary.METHODS if m != "hdbscan"])
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_every_method_bears_tiny_surveys(tmp_path, method, n):
    x = np.random.default_rng(0).normal(size=(n, 8)).astype(np.float32)
    files, crops = survey(tmp_path, x)
    choice, table = fit_all(tmp_path, files, crops, methods=(method,))
    assert len(table) == n
    assert choice["reason"]
    assert (table.cluster >= -1).all()


def test_large_path_agrees_with_the_exact_one(tmp_path):
    x, y = blobs((120, 80, 40, 12), dims=24)
    files, crops = survey(tmp_path, x)
    params = {"average": {"exact_up_to": 100, "groups": 80}}
    choice, table = fit_all(tmp_path, files, crops, params=params)
    assert scores.adjusted_rand(table["cluster"].to_numpy(), y) > 0.97
    assert choice["switches"]["average"][0]["limit"] == 100


def test_unknown_method_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"cluster\.methods: 'dbscan'"):
        primary.fit_primary("dbscan", tmp_path, tmp_path, tmp_path)
