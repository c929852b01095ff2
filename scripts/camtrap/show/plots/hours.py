"""At which hours a cluster was seen."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Wedge

from camtrap.show.plots import style

COLUMNS = 6
RADIUS, HIGH = 0.34, 1.22  # of a clock, and from one row to the next; clocks stand 1 apart


def hours(times: np.ndarray, labels: np.ndarray, names: dict[int, str] | None = None) -> Figure:
    """Draw an activity clock for each cluster: 24 bars, midnight at the top, clockwise.

    Parameters
    ----------
    times : (n,) float or datetime64
        Hour of the day, 0 to 24, or date and time; one per event (NaN, NaT: unknown, left out): one per crop would
        count each burst several times.
    labels : (n,) int
        Cluster; -1 (noise) is left out.
    names : dict of int to str, optional
        Names of clusters, for the titles.

    Returns
    -------
    matplotlib.figure.Figure
        The area of a bar is the share of the cluster's records in that hour; each clock is scaled to its largest bar.
    """
    times, labels, names = np.asarray(times), np.asarray(labels), names or {}
    if times.dtype.kind == "M":
        times = (times - times.astype("datetime64[D]")) / np.timedelta64(1, "h")  # NaT becomes NaN
    times = times.astype(float)
    kept = np.isfinite(times) & (labels >= 0)
    times, labels = times[kept] % 24, labels[kept]
    ids = np.unique(labels)
    rows = max(1, -(-len(ids) // COLUMNS))
    with style.settings():
        figure = style.new(0.5 + 1.3 * rows)
        axes = figure.subplots()
        axes.set(xlim=(-0.5, COLUMNS - 0.5), ylim=(0.62 - rows * HIGH, 0.62), aspect="equal")
        axes.set_axis_off()
        for place, i in enumerate(ids):
            counts = np.bincount(times[labels == i].astype(int), minlength=24)
            title = f"{names.get(int(i), i)} ({counts.sum():,})"
            _clock(axes, place % COLUMNS, -HIGH * (place // COLUMNS), counts, title)
        figure.suptitle("Hours of the day by cluster (records)", x=0.01, ha="left", fontsize=9)
    return figure


def _clock(axes: Axes, x: float, y: float, counts: np.ndarray, title: str) -> None:
    """Draw one clock around (x, y). Wedges in one plane: polar axes, one for each clock, take ten times as long."""
    for angle, text in zip((90, 0, 270, 180), ("0", "6", "12", "18"), strict=True):
        dx, dy = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        axes.plot([x, x + RADIUS * dx], [y, y + RADIUS * dy], color=style.GREY, linewidth=0.4, zorder=0)
        far = 1.22 * RADIUS
        axes.text(x + far * dx, y + far * dy, text, ha="center", va="center", fontsize=6, color=style.MUTED)
    axes.add_patch(Circle((x, y), RADIUS, fill=False, color=style.GREY, linewidth=0.8))
    # Radius by the root, so that the eye's measure, the area, is the count.
    for hour, radius in enumerate(RADIUS * np.sqrt(counts / counts.max())):
        if radius:
            first = 90 - 15 * (hour + 1)
            axes.add_patch(Wedge((x, y), radius, first, first + 15, color=style.COLOURS[0], linewidth=0))
    axes.text(x, y + 0.55, title, ha="center", va="bottom", fontsize=7.5)
