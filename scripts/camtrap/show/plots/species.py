"""What was seen, by species: hours of activity, stations, and how the list of species grew."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from camtrap.show.circular import density
from camtrap.show.plots import style

ENOUGH = 10  # events from which a curve is drawn; below, each event is a mark
_COLUMNS = 3
NARROW = 5.0  # inches: two stand side by side in the report
_FEW = 8  # stations of a narrow figure
_WRITTEN = 16  # stations up to which the number stands in each cell


def short(text: str, most: int = 30) -> str:
    """A name that fits beside an axis; a dollar sign is not a formula."""
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text.replace("$", r"\$")


def activity(hours: Mapping[str, np.ndarray]) -> Figure:
    """Draw how active each species is over the day: a kernel density on the circle (:mod:`camtrap.show.circular`).

    Parameters
    ----------
    hours : mapping of str to (n,) float
        Of each species the hour of the day (0 to 24) of each event.

    Returns
    -------
    matplotlib.figure.Figure
        One small diagram per species, in the order given, with the number of events. Events are marks below the curve; where
        there are fewer than :data:`ENOUGH`, there is no curve.
    """
    rows = max(1, -(-len(hours) // _COLUMNS))
    grid = np.linspace(0, 24, 289)
    with style.settings():
        figure = style.new(0.4 + 0.98 * rows, NARROW)
        axes_of = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True).ravel()
        for axes, (name, times) in zip(axes_of, hours.items(), strict=False):
            times = np.asarray(times, float) % 24
            top = 0.0
            if len(times) >= ENOUGH:
                curve = density(times * np.pi / 12, grid * np.pi / 12) * np.pi / 12
                top = float(curve.max())
                axes.fill_between(grid, curve, color=style.COLOURS[0], alpha=0.25, linewidth=0)
                axes.plot(grid, curve, color=style.COLOURS[0])
            top = top or 1.0
            shown = times if len(times) <= 400 else np.sort(times)[:: -(-len(times) // 400)]
            axes.vlines(shown, -0.13 * top, -0.03 * top, color=style.INK, linewidth=0.5, alpha=0.6)
            axes.set_ylim(-0.16 * top, 1.08 * top)
            axes.set_xlim(0, 24)
            axes.set_xticks([0, 6, 12, 18, 24])
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.tick_params(labelbottom=True)
            axes.set_title(f"{short(name, 22)} ({len(times):,})", fontsize=7.5, loc="left", pad=2)
            if len(times) < ENOUGH:
                axes.text(12, 0.5, "too few for a curve", ha="center", va="center", color=style.MUTED, fontsize=7)
        for axes in axes_of[len(hours) :]:
            axes.set_axis_off()
        figure.supxlabel("hour of the day, by the camera's clock (in brackets: number of events)", fontsize=8)
    return figure


def species_by_station(events: np.ndarray, species: Sequence[str], stations: Sequence[str]) -> Figure:
    """Draw a table of events, darker where there are more (one hue, by the root of the number).

    Parameters
    ----------
    events : (species, stations) int
        Independent events.
    species, stations : sequence of str
        Their names. Each row has its sum at the right.

    Returns
    -------
    matplotlib.figure.Figure
    """
    events = np.asarray(events)
    high = int(max(2, events.max(initial=0)))
    with style.settings():
        figure = style.new(0.95 + 0.24 * max(2, len(species)), NARROW if len(stations) <= _FEW else style.WIDTH)
        axes = figure.add_subplot()
        norm = PowerNorm(0.5, 0, 1.25 * high)
        image = axes.imshow(events, cmap="Blues", norm=norm, aspect="auto", interpolation="nearest")
        step = max(1, -(-len(stations) // 60))
        axes.set_xticks(
            range(0, len(stations), step),
            [short(name, 18) for name in stations[::step]],
            rotation=45 if len(stations) <= _WRITTEN else 90,
            ha="right" if len(stations) <= _WRITTEN else "center",
            rotation_mode="anchor" if len(stations) <= _WRITTEN else None,
        )
        labels = [f"{short(name)}  ({sum_:,})" for name, sum_ in zip(species, events.sum(axis=1), strict=True)]
        axes.set_yticks(range(len(species)), labels)
        axes.tick_params(length=0)
        axes.tick_params(axis="y", labelcolor=style.INK)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xticks(np.arange(len(stations) - 1) + 0.5, minor=True)
        axes.set_yticks(np.arange(len(species) - 1) + 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1.5 if len(stations) <= 60 else 0.3)
        axes.tick_params(which="minor", length=0)
        if len(stations) <= _WRITTEN:
            for (row, column), n in np.ndenumerate(events):
                if n:
                    colour = "white" if norm(n) > 0.6 else style.INK
                    axes.text(column, row, f"{n:,}", ha="center", va="center", fontsize=7, color=colour)
        else:
            bar = figure.colorbar(image, ax=axes, shrink=0.9, pad=0.01)
            bar.set_label("events")
            bar.ax.yaxis.set_major_formatter("{x:,.0f}")
            bar.outline.set_visible(False)
    return figure


def accumulation(effort: np.ndarray, expected: np.ndarray, days: np.ndarray, seen: np.ndarray, unit: str) -> Figure:
    """Draw how many species were seen after how much effort.

    Parameters
    ----------
    effort, expected : (n,) float
        Days of cameras, and the species that so many days, drawn at random, would have shown.
    days, seen : (m,) float
        Days of cameras and species seen, in the order of time.
    unit : str
        What a day of a camera is here, for the axis.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with style.settings():
        figure = style.new(2.7, NARROW)
        axes = figure.add_subplot()
        axes.step(days, seen, where="post", color=style.COLOURS[4], label="as they came", linewidth=1)
        axes.plot(effort, expected, color=style.COLOURS[0], label="expected (days in random order)", linewidth=1.6)
        axes.set_xlim(0, max(1.0, float(max(effort.max(initial=0), days.max(initial=0)))))
        axes.set_ylim(0, max(1.0, float(seen.max(initial=0))) * 1.12)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel(unit)
        axes.set_ylabel("species")
        axes.legend(loc="lower right")
    return figure
