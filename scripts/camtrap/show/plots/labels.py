"""Number labels on a map that do not cover each other."""

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from camtrap.show.plots import style


def place(figure: Figure, axes: Axes, anchors: np.ndarray, texts: list[str], size: float = 7.5) -> np.ndarray:
    """Write each text at its anchor, moved as little as keeps the texts apart, with a line back where it moved.

    Parameters
    ----------
    figure, axes : the map; its limits must be final
    anchors : (n, 2) float
        Data coordinates.
    texts : list of str
    size : float
        Points.

    Returns
    -------
    (n, 2) float
        Where the texts stand, data coordinates.
    """
    if not len(anchors):
        return np.empty((0, 2))
    figure.draw_without_rendering()  # the layout decides how many pixels a data unit has
    to_pixels = axes.transData
    start = to_pixels.transform(anchors)
    unit = figure.dpi / 72 * size
    boxes = np.array([[0.68 * len(text) + 0.35, 1.25] for text in texts]) * unit
    low, high = axes.transAxes.transform([(0, 0), (1, 1)])
    centres = spread(start, boxes, low, high)
    where = to_pixels.inverted().transform(centres)
    for (x, y), anchor, text, moved, box in zip(where, anchors, texts, centres - start, boxes, strict=True):
        if np.hypot(*moved) > 0.6 * box.max():
            axes.plot(
                [anchor[0], x], [anchor[1], y], color=style.INK, linewidth=0.5, zorder=4, scalex=False, scaley=False
            )
        axes.text(
            *(x, y, text),
            fontsize=size,
            fontweight="bold",
            ha="center",
            va="center",
            zorder=5,
            path_effects=[patheffects.withStroke(linewidth=2.2, foreground="white")],
        )
    return where


def spread(
    centres: np.ndarray, boxes: np.ndarray, low: np.ndarray, high: np.ndarray, rounds: int = 2_000
) -> np.ndarray:
    """Move boxes apart until none overlap (or ``rounds`` are over), each pair by halves along the shorter way.

    ``centres``, ``boxes`` (n, 2) float, pixels; all stay between the corners ``low`` and ``high``.
    """
    centres = np.array(centres, float)
    n = len(centres)
    first, second = np.triu_indices(n, 1)
    # Equal anchors need a direction: each box starts off by a hair of its own.
    angle = np.arange(n) * 2.4
    centres += 0.01 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for _ in range(rounds):
        gap = centres[first] - centres[second]
        inside = (boxes[first] + boxes[second]) / 2 - np.abs(gap)
        hit = np.flatnonzero((inside > 0).all(axis=1))
        if not len(hit):
            break
        axis = (inside[hit, 0] > inside[hit, 1]).astype(int)
        step = np.zeros((len(hit), 2))
        way = np.where(gap[hit, axis] >= 0, 1.0, -1.0)
        step[np.arange(len(hit)), axis] = way * (inside[hit, axis] / 2 + 0.05)
        np.add.at(centres, first[hit], step)
        np.subtract.at(centres, second[hit], step)
        centres = np.clip(centres, np.add(low, boxes / 2), np.subtract(high, boxes / 2))
    return centres
