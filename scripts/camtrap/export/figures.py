"""Figures of what was seen: activity, species by station, accumulation of species, calendar of stations; each as PNG and SVG."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.special import gammaln

from camtrap.core.files import replacing_folder, write_json
from camtrap.export.effort import days_by_station
from camtrap.export.records import Survey
from camtrap.export.seen import pictures_of, seen
from camtrap.metadata.deployments import Stations
from camtrap.show import plots
from camtrap.show.plots import days as marks

__all__ = ["accumulated", "draw", "expected_species"]

SHOWN = 24  # species with a curve of their own
TALLEST = 45  # species in the figure of stations


def draw(survey: Survey, out: Path, stations: Stations | None = None) -> dict:
    """Draw the figures that can be drawn into the folder ``out`` (made anew).

    Parameters
    ----------
    survey : Survey
        People are in no figure of species.
    out : Path
        ``NAME.png``, ``NAME.svg``, and ``figures.json``: what is returned.
    stations : Stations, optional
        The table of stations, for the effort.

    Returns
    -------
    dict
        ``figures``, a list of {name, title, caption}, and ``lacking``, sentences on what could not be drawn and why.
    """
    named = seen(survey)
    events = _events(named)
    by_day = days_by_station(pictures_of(survey), stations)
    figures: list[tuple[dict, Figure]] = []
    lacking: list[str] = []
    if not len(named):
        lacking.append(
            "No crop has the name of a species yet, so there is no activity of species, no table of species by station and no "
            "accumulation of species. They are drawn when crops have names."
        )
    else:
        figures.append(_by_station(events))
        timed = events[events["datetime"].notna()]
        if len(timed):
            figures += [_activity(timed), _accumulation(timed, by_day)]
        else:
            lacking.append(
                "No picture of a named animal has a time that can be trusted, so there is no activity over the day and no "
                "accumulation of species."
            )
    if len(by_day):
        figures.append(_calendar(by_day))
    else:
        lacking.append("No picture has a time that can be trusted, so there is no calendar of the stations.")
    about = {"figures": [text for text, _ in figures], "lacking": lacking}
    with replacing_folder(out) as folder:
        for text, figure in figures:
            plots.save(figure, [folder / f"{text['name']}.png", folder / f"{text['name']}.svg"], dpi=200)
        write_json(folder / "figures.json", about)
    return about


def _events(named: pd.DataFrame) -> pd.DataFrame:
    """One row per name and independent event, with the time of its first picture."""
    found = named.groupby(["name", "event"], as_index=False, sort=True, observed=True).agg(
        station=("station", "first"), datetime=("datetime", "min"), crops=("picture", "size")
    )
    return found.astype({"name": object, "station": object})


def _ranked(events: pd.DataFrame) -> list[str]:
    counts = events["name"].value_counts()
    return sorted(counts.index, key=lambda name: (-counts[name], name))


def _by_station(events: pd.DataFrame) -> tuple[dict, Figure]:
    species = _ranked(events)[:TALLEST]
    table = events.groupby(["name", "station"]).size().unstack(fill_value=0)
    places = sorted(table.columns)
    left = _left_out(len(table), len(species))
    figure = plots.species_by_station(table.loc[species, places].to_numpy(), species, places)
    caption = f"Independent events of each species at each station{left}. The number beside a name is its sum."
    return {"name": "species_by_station", "title": "Species by station", "caption": caption}, figure


def _activity(timed: pd.DataFrame) -> tuple[dict, Figure]:
    species = _ranked(timed)[:SHOWN]
    times = timed["datetime"]
    hours = times.dt.hour + times.dt.minute / 60 + times.dt.second / 3600
    of = {name: hours[timed["name"] == name].to_numpy() for name in species}
    caption = (
        "Kernel density on the circle (von Mises; Ridout and Linkie 2009) of the first picture of each "
        f"independent event{_left_out(timed['name'].nunique(), len(species))}. The marks are the events. Each curve has its own height."
    )
    return {"name": "activity", "title": "Activity over the day", "caption": caption}, plots.activity(of)


def _left_out(there: int, shown: int) -> str:
    return f" ({shown} of {there} species, those with the most events)" if shown < there else ""


def _accumulation(timed: pd.DataFrame, days: pd.DataFrame) -> tuple[dict, Figure]:
    effort, expected, spent, known = accumulated(timed, days)
    by_table = bool(days["deployed"].any())
    unit = "camera-days (table of stations, and days with pictures)" if by_table else "camera-days with pictures"
    caption = (
        f"How many species {spent[-1]:,.0f} camera-days showed. A curve that still climbs says that species are missing. "
        + (
            "Camera-days are those of the table of stations, and other days with pictures."
            if by_table
            else "Days without a picture are not counted, as no table of stations says when the cameras stood: the effort is a lower bound."
        )
    )
    figure = plots.accumulation(effort, expected, spent, known, unit)
    return {"name": "accumulation", "title": "Species over effort", "caption": caption}, figure


def accumulated(timed: pd.DataFrame, days: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """How the list of species grows with the effort.

    Parameters
    ----------
    timed : DataFrame
        One row per event: name, station, datetime.
    days : DataFrame
        As :func:`camtrap.export.effort.days_by_station`; it has all days of the events.

    Returns
    -------
    effort, expected : (n,) float
        As :func:`expected_species`.
    spent, known : (m,) float
        Camera-days up to the end of each date, and species seen until then; the first is 0, 0.
    """
    dated = timed.assign(day=timed["datetime"].dt.normalize())
    frequency = dated.drop_duplicates(["name", "station", "day"])["name"].value_counts().to_numpy()
    effort, expected = expected_species(frequency, len(days))
    per_date = days.groupby("day").size()
    first = dated.groupby("name")["day"].min().value_counts().reindex(per_date.index, fill_value=0)
    return effort, expected, np.r_[0, per_date.cumsum()].astype(float), np.r_[0, first.cumsum()].astype(float)


def expected_species(frequency: np.ndarray, total: int, most: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Expected number of species in samples drawn at random without replacement ("Mao Tau"; Colwell et al. 2004, Ecology 85).

    Parameters
    ----------
    frequency : (s,) int
        In how many of the samples each species was.
    total : int
        Number of samples.
    most : int
        Number of points of the curve.

    Returns
    -------
    n, species : (m,) float
        From 0 to ``total`` samples.
    """
    n = np.unique(np.linspace(0, total, min(total, most) + 1).round()).astype(float)
    frequency = np.asarray(frequency, float)[:, None]
    rest = total - frequency
    with np.errstate(invalid="ignore"):
        # log of the share of draws without the species: C(total - f, n) / C(total, n)
        missed = gammaln(rest + 1) - gammaln(np.maximum(rest - n, 0) + 1) - gammaln(total + 1) + gammaln(total - n + 1)
    share = np.where(n <= rest, np.exp(missed), 0.0)
    return n, (1 - share).sum(axis=0)


def _calendar(days: pd.DataFrame) -> tuple[dict, Figure]:
    first, last = days["day"].min(), days["day"].max()
    stations = sorted(days["station"].unique())
    kinds = np.full((len(stations), (last - first).days + 1), marks.NOTHING)
    row = days["station"].map({name: at for at, name in enumerate(stations)}).to_numpy()
    kind = np.where(days["animals"] > 0, marks.ANIMALS, np.where(days["pictures"] > 0, marks.PICTURES, marks.DEPLOYED))
    kinds[row, (days["day"] - first).dt.days.to_numpy()] = kind
    caption = "Days with pictures at each station. White: nothing is known of the camera on that day."
    return (
        {"name": "calendar", "title": "Calendar of the stations", "caption": caption},
        plots.calendar(kinds, stations, first.date()),
    )
