"""See what preprocessing does: original, box, crop and network input of some pictures, side by side."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from camtrap.core.errors import UserError
from camtrap.core.files import replacing
from camtrap.pictures.encode import encoded
from camtrap.show import paper

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

Load: TypeAlias = Callable[[str], np.ndarray]
Crop: TypeAlias = Callable[[np.ndarray, tuple[float, float, float, float]], np.ndarray]
Transform: TypeAlias = Callable[[np.ndarray], np.ndarray]
Panel: TypeAlias = "tuple[Image, tuple[int, int]]"
_SIDE, _WIDE, _GAP, _MARGIN, _LINE = 256, 384, 10, 16, 20
_BOX = (230, 159, 0)
_COLUMNS = (("original", _WIDE), ("box", _WIDE), ("crop", _SIDE), ("network input", _SIDE))


def choose(
    crops: "pd.DataFrame",
    n: int = 8,
    names: Sequence[str] = (),
    images: "pd.DataFrame | None" = None,
    seed: int = 0,
) -> list[dict]:
    """Choose what to show: a random sample of the crops, or every crop of the pictures named.

    Parameters
    ----------
    crops : DataFrame
        ``tables/crops.parquet``: crop_id, path, category, conf, x, y, w, h.
    n : int
        Size of the sample; not used where there are names.
    names : sequence of str
        Paths, ends of paths or file names; every picture that ends so is shown.
    images : DataFrame, optional
        ``tables/images.parquet``: path. With it a picture without a crop can be shown, too.
    seed : int

    Returns
    -------
    list of dict
        path, crop_id, category, conf, box (x, y, w, h; relative), for :func:`preview`; box is None for a picture without
        a crop. By path and crop_id.

    Raises
    ------
    UserError
        A name that no picture has, or no crop to choose from.
    """
    crops = crops.sort_values(["path", "crop_id"], ignore_index=True)
    if names:
        known = set(crops["path"]) | (set(images["path"]) if images is not None else set())
        wanted: set[str] = set()
        for name in names:
            found = {path for path in known if f"/{path}".endswith("/" + name.removeprefix("./"))}
            if not found:
                raise UserError(
                    f"preview.pictures: no picture of the survey is called {name!r}; see tables/images.parquet"
                )
            wanted |= found
        picked = crops[crops["path"].isin(wanted)]
        rows: list[dict] = [{"path": path, "box": None} for path in wanted - set(picked["path"])]
    else:
        if crops.empty:
            raise UserError("preview: this survey has no crops; name pictures in preview.pictures")
        chosen = np.random.default_rng(seed).choice(len(crops), min(n, len(crops)), replace=False)
        picked, rows = crops.iloc[np.sort(chosen)], []
    for row in picked.itertuples(index=False):
        box = tuple(float(value) for value in (row.x, row.y, row.w, row.h))
        rows.append(
            {"path": row.path, "crop_id": row.crop_id, "category": row.category, "conf": float(row.conf), "box": box}
        )
    return sorted(rows, key=lambda row: (row["path"], row.get("crop_id", "")))


def preview(
    rows: Sequence[Mapping],
    load: Load,
    crop: Crop,
    transform: Transform,
    out: str | os.PathLike,
    mean: Sequence[float] = (0.0, 0.0, 0.0),
    std: Sequence[float] = (1.0, 1.0, 1.0),
) -> list[tuple[str, str]]:
    """Draw one sheet, a row for each detection.

    Parameters
    ----------
    rows : sequence of mapping
        As :func:`choose` gives them; only path and box must be there.
    load : path -> (height, width, 3) uint8
        The picture as the detector saw it (EXIF rotation applied).
    crop : picture, box -> (side, side, 3) uint8
    transform : crop -> (3, height, width) float
        What the network gets: resized and normalised by ``mean`` and ``std`` (of values 0 to 1), which are undone for show.
    out : path
        .jpg or .png.

    Returns
    -------
    list of (path, reason)
        Pictures that could not be shown; their place on the sheet says why.
    """
    from PIL import Image, ImageDraw

    suffix = Path(out).suffix.lower()
    kind = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}.get(suffix)
    if kind is None:
        raise ValueError(f"{out}: a preview is saved as .jpg or .png")
    height = _SIDE + 2 * _LINE + _GAP
    width = 2 * _MARGIN + sum(w for _, w in _COLUMNS) + _GAP * (len(_COLUMNS) - 1)
    sheet = Image.new("RGB", (width, 2 * _MARGIN + max(1, len(rows)) * height), paper.PAPER)
    pen, large, small = ImageDraw.Draw(sheet), paper.font(14), paper.font(12)
    failures = []
    for number, row in enumerate(rows):
        y = _MARGIN + number * height
        pen.text((_MARGIN, y), _caption(row, large, width - 2 * _MARGIN), paper.INK, large)
        try:
            panels = _panels(row, load, crop, transform, mean, std)
        except Exception as error:  # whatever is wrong with one picture, the others are shown
            reason = (str(error) or type(error).__name__).splitlines()[0]
            failures.append((row["path"], reason))
            pen.text((_MARGIN, y + 2 * _LINE), f"cannot be shown: {reason}", paper.MUTED, small)
            continue
        x = _MARGIN
        for (name, room), panel in zip(_COLUMNS, panels, strict=False):
            if panel is not None:
                pixels, size = panel
                pen.text((x, y + _LINE), f"{name}, {size[0]} × {size[1]}", paper.MUTED, small)
                sheet.paste(pixels, (x, y + 2 * _LINE))
            x += room + _GAP
    with replacing(out) as temporary:
        options = {"quality": 92, "subsampling": 0} if kind == "JPEG" else {}
        Path(temporary).write_bytes(encoded(sheet, kind, **options))
    return failures


def denormalise(values: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """Network input (3, height, width) float as a picture (height, width, 3) uint8: what the network sees."""
    values = np.asarray(values, np.float64)
    if values.ndim != 3 or values.shape[0] != 3:
        raise ValueError(f"the network input should be (3, height, width), not {values.shape}")
    scaled = values.transpose(1, 2, 0) * np.asarray(std) + np.asarray(mean)
    return np.clip(np.rint(scaled * 255), 0, 255).astype(np.uint8)


def _panels(
    row: Mapping, load: Load, crop: Crop, transform: Transform, mean: Sequence[float], std: Sequence[float]
) -> list[Panel]:
    """Original, box, crop and input as (PIL picture that fits, true size)."""
    from PIL import ImageDraw

    picture = load(row["path"])
    original = _shrink(picture, _WIDE)
    if row["box"] is None:
        return [original]
    marked, size = _shrink(picture, _WIDE)
    x, y, w, h = row["box"]
    corners = (x * marked.width, y * marked.height, (x + w) * marked.width, (y + h) * marked.height)
    ImageDraw.Draw(marked).rectangle(corners, outline=_BOX, width=2)
    cut = crop(picture, row["box"])
    return [original, (marked, size), _shrink(cut, _SIDE), _shrink(denormalise(transform(cut), mean, std), _SIDE)]


def _shrink(pixels: np.ndarray, width: int) -> Panel:
    """The picture shrunk to fit (never enlarged), and its true width and height."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels))
    size = image.size
    image.thumbnail((width, _SIDE), Image.Resampling.LANCZOS)
    return image, size


def _caption(row: Mapping, font: "FreeTypeFont", width: int) -> str:
    """Path, what was detected and how surely; shortened on the left, because names end in what tells them apart."""
    detail = "" if row["box"] is not None else "  no crop"
    if row.get("category"):
        detail = f"  {row['category']}" + (f" {row['conf']:.2f}" if row.get("conf") is not None else "")
    path = row["path"]
    while len(path) > 1 and font.getlength(path + detail) > width:
        path = "…" + path.lstrip("…")[1:]
    return path + detail
