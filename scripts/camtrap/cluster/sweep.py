"""One k of the sweep: K-Means or a Gaussian mixture on the units, with its scores."""

from pathlib import Path

import numpy as np

from camtrap.cluster import gmm, scores
from camtrap.cluster import kmeans as km
from camtrap.cluster.fits import Fit, load_units, write
from camtrap.cluster.settings import fill


def fit_kmeans(reduced_dir: str | Path, k: int, out: str | Path, params: dict | None = None, seed: int = 0) -> dict:
    """Fit K-Means with k clusters (fewer where there are fewer units) and write its `Fit`.

    Parameters
    ----------
    reduced_dir : path
        Of `camtrap.cluster.reduce.reduce`.
    k : int
    out : path
        ``.npz``.
    params : dict
        Section ``kmeans`` of the settings.
    seed : int

    Returns
    -------
    dict
        The metrics: k, inertia, silhouette, davies_bouldin, calinski_harabasz, simplified_silhouette, bic, stability, switches.
        A score that is not defined is None.
    """
    params = fill("kmeans", params)
    x = load_units(reduced_dir)
    if not len(x):
        return _empty("spherical" if params["spherical"] else "kmeans", k, x, out)
    used = min(k, len(np.unique(x, axis=0)) if len(x) <= 1_000 else len(x))
    labels, centres = km.kmeans(x, used, params, seed)
    metrics = _metrics(x, labels, k, params)
    metrics["bic"] = km.bic(metrics["inertia"], np.bincount(labels), x.shape[1]) if len(x) > used else None
    metrics["icl"] = metrics["aic"] = None
    metrics["stability"] = stability(x, used, params, seed)
    switches = _switches(x, params, {"sample": "K-Means fitted on a sample, the rest assigned"})
    write(out, Fit("kmeans", labels, centres, {**metrics, "switches": switches}))
    return metrics


def fit_gmm(reduced_dir: str | Path, k: int, out: str | Path, params: dict | None = None, seed: int = 0) -> dict:
    """Fit a Gaussian mixture of k components and write its `Fit`, with probabilities.

    As :func:`fit_kmeans`; section ``gmm``. BIC, AIC and ICL (Biernacki et al. 2000: BIC plus twice the entropy of the labels) are
    those of the rows that were fitted, lower is better.
    """
    params = fill("gmm", params)
    x = load_units(reduced_dir)
    if not len(x):
        return _empty("gmm", k, x, out)
    used = min(k, len(np.unique(x, axis=0)) if len(x) <= 1_000 else len(x))
    if params["implementation"] == "sklearn" and len(x) > 1:
        labels, probability, centres, extra = _sklearn_gmm(x, used, params, seed)
    else:
        few = x[km.every(len(x), params["sample"])]
        settings = {**fill("kmeans", {}), "restarts": params["restarts"], "restart_sample": params["sample"]}
        start, _ = km.kmeans(few, used, settings, seed)
        model = gmm.fit(few, start, used, params)
        labels, probability, _, _ = model.predict(x)
        _, _, loglik, entropy = model.predict(few)
        centres = model.means
        bic = -2 * loglik + model.n_parameters * np.log(len(few))
        extra = {
            "bic": bic,
            "aic": -2 * loglik + 2 * model.n_parameters,
            "icl": bic + 2 * entropy,
            "converged": model.converged,
        }
    metrics = {**_metrics(x, labels, k, params), **extra, "stability": None}
    switches = _switches(x, params, {"sample": "Gaussian mixture fitted on a sample, the rest assigned"})
    write(out, Fit("gmm", labels, centres, {**metrics, "switches": switches}, probability))
    return metrics


def _sklearn_gmm(x, k, params, seed):
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


def _metrics(x, labels, k, params):
    return {
        "k": int(k),
        "k_found": len(np.unique(labels)),
        "silhouette": scores.silhouette(x, labels, params["silhouette_sample"]),
        **scores.centre_scores(x, labels),
    }


def _empty(method, k, x, out):
    metrics = {
        "k": int(k),
        "k_found": 0,
        "silhouette": None,
        "bic": None,
        "icl": None,
        "stability": None,
        "inertia": None,
    }
    write(out, Fit(method, np.zeros(0, np.int32), np.zeros((0, x.shape[1]), np.float32), {**metrics, "switches": []}))
    return metrics


def _switches(x, params, what):
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


def stability(x: np.ndarray, k: int, params: dict, seed: int) -> float | None:
    """Return the mean adjusted Rand index between fits on random halves of the units, both assigned to all of a sample.

    Units are bursts, so that the crops of one burst never stand on both sides. (Ben-Hur et al. 2002; von Luxburg 2010.)
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
        _, centres = km.kmeans(x[rows], k, {**params, "implementation": "faiss", "restarts": 2}, seed + i)
        labels.append(km.assign(x, centres))
    pairs = [(i, j) for i in range(fits) for j in range(i)]
    return float(np.mean([scores.adjusted_rand(labels[i], labels[j]) for i, j in pairs]))
