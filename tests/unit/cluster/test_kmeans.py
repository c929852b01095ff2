import numpy as np
import pytest
from clusterdata import blobs, survey
from sklearn import metrics
from sklearn.cluster import KMeans

from camtrap.cluster import fits, reduce, scores
from camtrap.cluster.fit import fit_ks, fit_sweep
from camtrap.cluster.reduced import Reduced


@pytest.fixture
def reduced(tmp_path):
    x, y = blobs((60, 40, 30, 20), dims=16)
    files, crops = survey(tmp_path, x)
    reduce.reduce(files, crops, tmp_path / "r", {"dims": 8})
    return tmp_path / "r", y


def test_finds_separate_groups(reduced, tmp_path):
    folder, y = reduced
    fit_sweep("kmeans", folder, 4, tmp_path / "k.npz")
    assert scores.adjusted_rand(fits.read(tmp_path / "k.npz").labels, y) == 1


def test_scores_are_those_of_scikit_learn(reduced, tmp_path):
    folder, _ = reduced
    got = fit_sweep("kmeans", folder, 6, tmp_path / "k.npz")
    x, labels = Reduced(folder).units(), fits.read(tmp_path / "k.npz").labels
    assert got["silhouette"] == pytest.approx(metrics.silhouette_score(x, labels), abs=1e-4)
    assert got["davies_bouldin"] == pytest.approx(metrics.davies_bouldin_score(x, labels), rel=1e-4)
    assert got["calinski_harabasz"] == pytest.approx(metrics.calinski_harabasz_score(x, labels), rel=1e-4)
    centres = np.stack([x[labels == k].mean(0) for k in range(6)])
    assert got["inertia"] == pytest.approx(((x - centres[labels]) ** 2).sum(), rel=1e-4)
    np.testing.assert_allclose(scores.silhouette_samples(x, labels), metrics.silhouette_samples(x, labels), atol=1e-4)


def test_as_good_as_scikit_learn(reduced, tmp_path):
    folder, _ = reduced
    got = fit_sweep("kmeans", folder, 9, tmp_path / "k.npz")
    best = KMeans(9, n_init=10, random_state=0).fit(Reduced(folder).units()).inertia_
    assert got["inertia"] < 1.03 * best


def test_notebooks_call_gives_the_notebooks_labels(tmp_path):
    x, _ = blobs((30, 25, 20), dims=40, spread=1.5)
    files, crops = survey(tmp_path, x, shards=4)
    reduce.reduce(files, crops, tmp_path / "r", {"space": "raw", "unit": "crop"})
    fit_sweep("kmeans", tmp_path / "r", 11, tmp_path / "k.npz", {"implementation": "sklearn"}, seed=42)
    expected = KMeans(n_clusters=11, random_state=42).fit_predict(x)
    np.testing.assert_array_equal(fits.read(tmp_path / "k.npz").labels, expected)


def test_sampled_silhouette_is_near_the_whole(reduced):
    folder, y = reduced
    x = Reduced(folder).units()
    assert scores.silhouette(x, y, 60) == pytest.approx(metrics.silhouette_score(x, y), abs=0.03)


def test_k_is_capped_and_said(tmp_path):
    x, _ = blobs((3,), dims=4)
    files, crops = survey(tmp_path, x)
    reduce.reduce(files, crops, tmp_path / "r")
    got = fit_sweep("kmeans", tmp_path / "r", 8, tmp_path / "k.npz")
    assert got["k"] == 8
    assert got["k_found"] == 3
    assert got["silhouette"] is None


def test_stability_is_high_where_groups_are_real(reduced, tmp_path):
    folder, _ = reduced
    right = fit_sweep("kmeans", folder, 4, tmp_path / "a.npz")["stability"]
    wrong = fit_sweep("kmeans", folder, 12, tmp_path / "b.npz")["stability"]
    assert right > 0.95 > wrong


def test_adjusted_rand_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 4, 200), rng.integers(0, 3, 200)
    b[:120] = a[:120] % 3
    assert scores.adjusted_rand(a, b) == pytest.approx(metrics.adjusted_rand_score(a, b))
    weight = rng.integers(1, 5, 200)
    expected = metrics.adjusted_rand_score(np.repeat(a, weight), np.repeat(b, weight))
    assert scores.adjusted_rand(a, b, weight) == pytest.approx(expected)


def test_bic_prefers_the_true_k(reduced, tmp_path):
    folder, _ = reduced
    bic = {k: fit_sweep("kmeans", folder, k, tmp_path / "k.npz")["bic"] for k in (2, 3, 4)}
    assert min(bic, key=bic.get) == 4


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_a_whole_sweep_writes_what_its_fits_alone_write(reduced, tmp_path, method):
    folder, _ = reduced
    ks = [2, 3, 7, 12, 90, 900]
    alone = [tmp_path / f"alone_{k}.npz" for k in ks]
    metrics_alone = [
        fit_sweep(method, folder, k, file, {"stability_fits": 3}, seed=5) for k, file in zip(ks, alone, strict=True)
    ]
    for threads in (1, 4):
        files = [tmp_path / f"{threads}_{k}.npz" for k in ks]
        assert fit_ks(method, folder, ks, files, {"stability_fits": 3}, 5, threads) == metrics_alone
        assert [file.read_bytes() for file in files] == [file.read_bytes() for file in alone]
    assert [found["k"] for found in metrics_alone] == ks


@pytest.mark.parametrize(("method", "key"), [("kmeans", "restart_sample"), ("kmeans", "sample"), ("gmm", "sample")])
def test_a_sample_has_as_many_units_as_there_are_clusters(reduced, tmp_path, method, key):
    folder, _ = reduced
    metrics = fit_sweep(method, folder, 4, tmp_path / "k.npz", {key: 1})
    assert metrics["k_found"] > 1
