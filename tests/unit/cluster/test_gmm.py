import numpy as np
import pytest
from clusterdata import blobs, survey
from sklearn.mixture import GaussianMixture

from camtrap.cluster import fits, gmm, reduce
from camtrap.cluster.fit import fit_sweep

SETTINGS = {"iterations": 200, "tolerance": 1e-6, "regularisation": 1e-6}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [80, 60, 40])
    x = (
        rng.normal(size=(180, 4)) * np.array([[1, 0.5, 2, 1], [0.3, 1, 1, 2], [1, 1, 0.4, 0.6]])[y]
        + 3 * rng.normal(size=(3, 4))[y]
    )
    return x, y


@pytest.mark.parametrize("covariance", gmm.COVARIANCES)
def test_equals_scikit_learn_from_the_same_start(data, covariance):
    x, y = data
    ours = gmm.fit(x, y, 3, {**SETTINGS, "covariance": covariance})
    means = np.stack([x[y == k].mean(0) for k in range(3)])
    theirs = GaussianMixture(
        3, covariance_type=covariance, means_init=means, tol=1e-8, max_iter=2_000, reg_covar=1e-6, random_state=0
    ).fit(x)
    labels, probability, loglik, _ = ours.predict(x)
    assert loglik / len(x) == pytest.approx(theirs.score(x), abs=2e-3)
    assert (labels == theirs.predict(x)).mean() > 0.98
    np.testing.assert_allclose(probability, theirs.predict_proba(x).max(1), atol=0.05)
    assert ours.n_parameters == theirs._n_parameters()


@pytest.mark.parametrize("covariance", gmm.COVARIANCES)
def test_density_is_that_of_scipy(data, covariance):
    from scipy.stats import multivariate_normal

    x, y = data
    model = gmm.fit(x, y, 3, {**SETTINGS, "covariance": covariance, "iterations": 1})
    joint = model.log_joint(x[:5])
    for k in range(3):
        f = model.factor if covariance == "tied" else model.factor[k]
        precision = f @ f.T if np.ndim(f) == 2 else np.diag(np.broadcast_to(f**2, 4))
        density = multivariate_normal(model.means[k], np.linalg.inv(precision)).logpdf(x[:5])
        np.testing.assert_allclose(joint[:, k], density + np.log(model.weights[k]), rtol=1e-6)


def test_sweep_scores(tmp_path):
    x, _ = blobs((60, 40, 30), dims=6)
    files, crops = survey(tmp_path, x)
    reduce.reduce(files, crops, tmp_path / "r", {"space": "raw", "unit": "crop"})
    rows = {k: fit_sweep("gmm", tmp_path / "r", k, tmp_path / f"{k}.npz") for k in (2, 3, 4, 6)}
    assert min(rows, key=lambda k: rows[k]["bic"]) == 3
    assert all(row["icl"] >= row["bic"] for row in rows.values())
    fit = fits.read(tmp_path / "3.npz")
    assert fit.probability.shape == (130,)
    assert ((fit.probability > 1 / 3) & (fit.probability <= 1)).all()


def test_notebooks_mixture_is_scikit_learns(tmp_path):
    x, _ = blobs((30, 25, 20), dims=6, spread=1.0)
    files, crops = survey(tmp_path, x)
    reduce.reduce(files, crops, tmp_path / "r", {"space": "raw", "unit": "crop"})
    got = fit_sweep(
        "gmm", tmp_path / "r", 3, tmp_path / "g.npz", {"implementation": "sklearn", "covariance": "full"}, seed=42
    )
    theirs = GaussianMixture(3, random_state=42).fit(x)
    np.testing.assert_array_equal(fits.read(tmp_path / "g.npz").labels, theirs.predict(x))
    assert got["bic"] == pytest.approx(theirs.bic(x))


def test_rest_is_assigned_beyond_the_sample(tmp_path):
    x, y = blobs((100, 80, 60), dims=16)
    files, crops = survey(tmp_path, x)
    reduce.reduce(files, crops, tmp_path / "r", {"dims": 6})
    fit_sweep("gmm", tmp_path / "r", 3, tmp_path / "g.npz", {"sample": 60})
    fit = fits.read(tmp_path / "g.npz")
    assert len({(int(a), int(b)) for a, b in zip(fit.labels, y, strict=True)}) == 3
    assert fit.metrics["switches"][0]["limit"] == 60


def test_unknown_covariance_is_refused(data):
    with pytest.raises(ValueError, match=r"cluster\.gmm\.covariance"):
        gmm.fit(*data, 3, {**SETTINGS, "covariance": "round"})


def test_stability_is_high_where_groups_are_real(tmp_path):
    x, _ = blobs((60, 40, 30, 20), dims=16)
    files, crops = survey(tmp_path, x)
    reduce.reduce(files, crops, tmp_path / "r", {"dims": 8})
    stable = {
        k: fit_sweep("gmm", tmp_path / "r", k, tmp_path / "g.npz", {"stability_fits": 2})["stability"] for k in (4, 12)
    }
    assert stable[4] > 0.95 > stable[12]
    assert fit_sweep("gmm", tmp_path / "r", 4, tmp_path / "g.npz")["stability"] is None
