"""The pictures of the page as data URIs, kept within a budget so that the page stays one that can be sent by mail."""

import base64
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from camtrap.pictures.crops import stored_crops, thumbnail
from camtrap.show.paper import ROLES

if TYPE_CHECKING:
    from PIL.Image import Image

MOST = 1_500  # crops on one page
FEW = 900  # up to so many they are shown larger
ROW = 6  # crops side by side
LARGE, SMALL, QUALITY = 144, 120, 80  # px, px, JPEG quality
_FIGURE_WIDTH, _FIGURE_BYTES = 1_500, 200_000


def bands(representatives: pd.DataFrame, sizes: dict[int, int]) -> dict[int, dict[str, list[str]]]:
    """Choose which crops are shown of each cluster: {cluster: {role: crop ids}}, a crop once.

    Where the crops nearest the centre are already the whole cluster, that is its only band. Outliers take precedence over the spread, so
    that an outlier is named as such. With many clusters each shows fewer.
    """
    wanted = {int(name): _bands(part, sizes.get(int(name), 0)) for name, part in representatives.groupby("cluster")}
    if -1 in wanted:  # noise has no centre
        wanted[-1] = {"nearest": [crop for ids in wanted[-1].values() for crop in ids]}
    limit = max((len(ids) for roles in wanted.values() for ids in roles.values()), default=0)
    while limit > 1 and sum(len(ids[:limit]) for roles in wanted.values() for ids in roles.values()) > MOST:
        limit -= 1
    return {name: {role: ids[:limit] for role, ids in roles.items()} for name, roles in wanted.items()}


def _bands(part: pd.DataFrame, size: int) -> dict[str, list[str]]:
    of = {role: list(part.loc[part["role"] == role, "crop_id"]) for role in ROLES}
    near = of["nearest"]
    if len(near) == size:
        return {"nearest": near}
    outliers = [crop for crop in of["outlier"] if crop not in near]
    spread = [crop for crop in of["spread"] if crop not in near and crop not in outliers]
    if len(near) + len(spread) + len(outliers) < size and len(spread) > ROW:
        spread = spread[: len(spread) // ROW * ROW]  # whole rows
    return {role: ids for role, ids in zip(ROLES, (near, spread, outliers), strict=True) if ids}


def crops(crops_table: str | os.PathLike, files: Iterable[str | os.PathLike], crop_ids: list[str]) -> dict[str, dict]:
    """Of each crop its data URI, width and height in pixels."""
    side = LARGE if len(crop_ids) <= FEW else SMALL
    shown = {}
    for crop_id, data in stored_crops(crops_table, files, crop_ids):
        image = thumbnail(data, side)
        shown[crop_id] = {"uri": _jpeg(image), "width": image.width, "height": image.height}
    return shown


def _jpeg(image: "Image") -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return _uri("image/jpeg", buffer.getvalue())


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def figure(path: Path) -> dict:
    """A PNG figure as data URI, width and height; a heavy one is made smaller and takes 256 colours."""
    from PIL import Image

    with Image.open(path) as image:
        image.load()
        size, data = image.size, Path(path).read_bytes()
        if len(data) > _FIGURE_BYTES or image.width > _FIGURE_WIDTH:
            flat = Image.new("RGB", image.size, "white")
            flat.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
            flat.thumbnail((_FIGURE_WIDTH, 10 * _FIGURE_WIDTH), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            flat.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
            size, data = flat.size, buffer.getvalue()
    return {"uri": _uri("image/png", data), "width": size[0], "height": size[1]}
