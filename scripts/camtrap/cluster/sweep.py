"""The two sweeps over k: K-Means and a Gaussian mixture of the units, and how stable either is."""

from collections.abc import Callable

import numpy as np

from camtrap.cluster import gmm, scores
from camtrap.cluster import kmeans as km
from camtrap.cluster.fits import Fit
from camtrap.cluster.settings import fill


def fit_kmeans(x: np.ndarray, k: int, params: dict, seed: int) -> Fit:
    """Fit K-Means with k clusters.

    Parameters
    ----------
    x : float32 array of shape (n, d)
        The units.
    k : int
        At most n.
    params : dict
        Section ``kmeans`` of the settings, complete.
    seed : int

    Returns
    -------
    Fit
        With bic and stability; either is None where it is not defined.
    """
    labels, centres = km.kmeans(x, k, params, seed)
    found = scores.centre_scores(x, labels)

    def again(half: np.ndarray, rows: np.ndarray, other: int) -> np.ndarray:
        few = {**params, "implementation": "faiss", "restarts": 2}
        return km.assign(rows, km.kmeans(half, k, few, other)[1])

    metrics = {
        **found,
        "bic": km.bic(float(found["inertia"] or 0), np.bincount(labels), x.shape[1]) if len(x) > k else None,
        "stability": stability(x, k, params, seed, again),
        "switches": _switches(x, params, {"sample": "K-Means fitted on a sample, the rest assigned"}),
    }
    return Fit("kmeans", labels, centres, metrics)


def fit_gmm(x: np.ndarray, k: int, params: dict, seed: int) -> Fit:
    """Fit a Gaussian mixture of k components, with probabilities.

    As :func:`fit_kmeans`; section ``gmm``. BIC, AIC and ICL (Biernacki et al. 2000: BIC plus twice the entropy of the labels) are
    those of the rows that were fitted, lower is better.
    """
    if params["implementation"] == "sklearn" and len(x) > 1:
        labels, probability, centres, metrics = _sklearn_gmm(x, k, params, seed)
    else:
        few = x[km.every(len(x), max(2 * k, params["sample"]))]
        model = _mixture(few, k, params, seed)
        labels, probability, _, _ = model.predict(x)
        _, _, loglik, entropy = model.predict(few)
        centres = model.means
        bic = -2 * loglik + model.n_parameters * np.log(len(few))
        metrics = {
            "bic": bic,
            "aic": -2 * loglik + 2 * model.n_parameters,
            "icl": bic + 2 * entropy,
            "converged": model.converged,
        }

    def again(half: np.ndarray, rows: np.ndarray, other: int) -> np.ndarray:
        return _mixture(half, k, {**params, "restarts": 2}, other).predict(rows)[0]

    metrics["stability"] = stability(x, k, params, seed, again)
    metrics["switches"] = _switches(x, params, {"sample": "Gaussian mixture fitted on a sample, the rest assigned"})
    return Fit("gmm", labels, centres, metrics, probability)


def _mixture(x: np.ndarray, k: int, params: dict, seed: int) -> gmm.Mixture:
    """Return our own mixture, started from K-Means."""
    settings = {**fill("kmeans", {}), "restarts": params["restarts"], "restart_sample": params["sample"]}
    return gmm.fit(x, km.kmeans(x, k, settings, seed)[0], k, params)


def _sklearn_gmm(x: np.ndarray, k: int, params: dict, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict]:
    """scikit-learn's mixture on float64, as the notebooks have it; where a component has too few crops for a covariance, it is
    fitted again with a hundred times the regularisation (``regularisation`` in the metrics says which did it)."""
    from sklearn.mixture import GaussianMixture

    x = x.astype(np.float64)
    for regularisation in (1e-6, 1e-4, 1e-2, 1.0):
        try:
            model = GaussianMixture(
                k, covariance_type=params["covariance"], random_state=seed, reg_covar=regularisation
            ).fit(x)
            break
        except ValueError:
            if regularisation == 1.0:
                raise
    posterior = model.predict_proba(x)
    entropy = float(-(posterior * np.log(np.maximum(posterior, 1e-300))).sum())
    bic = float(model.bic(x))
    extra = {"bic": bic, "aic": float(model.aic(x)), "icl": bic + 2 * entropy, "converged": bool(model.converged_)}
    extra["regularisation"] = regularisation
    return posterior.argmax(1).astype(np.int32), posterior.max(1), model.means_, extra


def _switches(x: np.ndarray, params: dict, what: dict[str, str]) -> list[dict]:
    what = {**what, "silhouette_sample": "silhouette of a stratified sample"}
    return [
        {
            "what": text,
            "size": len(x),
            "limit": params[key],
            "reason": "its cost grows with the square, or a fit gains no more",
        }
        for key, text in what.items()
        if len(x) > params[key] and params["implementation"] != "sklearn"
    ]


def stability(
    x: np.ndarray,
    k: int,
    params: dict,
    seed: int,
    again: Callable[[np.ndarray, np.ndarray, int], np.ndarray],
) -> float | None:
    """Return the mean adjusted Rand index between fits on random halves of the units, both assigned to all of a sample.

    Units are bursts, so that the crops of one burst never stand on both sides. (Ben-Hur et al. 2002; von Luxburg 2010.)

    Parameters
    ----------
    params : dict
        ``stability_fits`` (below 2 there is nothing to compare: None) and ``stability_sample``.
    again : callable
        Fits its first rows with the seed given and returns labels, int (n,), of its second rows.
    """
    fits = params["stability_fits"]
    x = x[km.every(len(x), params["stability_sample"])]
    half = len(x) // 2
    if fits < 2 or k < 2 or half <= k:
        return None
    rng = np.random.default_rng([seed, k])
    labels = []
    for i in range(fits):
        rows = np.sort(rng.permutation(len(x))[:half])
        labels.append(again(x[rows], x, seed + i))
    pairs = [(i, j) for i in range(fits) for j in range(i)]
    return float(np.mean([scores.adjusted_rand(labels[i], labels[j]) for i, j in pairs]))
