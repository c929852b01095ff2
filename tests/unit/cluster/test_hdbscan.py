import numpy as np
from clusterdata import blobs

from camtrap.cluster import scores
from camtrap.cluster.methods.density import fit_hdbscan
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


def test_too_few_units_are_noise():
    fit = fit_hdbscan(np.eye(4, dtype=np.float32), NEAR, fill("hdbscan", {}), 0)
    assert fit.labels.tolist() == [-1] * 4
