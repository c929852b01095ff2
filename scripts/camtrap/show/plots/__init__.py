"""Figures that are fit for a paper: legible, safe for the colour-blind, the same bytes for the same data."""

from camtrap.show.plots.hours import hours
from camtrap.show.plots.scatter import scatter
from camtrap.show.plots.scores import silhouette_diagram, stability, sweep
from camtrap.show.plots.style import save

__all__ = ["hours", "save", "scatter", "silhouette_diagram", "stability", "sweep"]
