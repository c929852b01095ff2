"""Contact sheets: of each cluster one picture with the crops nearest its centre, a spread over it, and its outliers."""

import datetime
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from camtrap.core.files import read_parquet, replacing_folder
from camtrap.pictures.crops import among, stored_crops, thumbnail
from camtrap.pictures.encode import encoded
from camtrap.show import paper
from camtrap.show.paper import ROLES

if TYPE_CHECKING:
    from PIL.Image import Image

_CELL, _GAP, _MARGIN, _COLUMNS = 160, 6, 18, 6


def draw(
    representatives: str | os.PathLike,
    crops_table: str | os.PathLike,
    crops: Iterable[str | os.PathLike],
    out: str | os.PathLike,
) -> int:
    """Draw a contact sheet of each cluster, ``cluster_003.jpg``, and ``noise.jpg`` where there is noise.

    Parameters
    ----------
    representatives : path
        Parquet: cluster, role, rank, crop_id.
    crops_table, crops : path, iterable of path
        ``tables/crops.parquet``, and ``crops/{shard}.parquet`` of all shards.
    out : path
        Folder; it appears whole or not at all, and holds afterwards these sheets only.

    Returns
    -------
    int
        Number of sheets.
    """
    chosen = read_parquet(representatives).to_pandas().sort_values(["cluster", "role", "rank"])
    context = read_parquet(
        crops_table,
        columns=["crop_id", "station", "datetime"],
        filters=among(chosen["crop_id"]),
    ).to_pandas()
    captions = {row.crop_id: _caption(row.station, row.datetime) for row in context.itertuples()}
    crops = list(crops)
    clusters = list(chosen.groupby("cluster"))
    with replacing_folder(out) as folder:
        for start in range(0, len(clusters), 50):  # few enough pictures at once for any number of clusters
            some = clusters[start : start + 50]
            ids = [crop_id for _, part in some for crop_id in part["crop_id"]]
            cells = {crop_id: thumbnail(data, _CELL) for crop_id, data in stored_crops(crops_table, crops, ids)}
            for cluster, part in some:
                name = "noise" if cluster < 0 else f"cluster_{cluster:03d}"
                bands = {role: list(part.loc[part["role"] == role, "crop_id"]) for role in ROLES}
                title = "Noise: crops that fit no cluster" if cluster < 0 else f"Cluster {cluster}"
                picture = encoded(sheet(title, bands, cells, captions), "JPEG", quality=88)
                (folder / f"{name}.jpg").write_bytes(picture)
    return len(clusters)


def _caption(station: str | None, time: datetime.datetime | None) -> str:
    parts = [station if isinstance(station, str) else ""]
    parts.append(time.strftime("%Y-%m-%d %H:%M") if time == time and time is not None else "")
    return "\n".join(part for part in parts if part)


def sheet(
    title: str, bands: Mapping[str, list[str]], cells: Mapping[str, "Image"], captions: Mapping[str, str]
) -> "Image":
    """Lay out one contact sheet.

    Parameters
    ----------
    title : str
    bands : mapping of str to list of str
        Crop ids by role (:data:`camtrap.show.paper.ROLES`), in the order to show; an empty band is left out.
    cells, captions : mapping
        By crop id: PIL picture; one or two lines of text below it. A crop without a picture gets an empty cell.

    Returns
    -------
    PIL.Image.Image
    """
    from PIL import Image, ImageDraw

    large, middle, small = (paper.font(size) for size in (26, 17, 12))
    pitch, height = _CELL + _GAP, _CELL + 34
    bands = {role: ids for role, ids in bands.items() if ids}
    rows = sum(-(-len(ids) // _COLUMNS) for ids in bands.values())
    size = (2 * _MARGIN + _COLUMNS * pitch - _GAP, 2 * _MARGIN + 40 + len(bands) * 34 + rows * height)
    image = Image.new("RGB", size, paper.PAPER)
    pen = ImageDraw.Draw(image)
    pen.text((_MARGIN, _MARGIN), title, paper.INK, large)
    y = _MARGIN + 40
    for role, ids in bands.items():
        pen.text((_MARGIN, y + 6), ROLES[role], paper.INK, middle)
        y += 34
        for number, crop_id in enumerate(ids):
            x, top = _MARGIN + number % _COLUMNS * pitch, y + number // _COLUMNS * height
            cell = cells.get(crop_id)
            if cell is None:
                pen.rectangle((x, top, x + _CELL, top + _CELL), outline=paper.MUTED)
            else:
                image.paste(cell, (x + (_CELL - cell.width) // 2, top + (_CELL - cell.height) // 2))
            for line, text in enumerate(captions.get(crop_id, "").split("\n")):
                pen.text((x, top + _CELL + 2 + 14 * line), paper.fit(text, small, _CELL), paper.MUTED, small)
        y += -(-len(ids) // _COLUMNS) * height
    return image
