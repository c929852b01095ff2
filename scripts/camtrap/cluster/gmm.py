"""Gaussian mixtures: expectation-maximisation on arrays, started from K-Means; scikit-learn's for the notebooks' call.

Own code because a sweep's mixtures are many: scikit-learn's tied form multiplies all rows by the covariance's factor once a
component, and its start costs more than the fit. `tests/unit/test_gmm.py` holds the two together.
"""

from dataclasses import dataclass

import numpy as np

COVARIANCES = ("full", "tied", "diag", "spherical")


@dataclass
class Mixture:
    """A fitted mixture: weights (k,), means (k, d), factor (a Cholesky-like factor of the precision), all float64."""

    covariance: str
    weights: np.ndarray
    means: np.ndarray
    factor: np.ndarray
    converged: bool = False

    @property
    def n_parameters(self) -> int:
        """Free parameters (those of scikit-learn's BIC)."""
        k, d = self.means.shape
        shape = {"full": k * d * (d + 1) // 2, "tied": d * (d + 1) // 2, "diag": k * d, "spherical": k}
        return shape[self.covariance] + k * d + k - 1

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """Return log p(component, row), float64 (n, k)."""
        x = np.asarray(x, np.float64)
        n, d = x.shape
        if self.covariance == "full":
            square = np.empty((n, len(self.means)))
            for j, (mean, factor) in enumerate(zip(self.means, self.factor, strict=True)):
                square[:, j] = (((x - mean) @ factor) ** 2).sum(1)
            logdet = np.log(np.abs(np.diagonal(self.factor, axis1=1, axis2=2))).sum(1)
        elif self.covariance == "tied":
            y, m = x @ self.factor, self.means @ self.factor
            square = _squares(y, m)
            logdet = np.log(np.abs(np.diagonal(self.factor))).sum()
        elif self.covariance == "diag":
            p = self.factor**2
            square = (x**2) @ p.T - 2 * (x @ (self.means * p).T) + (self.means**2 * p).sum(1)
            logdet = np.log(self.factor).sum(1)
        else:
            square = _squares(x, self.means) * self.factor**2
            logdet = d * np.log(self.factor)
        with np.errstate(divide="ignore"):
            return -0.5 * (d * np.log(2 * np.pi) + np.maximum(square, 0)) + logdet + np.log(self.weights)

    def predict(self, x: np.ndarray, block: int = 65_536) -> tuple[np.ndarray, np.ndarray, float, float]:
        """Return labels int32 (n,), their probability float32 (n,), the log-likelihood, and the entropy of the labels."""
        labels, probability = np.zeros(len(x), np.int32), np.zeros(len(x), np.float32)
        total = entropy = 0.0
        for start in range(0, len(x), block):
            joint = self.log_joint(x[start : start + block])
            norm = _logsumexp(joint)
            posterior = np.exp(joint - norm[:, None])
            part = slice(start, start + block)
            labels[part] = posterior.argmax(1)
            probability[part] = posterior.max(1)
            total += float(norm.sum())
            entropy -= float((posterior * np.log(np.maximum(posterior, 1e-300))).sum())
        return labels, probability, total, entropy


def _squares(y: np.ndarray, m: np.ndarray) -> np.ndarray:
    return (y**2).sum(1)[:, None] - 2 * (y @ m.T) + (m**2).sum(1)


def _logsumexp(a: np.ndarray) -> np.ndarray:
    top = a.max(1)
    return top + np.log(np.exp(a - top[:, None]).sum(1))


def fit(x: np.ndarray, labels: np.ndarray, k: int, params: dict) -> Mixture:
    """Fit a mixture by expectation-maximisation from hard labels.

    Parameters
    ----------
    x : array of shape (n, d)
    labels : int array of shape (n,)
        The start, of K-Means.
    params : dict
        ``covariance``, ``iterations``, ``tolerance`` (of the mean log-likelihood), ``regularisation`` (added to variances).
    """
    if params["covariance"] not in COVARIANCES:
        raise ValueError(f"cluster.gmm.covariance: {params['covariance']!r} (known: {', '.join(COVARIANCES)})")
    x = np.asarray(x, np.float64)
    posterior = np.zeros((len(x), k))
    posterior[np.arange(len(x)), labels] = 1
    last = -np.inf
    for step in range(params["iterations"] + 1):
        model = _maximise(x, posterior, params["covariance"], params["regularisation"])
        joint = model.log_joint(x)
        norm = _logsumexp(joint)
        now = float(norm.mean())
        model.converged = abs(now - last) < params["tolerance"]
        if model.converged or step == params["iterations"]:
            break
        last = now
        posterior = np.exp(joint - norm[:, None])
    return model


def _maximise(x: np.ndarray, posterior: np.ndarray, covariance: str, floor: float) -> Mixture:
    d = x.shape[1]
    count = posterior.sum(0) + 10 * np.finfo(np.float64).eps
    means = (posterior.T @ x) / count[:, None]
    weights = count / count.sum()
    if covariance == "full":
        factor = np.empty((len(count), d, d))
        for j in range(len(count)):
            centred = x - means[j]
            factor[j] = _precision_factor((posterior[:, j] * centred.T) @ centred / count[j], floor)
    elif covariance == "tied":
        factor = _precision_factor((x.T @ x - (means.T * count) @ means) / count.sum(), floor)
    else:
        variance = (posterior.T @ x**2) / count[:, None] - means**2
        variance = np.maximum(variance, 0) + floor
        factor = 1 / np.sqrt(variance if covariance == "diag" else variance.mean(1))
    return Mixture(covariance, weights, means, factor)


def _precision_factor(covariance: np.ndarray, floor: float) -> np.ndarray:
    import scipy.linalg

    covariance = covariance + floor * np.eye(len(covariance))
    lower = scipy.linalg.cholesky(covariance, lower=True)
    return scipy.linalg.solve_triangular(lower, np.eye(len(covariance)), lower=True).T
