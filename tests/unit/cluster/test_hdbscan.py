import numpy as np
from clusterdata import blobs

from camtrap.cluster import scores
from camtrap.cluster.methods.density import extend, fit_hdbscan
from camtrap.cluster.settings import fill

NEAR = (np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32))


def test_finds_groups_and_assigns_beyond_the_sample():
    x, y = blobs((60, 50, 40), dims=12)
    settings = {**fill("hdbscan", {}), "components": 3, "sample": 100}
    fit = fit_hdbscan(x, NEAR, settings, 0)
    kept = fit.labels >= 0
    assert kept.mean() > 0.8
    assert scores.adjusted_rand(fit.labels[kept], y[kept]) > 0.95
    assert fit.metrics["switches"][0]["limit"] == 100


def test_more_samples_than_units_are_as_many_as_there_are():
    few = {**fill("hdbscan", {}), "components": 2, "min_units": 3}
    fit = fit_hdbscan(blobs((9, 9), dims=6)[0], NEAR, few | {"min_samples": 1000}, 0)
    assert (
        fit.labels.tolist() == fit_hdbscan(blobs((9, 9), dims=6)[0], NEAR, few | {"min_samples": 18}, 0).labels.tolist()
    )


def test_too_few_units_are_noise():
    fit = fit_hdbscan(np.eye(4, dtype=np.float32), NEAR, fill("hdbscan", {}), 0)
    assert fit.labels.tolist() == [-1] * 4


def test_a_unit_beyond_the_sample_follows_its_nearest_or_is_noise():
    degrees = np.radians([0, 4, 8, 60, 62, 120], dtype=np.float64)
    sample = np.stack([np.cos(degrees), np.sin(degrees)], 1).astype(np.float32)
    labels, probability = np.array([0, 0, 0, 1, 1, -1]), np.array([0.9, 1.0, 0.8, 1.0, 0.7, 0.0])
    asked = np.radians([5, 11, 13, 63, 65, 119, 90])  # the reach is 4 degrees in the first cluster, 2 in the second
    x = 3 * np.stack([np.cos(asked), np.sin(asked)], 1).astype(np.float32)
    found, sure = extend(x, sample, labels, probability)
    assert found.tolist() == [0, 0, -1, 1, -1, -1, -1]
    np.testing.assert_allclose(sure, [1.0, 0.8, 0, 0.7, 0, 0, 0], atol=1e-6)


def test_what_is_like_nothing_in_the_sample_is_noise():
    x, _ = blobs((60, 50, 40), dims=12)
    outside = np.setdiff1d(np.arange(150), (np.arange(100) * 150) // 100)
    strangers, others = outside[:3], outside[3:]
    x[strangers] = -x.mean(0)
    fit = fit_hdbscan(x, NEAR, {**fill("hdbscan", {}), "components": 3, "sample": 100}, 0)
    assert (fit.labels[strangers] == -1).all()
    assert (fit.probability[strangers] == 0).all()
    assert (fit.labels[others] >= 0).mean() > 0.8
