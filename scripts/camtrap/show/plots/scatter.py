"""Maps of the crops (t-SNE, UMAP), coloured by cluster or by station, day and night, or any other category."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from camtrap.show.plots import style
from camtrap.show.plots.labels import place

RASTER = 2_000  # points; from here on an SVG holds them as a picture
SINGLE = 7  # categories that one map can show in colours that everybody tells apart


def scatter(
    coords: np.ndarray,
    labels: np.ndarray,
    by: str,
    *,
    name: str = "t-SNE",
    title: str = "",
    colours: dict[str, str] | None = None,
    top: int = 12,
) -> Figure:
    """Draw a map of the crops.

    Parameters
    ----------
    coords : (n, 2) float
        Rows that are not finite are left out.
    labels : (n,) int or str
        With ``by="cluster"`` integers, -1 is noise: each cluster has its number at its median, and clusters beside each
        other have different colours. Otherwise text (None: unknown): up to seven categories share one map with a legend;
        of more, the ``top`` most frequent have a map each, in which all the others are grey, and one more for the rest.
    by : str
        "cluster", or the name of the category ("station") for the legend.
    name : str
        Name of the projection, for the axes.
    title : str, optional
    colours : dict of str to colour, optional
        Of categories; those not named get one.
    top : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    coords, labels = np.asarray(coords, float), np.asarray(labels)
    if coords.ndim != 2 or coords.shape[1] != 2 or len(coords) != len(labels):
        raise ValueError(f"a map needs (n, 2) coordinates and n labels, not {coords.shape} and {labels.shape}")
    seen = np.isfinite(coords).all(axis=1)
    coords, labels = coords[seen], labels[seen]
    with style.settings():
        if by == "cluster":
            return _clusters(coords, labels.astype(np.int64), name, title)
        text = np.array([x if isinstance(x, str) and x else "unknown" for x in labels], dtype=object)
        values, counts = np.unique(text, return_counts=True) if len(text) else (np.array([], object), np.array([], int))
        order = np.lexsort((values, -counts))
        values, counts = values[order], counts[order]
        if len(values) <= SINGLE:
            return _categories(coords, text, values, counts, by, name, title, colours or {})
        return _panels(coords, text, values, counts, by, name, title, top)


def _frame(axes: Axes, coords: np.ndarray, name: str) -> None:
    style.clean(axes)
    if name:
        axes.set_xlabel(f"{name} 1")
        axes.set_ylabel(f"{name} 2")
    if len(coords):
        low, high = coords.min(0), coords.max(0)
        half = max(0.54 * float((high - low).max()), 1e-9)
        axes.set_xlim((low + high)[0] / 2 - half, (low + high)[0] / 2 + half)
        axes.set_ylim((low + high)[1] / 2 - half, (low + high)[1] / 2 + half)
    axes.set_aspect("equal", adjustable="box")


def _points(
    axes: Axes, coords: np.ndarray, colour: str | list[str], size: float | None = None, alpha: float | None = None
) -> None:
    n = len(coords)
    size = size or float(np.clip(9_000 / max(n, 1), 0.6, 16))
    x, y = coords.T
    axes.scatter(x, y, s=size, c=colour, linewidths=0, rasterized=n >= RASTER, alpha=alpha)


def _clusters(coords: np.ndarray, labels: np.ndarray, name: str, title: str) -> Figure:
    figure = style.new(6.4, 6.4)
    axes = figure.subplots()
    _frame(axes, coords, name)
    ids = np.unique(labels[labels >= 0])
    anchors = np.array([_anchor(coords[labels == i]) for i in ids]).reshape(-1, 2)
    chosen = _apart(anchors)
    index = np.searchsorted(ids, labels)
    colour = np.array([*style.COLOURS, style.GREY])
    point_colours = np.full(len(labels), style.GREY, object)
    point_colours[labels >= 0] = colour[chosen[index[labels >= 0]]] if len(ids) else style.GREY
    # In random order no cluster hides another; noise lies below.
    order = np.random.default_rng(0).permutation(len(labels))
    order = order[np.argsort(labels[order] >= 0, kind="stable")]
    _points(axes, coords[order], list(point_colours[order]), alpha=0.75)
    noise = int((labels < 0).sum())
    text = f"{len(labels):,} crops, {len(ids)} clusters" + (f", {noise:,} noise (grey)" if noise else "")
    axes.set_title(f"{title}: {text}" if title else text, loc="left")
    place(figure, axes, anchors, [str(i) for i in ids])
    return figure


def _anchor(points: np.ndarray) -> np.ndarray:
    """The point of a cluster that is nearest its median: the median of a ring is outside of it."""
    median = np.median(points, axis=0)
    return points[((points - median) ** 2).sum(1).argmin()]


def _apart(anchors: np.ndarray) -> np.ndarray:
    """A colour for each cluster: each in turn takes the one whose nearest bearer is farthest away."""
    n, k = len(anchors), len(style.COLOURS)
    chosen = np.arange(n) % k
    for i in range(k, n):
        distance = ((anchors[:i] - anchors[i]) ** 2).sum(1)
        nearest = [distance[chosen[:i] == c].min() for c in range(k)]
        chosen[i] = int(np.argmax(nearest))
    return chosen


def _categories(
    coords: np.ndarray,
    text: np.ndarray,
    values: np.ndarray,
    counts: np.ndarray,
    by: str,
    name: str,
    title: str,
    colours: dict[str, str],
) -> Figure:
    from matplotlib.lines import Line2D

    figure = style.new(5.6, style.WIDTH)
    axes = figure.subplots()
    _frame(axes, coords, name)
    free = iter([c for c in style.COLOURS if c not in colours.values()])
    colour = {v: colours.get(v) or (style.GREY if v == "unknown" else next(free)) for v in values}
    order = np.random.default_rng(0).permutation(len(text))
    _points(axes, coords[order], [colour[v] for v in text[order]], alpha=0.75)
    handles = [
        Line2D([], [], linestyle="", marker="o", markersize=6, color=colour[v], label=f"{_short(v, 28)} ({n:,})")
        for v, n in zip(values, counts, strict=True)
    ]
    if handles:
        figure.legend(handles=handles, title=by, loc="outside right upper", alignment="left", handletextpad=0.2)
    if title:
        axes.set_title(title, loc="left")
    return figure


def _panels(
    coords: np.ndarray,
    text: np.ndarray,
    values: np.ndarray,
    counts: np.ndarray,
    by: str,
    name: str,
    title: str,
    top: int,
) -> Figure:
    columns = 5
    shown = [(f"{v}", text == v) for v in values[:top]]
    if len(values) > top:
        rest = ~np.isin(text.astype(str), values[:top].astype(str))
        shown.append((f"{len(values) - top} others", rest))
    rows = -(-len(shown) // columns)
    figure = style.new(0.4 + 1.75 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    size = float(np.clip(3_000 / max(len(text), 1), 0.25, 6))
    for axes, (label, here) in zip(grid, shown, strict=False):
        _frame(axes, coords, "")
        _points(axes, coords[~here], style.FAINT, size)
        _points(axes, coords[here], style.COLOURS[0], 2 * size)
        axes.set_title(f"{_short(label, 20)}\n{int(here.sum()):,} crops", fontsize=7, loc="left")
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    figure.suptitle(f"{title or name}: each {by} (blue) among all crops (grey)", x=0.01, ha="left", fontsize=9)
    return figure


def _short(text: str, length: int) -> str:
    """Shortened in the middle: names of stations often begin alike. A dollar is not the begin of a formula."""
    if len(text) > length:
        text = f"{text[: length // 2]}…{text[-(length - length // 2 - 1) :]}"
    return text.replace("$", r"\$")
