"""Figures of how the number of clusters was chosen."""

from typing import Any, TypeGuard

import numpy as np
from matplotlib.figure import Figure

from camtrap.cluster.methods import registry
from camtrap.show.plots import style

# Scores that compare between methods have one panel, the others one panel a method. The arrow says what is better.
_PANELS = (
    ("inertia", "Elbow: inertia", "", False),
    ("silhouette", "Silhouette", "↑", True),
    ("davies_bouldin", "Davies–Bouldin", "↓", True),
    ("calinski_harabasz", "Caliński–Harabasz", "↑", True),
    ("stability", "Stability", "↑", True),
    ("bic", "BIC", "↓", False),
    ("icl", "ICL", "↓", False),
    ("aic", "AIC", "↓", False),
)
_NAMES = {name: method.title for name, method in registry.ALL.items()}
_LINES = ("-", "--", "-.", ":")


def sweep(scores: list[dict], chosen: dict | None = None) -> Figure:
    """Draw every score of a sweep over k, the chosen k marked.

    Parameters
    ----------
    scores : list of dict
        One dict per fit: ``method``, ``k``, ``covariance`` (GMM, where there are several) and any of inertia, silhouette,
        davies_bouldin, calinski_harabasz, stability, bic, icl, aic; a score that is missing or None is left out.
    chosen : dict of method, or of (method, covariance), to k, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    chosen = chosen or {}
    series: dict[tuple[str, str], list[dict]] = {}
    for row in sorted(scores, key=lambda row: row["k"]):
        series.setdefault((row["method"], row.get("covariance") or ""), []).append(row)
    looks: dict[tuple[str, str], dict[str, Any]] = {
        key: {
            "color": style.COLOURS[i % len(style.COLOURS)],
            "marker": style.MARKERS[i % len(style.MARKERS)],
            "linestyle": _LINES[i % len(_LINES)],
        }
        for i, key in enumerate(sorted(series, key=lambda key: (key[0] != "kmeans", key)))
    }
    panels = []
    for score, title, arrow, together in _PANELS:
        having = [key for key in looks if any(_number(row.get(score)) for row in series[key])]
        groups = (
            [having] if together else [[k for k in having if k[0] == m] for m in dict.fromkeys(k[0] for k in having)]
        )
        for group in groups:
            if group:
                name = (
                    "" if together or len({k[0] for k in having}) < 2 else f" ({_NAMES.get(group[0][0], group[0][0])})"
                )
                panels.append((score, f"{title}{name} {arrow}".strip(), group))
    with style.settings():
        columns = min(3, max(1, len(panels)))
        rows = max(1, -(-len(panels) // columns))
        figure = style.new(0.5 + 1.9 * rows)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, (score, title, group) in zip(grid, panels, strict=False):
            lines = {key: [(r["k"], r[score]) for r in series[key] if _number(r.get(score))] for key in group}
            power = _power([y for line in lines.values() for _, y in line])
            for key, line in lines.items():
                x, y = [k for k, _ in line], [value / 10.0**power for _, value in line]
                axes.plot(x, y, markerfacecolor="white", markevery=max(1, len(x) // 12), **looks[key])
                best = _chosen(key, chosen)
                if best in x:
                    axes.axvline(best, color=looks[key]["color"], linewidth=0.7, alpha=0.6, zorder=0)
                    axes.plot([best], [y[x.index(best)]], **looks[key] | {"markersize": 7, "linestyle": ""})
            axes.set_title(title + (f"  [10$^{{{power}}}$]" if power else ""), loc="left")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_xlabel("number of clusters k")
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        handles = [
            Line2D([], [], markerfacecolor="white", label=_series(key, chosen), **look) for key, look in looks.items()
        ]
        if handles:
            figure.legend(
                handles=handles,
                loc="outside upper center",
                ncols=len(handles) if len(handles) < 5 else 3,
                handlelength=3,
            )
    return figure


def silhouette_diagram(values: np.ndarray, labels: np.ndarray) -> Figure:
    """Draw the silhouette width of every crop, sorted within its cluster (Rousseeuw 1987).

    Parameters
    ----------
    values : (n,) float, -1 to 1
    labels : (n,) int
        -1 (noise) is left out. A cluster's height grows with the root of its size, so that small ones can be seen.

    Returns
    -------
    matplotlib.figure.Figure
    """
    values, labels = np.asarray(values, float), np.asarray(labels)
    kept = (labels >= 0) & np.isfinite(values)
    values, labels = values[kept], labels[kept]
    ids, sizes = np.unique(labels, return_counts=True)
    heights = np.sqrt(sizes)
    heights = np.maximum(heights, 0.25 * heights.mean()) if len(ids) else heights
    with style.settings():
        figure = style.new(float(np.clip(1.2 + 0.16 * len(ids), 2.6, 9.6)), 5.2)
        axes = figure.subplots()
        gap = 0.15 * heights.mean() if len(ids) else 0
        y, ticks = 0.0, []
        for rank, (i, height) in enumerate(zip(ids, heights, strict=True)):
            ordered = np.sort(values[labels == i])[::-1]
            share = (np.arange(len(ordered)) + 0.5) / len(ordered)
            at = np.linspace(0, 1, min(200, max(2, len(ordered))))
            width = np.interp(at, share, ordered)
            axes.fill_betweenx(y + at * height, 0, width, color=style.COLOURS[rank % 2], linewidth=0)
            ticks.append(y + height / 2)
            y += height + gap
        if len(ids):
            mean = values.mean()
            axes.axvline(mean, color=style.INK, linewidth=0.9, linestyle="--")
            axes.set_title(f"Silhouette of {len(values):,} crops; mean {mean:.2f} (dashed)", loc="left")
            axes.set_ylim(y, -gap)
            axes.set_xlim(min(-0.05, values.min() - 0.02), min(1.0, values.max() + 0.05))
        axes.axvline(0, color=style.MUTED, linewidth=0.6)
        small = 7 if len(ids) <= 45 else 5.5
        axes.set_yticks(ticks, [f"{i} ({n:,})" for i, n in zip(ids, sizes, strict=True)], fontsize=small)
        axes.tick_params(axis="y", length=0)
        axes.set_ylabel("cluster (crops)")
        axes.set_xlabel("silhouette width")
    return figure


def stability(
    resolutions: np.ndarray,
    agreement: np.ndarray,
    clusters: np.ndarray,
    chosen: float | None = None,
    plateau: tuple[float, float] | None = None,
) -> Figure:
    """Draw how well fits on resampled bursts agree over the resolution, and how many clusters they give.

    Parameters
    ----------
    resolutions : (m,) float, ascending
    agreement : (m,) float, or (m, r)
        Adjusted Rand index between fits; of several pairs the mean, with their range.
    clusters : (m,) int
    chosen : float, optional
        The resolution taken.
    plateau : (low, high), optional
        Resolutions to shade.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    resolutions, agreement = np.asarray(resolutions, float), np.asarray(agreement, float)
    pairs = agreement.reshape(len(resolutions), -1)
    with style.settings():
        figure = style.new(3.6, 4.6)
        upper, lower = figure.subplots(2, 1, sharex=True)
        for axes in (upper, lower):
            if plateau is not None:
                axes.axvspan(*plateau, color=style.GREY, alpha=0.35, linewidth=0, zorder=0)
            if chosen is not None:
                axes.axvline(chosen, color=style.INK, linewidth=0.8, linestyle="--", zorder=1)
        if pairs.shape[1] > 1:
            upper.fill_between(resolutions, pairs.min(1), pairs.max(1), color=style.COLOURS[0], alpha=0.2, linewidth=0)
        upper.plot(resolutions, pairs.mean(1), color=style.COLOURS[0], marker="o")
        upper.set_ylabel("agreement (ARI)")
        upper.set_ylim(min(0.0, float(np.nanmin(pairs, initial=0))), 1.03)
        lower.plot(resolutions, clusters, color=style.COLOURS[4], marker="s")
        lower.set_ylabel("clusters")
        lower.set_ylim(bottom=0)
        lower.yaxis.set_major_locator(MaxNLocator(integer=True))
        lower.set_xlabel("resolution")
        if len(resolutions) > 1 and resolutions.min() > 0 and resolutions.max() / resolutions.min() > 8:
            lower.set_xscale("log")
            lower.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            lower.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
            lower.xaxis.set_minor_locator(NullLocator())
        notes = [f"chosen {chosen:g} (dashed)"] if chosen is not None else []
        notes += [f"plateau {plateau[0]:g} to {plateau[1]:g} (grey)"] if plateau is not None else []
        upper.set_title("; ".join(["Stability", *notes]), loc="left", fontsize=8)
    return figure


def _number(value: float | None) -> TypeGuard[float]:
    return value is not None and bool(np.isfinite(value))


def _power(values: list[float]) -> int:
    """Power of ten to divide by, so that the numbers of an axis are short."""
    largest = max(map(abs, values), default=0.0)
    power = int(np.floor(np.log10(largest))) if largest > 0 else 0
    return power if power >= 4 or power <= -3 else 0


def _chosen(key: tuple[str, str], chosen: dict) -> int | None:
    return chosen.get(key, chosen.get(key[0]))


def _series(key: tuple[str, str], chosen: dict) -> str:
    method, covariance = key
    name = _NAMES.get(method, method) + (f", {covariance}" if covariance else "")
    best = _chosen(key, chosen)
    return name if best is None else f"{name}: k = {best}"
