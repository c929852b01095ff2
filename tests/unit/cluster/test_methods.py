import numpy as np
import pytest
import scipy.sparse
from clusterdata import blobs, fit_all, survey
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from camtrap.cluster import fit, scores
from camtrap.cluster.methods import average, registry
from camtrap.cluster.scores import normalise


def test_group_similarity_is_the_mean_over_pairs():
    rng = np.random.default_rng(2)
    q = normalise(rng.normal(size=(30, 4)))
    evidence, groups = rng.integers(0, 3, (30, 5)), rng.integers(0, 6, 30)
    similarity, size = average.group_similarity(q, evidence, groups, 0.3)
    pair = q @ q.T + 0.3 * (evidence[:, None] == evidence[None]).mean(2)
    for a in range(6):
        for b in range(6):
            assert similarity[a, b] == pytest.approx(pair[np.ix_(groups == a, groups == b)].mean())
    assert size.tolist() == np.bincount(groups).tolist()


def test_rare_kind_keeps_its_cluster(tmp_path):
    x, y = blobs((120, 60, 30, 5), dims=24)
    files, crops = survey(tmp_path, x)
    choice, table = fit_all(tmp_path, files, crops)
    assert choice["primary"] == "average"
    assert choice["k"] == 4
    assert scores.adjusted_rand(table["cluster"].to_numpy(), y) == 1
    assert "silhouette" in choice["reason"]


def test_borders_settle_as_scikit_learns_discriminant():
    x, y = blobs((40, 40, 40), spread=6.0, dims=5)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.4).fit(x, y).predict(x)
    assert (theirs != y).any()
    ours = average.settle(x.astype(np.float32), y, 2, 0.4)
    assert scores.adjusted_rand(ours, theirs) == 1
    assert average.settle(x.astype(np.float32), y, 2, 0.0).tolist() == y.tolist()


def test_a_rare_branch_keeps_its_border():
    """Half-way between the means, whatever their sizes: 2.2 is nearer to 4 than to 0.02."""
    x = np.array([-1.0] * 45 + [1.0] * 45 + [2.2] + [3.0] * 5 + [5.0] * 5, np.float32)[:, None]
    labels = np.array([0] * 91 + [1] * 10)
    assert average.settle(x, labels, 2, 0.5).tolist() == [0] * 90 + [1] * 11


def test_smoothing_is_the_weighted_mean_with_the_neighbours():
    x = np.array([[1, 0], [0, 1], [0.6, 0.8], [0, -1]], np.float32)
    graph = scipy.sparse.csr_matrix(np.array([[0, 1, 3, 0], [1, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0]], float))
    first = 0.5 * x[0] + (x[1] + 3 * x[2]) / 4
    smooth = average.smooth(x, graph, 0.5)
    np.testing.assert_allclose(smooth[0], first / np.linalg.norm(first), atol=1e-5)
    np.testing.assert_array_equal(average.smooth(x, graph, 0)[3], x[3])


@pytest.mark.parametrize("n", [2, 3, 10, 200])
def test_copies_are_one_cluster(tmp_path, n):
    files, crops = survey(tmp_path, np.tile(np.arange(1, 9, dtype=np.float32), (n, 1)))
    choice, table = fit_all(tmp_path, files, crops, ks=(2,))
    assert set(table["cluster"]) == {0}
    assert "one cluster" in choice["reason"]


def test_rare_kind_among_groups_and_copies(tmp_path):
    """Above exact_up_to the leaves are groups; copies of one picture do not use them up."""
    x, y = blobs((300, 150, 60, 6), dims=24)
    copies = np.tile(np.random.default_rng(7).normal(size=24).astype(np.float32), (400, 1))
    x, y = np.concatenate([x, copies]), np.concatenate([y, np.full(400, 4)])
    files, crops = survey(tmp_path, x)
    params = {"average": {"exact_up_to": 200, "groups": 60}}
    choice, table = fit_all(tmp_path, files, crops, params=params)
    assert "60 small groups" in choice["switches"]["average"][0]["reason"]
    assert scores.adjusted_rand(table["cluster"].to_numpy(), y) == 1


def test_small_branches_are_noise():
    x = np.array([[0, 0], [0, 1], [0, 2], [0, 6], [0, 7], [90, 90]], np.float32)
    assert average.settle(x, np.array([4, 4, 4, 0, 0, 2]), 2, 0.5).tolist() == [1, 1, 1, 0, 0, -1]
    assert average.settle(x, np.arange(6), 2, 0.5).tolist() == list(range(6))  # all of them small: all stand


def test_of_cuts_as_good_the_finest_is_taken(tmp_path):
    x, _ = blobs((40, 40, 40), dims=24)
    files, crops = survey(tmp_path, x)
    choice, _ = fit_all(tmp_path, files, crops, params={"average": {"tolerance": 1.0}})
    cuts = choice["methods"]["average"]
    assert cuts["cut"] == max(row["k"] for row in cuts["cuts"] if row["score"] >= 0)
    assert "finest" in choice["reason"]


@pytest.mark.parametrize(("tolerance", "cuts"), [(0.01, "from 3 to 4"), (0.2, "from 2 to 9")])
def test_the_reason_says_which_cuts_come_within_the_tolerance(tolerance, cuts):
    scores = {2: 0.41, 3: 0.5, 4: 0.496, 9: 0.42, 12: 0.1}
    rows = [{"k": k, "score": score, "silhouette": score, "stability": 1.0} for k, score in scores.items()]
    reason = average._reason(rows[1], rows, 0, tolerance)
    assert f"within {100 * tolerance:g} % of the highest lie cuts {cuts}" in reason


def test_noise_gets_the_nearest_cluster_as_suggestion():
    from camtrap.cluster.choose import _distances

    x = np.array([[0, 0], [0, 2], [10, 0], [10, 2], [7, 1]], np.float32)
    distance, suggestion = _distances(x, np.array([0, 0, 1, 1, -1], np.int32))
    assert suggestion.tolist() == [0, 0, 1, 1, 1]
    np.testing.assert_allclose(distance, [1, 1, 1, 1, 3])


@pytest.mark.parametrize("method", [m for m in registry.METHODS if m != "hdbscan"])
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
        fit.fit_method("dbscan", tmp_path, tmp_path, tmp_path)
