"""Figures that are fit for a paper: legible, safe for the colour-blind, the same bytes for the same data."""

from camtrap.show.plots.days import calendar
from camtrap.show.plots.hours import hours
from camtrap.show.plots.scatter import scatter
from camtrap.show.plots.scores import silhouette_diagram, stability, sweep
from camtrap.show.plots.species import accumulation, activity, species_by_station
from camtrap.show.plots.style import save

__all__ = [
    "accumulation",
    "activity",
    "calendar",
    "hours",
    "save",
    "scatter",
    "silhouette_diagram",
    "species_by_station",
    "stability",
    "sweep",
]
