"""At which hours a cluster was seen."""

import numpy as np
from matplotlib.figure import Figure

from camtrap.show.plots import style


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
    columns = 6
    rows = max(1, -(-len(ids) // columns))
    angle = (np.arange(24) + 0.5) * np.pi / 12
    with style.settings():
        figure = style.new(0.5 + 1.3 * rows)
        grid = figure.subplots(rows, columns, squeeze=False, subplot_kw={"projection": "polar"}).ravel()
        for axes, i in zip(grid, ids, strict=False):
            counts = np.bincount(times[labels == i].astype(int), minlength=24)
            axes.set_theta_zero_location("N")
            axes.set_theta_direction(-1)
            # Radius by the root, so that the eye's measure, the area, is the count.
            axes.bar(angle, np.sqrt(counts / counts.max()), width=np.pi / 12, color=style.COLOURS[0], linewidth=0)
            axes.set_ylim(0, 1)
            axes.set_yticks([])
            axes.set_xticks(np.arange(4) * np.pi / 2, ["0", "6", "12", "18"])
            axes.tick_params(axis="x", pad=-3, labelsize=6)
            axes.grid(color=style.GREY, linewidth=0.4)
            axes.spines["polar"].set_color(style.GREY)
            axes.set_axisbelow(True)
            axes.set_title(f"{names.get(int(i), i)} ({counts.sum():,})", fontsize=7.5)
        for axes in grid[len(ids) :]:
            axes.set_axis_off()
        figure.suptitle("Hours of the day by cluster (records)", x=0.01, ha="left", fontsize=9)
    return figure
