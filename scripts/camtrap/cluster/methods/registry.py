"""The clusterers: one line each. The schema, the choice, the report and the figures read it. Imports nothing heavy.

To add one: a file with its function, and a line here. `METHODS` find a number of clusters by themselves; `SWEEPS` are fitted
once for each number that the configuration lists.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from camtrap.core.named import named


@dataclass(frozen=True)
class Method:
    """One clusterer.

    Attributes
    ----------
    fit : str
        ``package.module:function``. The function of a method takes ``(x, near, params, seed)``, that of a sweep ``(x, k, params,
        seed)``; both return a `camtrap.cluster.fits.Fit`. ``x`` are the units, float32 (n, d), n at least 2 (sweeps: 1);
        ``near`` their neighbours (index, similarity); ``params`` the configuration's section ``cluster.<name>``, complete.
    title : str
        Its name in the report and the figures.
    rank : int
        With ``cluster.choose.primary: auto`` the method of the lowest rank among those fitted is shown.
    defaults : mapping
        Its settings and their defaults, for a method that has no section in ``config/schema.yaml``. (A section there says more:
        meaning, limits, unit. Where there is one, it is the only source.)
    criteria : tuple of str
        Sweeps only: the scores by which its number of clusters can be chosen.
    """

    fit: str
    title: str
    rank: int = 1000
    defaults: Mapping[str, object] = field(default_factory=dict)
    criteria: tuple[str, ...] = ()

    def load(self) -> Callable:
        """Import the method's file and return its function."""
        return named(self.fit)


METHODS = {
    "consensus": Method("camtrap.cluster.methods.consensus:fit_consensus", "consensus tree", 5),
    "average": Method("camtrap.cluster.methods.average:fit_average", "average linkage", 10),
    "leiden": Method("camtrap.cluster.methods.graph:fit_leiden", "Leiden communities of the neighbour graph", 20),
    "hdbscan": Method("camtrap.cluster.methods.density:fit_hdbscan", "HDBSCAN", 30),
    "ward": Method("camtrap.cluster.methods.ward:fit_ward", "Ward's tree", 60),
    "spherical": Method("camtrap.cluster.methods.spherical:fit_spherical", "spherical K-Means", 70),
}
SWEEPS = {
    "kmeans": Method("camtrap.cluster.sweep:fit_kmeans", "K-Means", 40, criteria=("silhouette", "bic", "stability")),
    "gmm": Method(
        "camtrap.cluster.sweep:fit_gmm", "Gaussian mixture", 50, criteria=("silhouette", "bic", "icl", "stability")
    ),
}
ALL = {**METHODS, **SWEEPS}
PRIMARY = ("auto", *ALL)  # what cluster.choose.primary may be

_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}


def sections() -> dict[str, dict]:
    """The schema of each method's settings, made of their defaults. (config/schema.yaml says more of those that it holds.)"""
    return {
        name: {
            "description": method.title,
            "type": "object",
            "additionalProperties": False,
            "properties": {
                key: {"type": _TYPES[type(value)], "default": value} for key, value in method.defaults.items()
            },
        }
        for name, method in ALL.items()
    }


def unmet(cluster: Mapping) -> Iterator[str]:
    """Yield a line for each sweep of the completed section ``cluster`` that cannot choose its k as the section asks."""
    criterion = cluster["choose"]["criterion"]
    if criterion == "auto":
        return
    for name in cluster["sweeps"]:
        known = SWEEPS[name].criteria
        if criterion not in known:
            yield (
                f"cluster.choose.criterion: {name} has no {criterion}, only {', '.join(known)}: "
                f"choose one of these, or take {name} out of cluster.sweeps"
            )
        elif criterion == "stability" and cluster[name].get("stability_fits", 2) < 2:
            yield (
                f"cluster.choose.criterion: stability needs cluster.{name}.stability_fits of at least 2, "
                f"or take {name} out of cluster.sweeps"
            )
