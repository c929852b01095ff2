"""When each station had pictures."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from camtrap.show.plots import style
from camtrap.show.plots.species import NARROW, short

# What a day is: nothing known, the camera stood there by the table of stations, pictures, pictures of animals.
NOTHING, DEPLOYED, PICTURES, ANIMALS = range(4)
_COLOURS = ("#ffffff", "#dcdcdc", "#56b4e9", "#004c7a")
_MEANING = {DEPLOYED: "in the table of stations, no picture", PICTURES: "pictures, no animal", ANIMALS: "animals"}
_LABELLED = 60


def calendar(days: np.ndarray, stations: Sequence[str], first: dt.date) -> Figure:
    """Draw one row per station and one column per day.

    Parameters
    ----------
    days : (stations, days) int
        :data:`NOTHING`, :data:`DEPLOYED`, :data:`PICTURES` or :data:`ANIMALS`.
    stations : sequence of str
    first : date
        That of the first column.

    Returns
    -------
    matplotlib.figure.Figure
    """
    days = np.asarray(days)
    start = np.datetime64(first).astype("datetime64[D]").astype(int)
    with style.settings():
        narrow = len(stations) <= 20 and days.shape[1] <= 400
        figure = style.new(0.85 + min(8.0, max(0.5, 0.2 * len(stations))), NARROW if narrow else style.WIDTH)
        axes = figure.add_subplot()
        axes.imshow(
            days,
            cmap=ListedColormap(_COLOURS),
            vmin=NOTHING,
            vmax=ANIMALS,
            aspect="auto",
            interpolation="nearest",
            extent=(start, start + days.shape[1], len(stations) - 0.5, -0.5),
        )
        axes.xaxis_date()
        locator = AutoDateLocator(minticks=3, maxticks=7)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        step = max(1, -(-len(stations) // _LABELLED))
        axes.set_yticks(range(0, len(stations), step), [short(name) for name in stations[::step]])
        axes.set_yticks(np.arange(len(stations) - 1) + 0.5, minor=True)
        axes.grid(which="minor", axis="y", color="white", linewidth=2 if len(stations) <= _LABELLED else 0.3)
        axes.tick_params(axis="y", which="both", length=0)
        axes.tick_params(axis="y", labelcolor=style.INK)
        axes.spines["left"].set_visible(False)
        kinds = [kind for kind in _MEANING if (days == kind).any()]
        patches = [Patch(facecolor=_COLOURS[kind], label=_MEANING[kind]) for kind in kinds]
        figure.legend(
            handles=patches, loc="outside upper left", ncols=2 if narrow else 3, handlelength=1, handleheight=1
        )
    return figure
