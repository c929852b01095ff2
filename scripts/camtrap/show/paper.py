"""What contact sheets and the preview share: roles of crops in words, colours, the font, shortened texts."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

# Why a crop was chosen to stand for its cluster (show/representatives.py), in the order of showing.
ROLES = {"nearest": "Nearest the centre", "spread": "A spread over the cluster", "outlier": "Outliers"}
PAPER, INK, MUTED = (250, 249, 245), (34, 38, 31), (92, 99, 86)


def font(size: int) -> "FreeTypeFont":
    """DejaVu Sans, which comes with matplotlib: more alphabets than Pillow's own font."""
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)


def fit(text: str, font: "FreeTypeFont", width: int) -> str:
    """The text, cut at its end to a width in pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
