"""What all figures share: sizes, colours, and saving without a trace of the day or the machine."""

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from camtrap.core.files import replacing

WIDTH = 7.1  # inches: two columns of most journals (180 mm)
DPI = 300
INK, MUTED, GREY, FAINT = "#222222", "#666666", "#c4c4c4", "#dddddd"
# Okabe and Ito 2008, without black and yellow (too faint on white); then muted ones of Tol (2021).
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#882255", "#999933", "#332288", "#661100")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_SETTINGS: dict[Any, Any] = {  # of names that matplotlib knows
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "svg.hashsalt": "camtrap",
    "svg.fonttype": "path",
    "path.simplify": True,
}
_PNG = {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 3}}  # a third larger than 6, in half the time
_SVG = {"metadata": {"Date": None, "Creator": None}}


def settings() -> AbstractContextManager[None]:
    """Context in which a figure is drawn and saved."""
    return rc_context(_SETTINGS)


def new(height: float, width: float = WIDTH) -> Figure:
    """An empty figure, inches, whose parts keep clear of each other; it does not enter pyplot's list."""
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, paths: str | os.PathLike | Iterable[str | os.PathLike], dpi: int = DPI) -> None:
    """Write a figure as PNG or SVG (by suffix), atomically, the same bytes for the same figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    paths : path, or several
        Other suffixes raise ValueError.
    dpi : int
        Dots per inch of a PNG, and of what is rasterised in an SVG.
    """
    for path in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
        suffix = Path(path).suffix.lower()
        if suffix not in (".png", ".svg"):
            raise ValueError(f"{path}: figures are saved as .png or .svg")
        options = _PNG if suffix == ".png" else _SVG
        with settings(), replacing(path) as temporary:
            figure.savefig(temporary, format=suffix[1:], dpi=dpi, facecolor="white", **options)
        figure.set_layout_engine(None)  # the parts have their places now: the next file is written in half the time


def clean(axes: Axes) -> None:
    """Take the ticks away from axes whose units mean nothing."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(GREY)
