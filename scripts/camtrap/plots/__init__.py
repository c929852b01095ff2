"""Figures that are fit for a paper: legible, safe for the colour-blind, the same bytes for the same data."""

from camtrap.plots.hours import hours
from camtrap.plots.scatter import scatter
from camtrap.plots.scores import silhouette_diagram, stability, sweep
from camtrap.plots.style import save

__all__ = ["hours", "save", "scatter", "silhouette_diagram", "stability", "sweep"]
