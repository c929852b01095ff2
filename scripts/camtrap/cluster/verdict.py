"""Which k of a sweep, and which method: the decision, with its reason as a sentence."""

import numpy as np

from camtrap.cluster.methods.registry import ALL

_LABEL = {"silhouette": "silhouette", "bic": "BIC", "icl": "ICL", "stability": "stability"}
_SIGN = {"silhouette": 1, "bic": -1, "icl": -1, "stability": 1}


def choose_k(rows: list[dict], criterion: str) -> tuple[int, dict]:
    """Choose the k of one sweep.

    Parameters
    ----------
    rows : list of dict
        Metrics, one row per k, ascending.
    criterion : {"auto", "silhouette", "bic", "icl", "stability"}

    Returns
    -------
    best : int
        Position in ``rows``.
    report : dict
        k, criterion, reason, best (the k that each score alone would choose), scores (the rows).
    """
    if criterion not in ("auto", *_SIGN):
        raise ValueError(f"cluster.choose.criterion: {criterion!r} (known: auto, {', '.join(_SIGN)})")
    keys = (
        "k",
        "k_found",
        "inertia",
        "silhouette",
        "simplified_silhouette",
        "davies_bouldin",
        "calinski_harabasz",
        "bic",
        "icl",
        "aic",
    )
    table = [{key: row.get(key) for key in (*keys, "stability")} for row in rows]
    alone = {}
    for name, sign in _SIGN.items():
        known = {
            i: sign * value for i, row in enumerate(table) if (value := row[name]) is not None and np.isfinite(value)
        }
        if known:
            alone[name] = max(known, key=lambda i: (known[i], -i))
    order = ("silhouette", "bic") if criterion == "auto" else (criterion,)
    used = next((name for name in order if name in alone), None)
    if used is None:
        what = "any score" if criterion == "auto" else f"the {_LABEL[criterion]}"
        best, reason = 0, f"k = {table[0]['k']}: too few units for {what}, the smallest k stands"
    else:
        best = alone[used]
        others = ", ".join(f"{_LABEL[name]} {table[i]['k']}" for name, i in alone.items() if name != used)
        word = "lowest" if _SIGN[used] < 0 else "highest"
        reason = f"k = {table[best]['k']} has the {word} {_LABEL[used]} ({table[best][used]:.4g})"
        reason += f"; alone would choose: {others}" if others else ""
    found = table[best]["k_found"]
    if found is not None and found < table[best]["k"]:
        reason += f"; only {found} clusters are filled, there are no more distinct units"
    return best, {
        "k": table[best]["k"],
        "criterion": used,
        "reason": reason,
        "best": {name: table[i]["k"] for name, i in alone.items()},
        "scores": table,
    }


def choose_primary(methods: dict[str, dict], wanted: str) -> tuple[str, str]:
    """Choose the primary clustering.

    Parameters
    ----------
    methods : dict
        Metrics by method, with ``k``.
    wanted : str
        A method, or ``auto``.

    Returns
    -------
    method, reason : str
    """
    if not methods:
        raise ValueError("cluster: neither a sweep nor a method is configured, so there is nothing to choose from")
    if wanted != "auto":
        if wanted not in methods:
            raise ValueError(
                f"cluster.choose.primary: {wanted!r} was not fitted (there are: {', '.join(sorted(methods))})"
            )
        return wanted, f"{wanted} with {methods[wanted]['k']} clusters: the configuration asks for it"
    name = min(methods, key=lambda name: ALL[name].rank)
    reason = methods[name].get("reason") or f"{methods[name]['k']} clusters"
    return name, f"{name}: {reason}"
