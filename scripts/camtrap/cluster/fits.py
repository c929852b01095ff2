"""One fitted clustering of the units: a file of its own, and how it is read."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from camtrap.core import files


@dataclass
class Fit:
    """A clustering of the units.

    Attributes
    ----------
    method : str
    labels : int32 array of shape (n_units,)
        0 to k-1; -1 is noise.
    centres : float32 array of shape (k, d)
    probability : float32 array of shape (n_units,), or None
    metrics : dict
        Scores, and what was thrown: ``switches``.
    layers : dict of int32 arrays
        Other labellings of the method, by name (a Leiden resolution, say).
    """

    method: str
    labels: np.ndarray
    centres: np.ndarray
    metrics: dict
    probability: np.ndarray | None = None
    layers: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def k(self) -> int:
        """Number of clusters, without noise."""
        return int(self.labels.max(initial=-1)) + 1


def write(path: str | Path, fit: Fit) -> None:
    """Write a fit as ``.npz``: labels, centres, probability where there is one, layer_*, and the metrics as JSON text."""
    arrays: dict[str, np.ndarray] = {"labels": fit.labels.astype(np.int32), "centres": fit.centres.astype(np.float32)}
    if fit.probability is not None:
        arrays["probability"] = fit.probability.astype(np.float32)
    arrays |= {f"layer_{name}": labels.astype(np.int32) for name, labels in fit.layers.items()}
    arrays["metrics"] = np.array(json.dumps({"method": fit.method, **fit.metrics}, allow_nan=False))
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read(path: str | Path) -> Fit:
    """Read a fit that :func:`write` wrote."""
    with np.load(path, allow_pickle=False) as file:
        metrics = json.loads(str(file["metrics"]))
        layers = {name[6:]: file[name] for name in file.files if name.startswith("layer_")}
        probability = file["probability"] if "probability" in file.files else None
        return Fit(metrics.pop("method"), file["labels"], file["centres"], metrics, probability, layers)
