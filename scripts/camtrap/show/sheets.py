"""Contact sheets: of each cluster one picture with the crops nearest its centre, a spread over it, and its outliers."""

import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camtrap.core.files import TEMPORARY
from camtrap.pictures import decode

ROLES = {"nearest": "Nearest the centre", "spread": "A spread over the cluster", "outlier": "Outliers"}
_CELL, _GAP, _MARGIN, _COLUMNS = 160, 6, 18, 6
_PAPER, _INK, _MUTED = (250, 249, 245), (34, 38, 31), (92, 99, 86)


def stored_crops(crops_table: Path, crops_folder: Path, crop_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the stored picture of each crop asked for, reading only the row groups that hold them.

    Parameters
    ----------
    crops_table : Path
        ``tables/crops.parquet``, which knows shard and row.
    crops_folder : Path
        Folder of ``{shard}.parquet``.
    crop_ids : iterable of str

    Yields
    ------
    crop_id : str
    image : bytes
        JPEG or PNG; by shard and row. A crop that the table does not know is left out.

    Raises
    ------
    ValueError
        A file of crops does not hold the crop that the table says (it was made anew since).
    """
    table = pq.read_table(crops_table, columns=["crop_id", "shard", "row"], filters=_among(crop_ids))
    for shard, places in table.to_pandas().sort_values(["shard", "row"]).groupby("shard"):
        path = Path(crops_folder) / f"{shard}.parquet"
        with pq.ParquetFile(path) as file:
            sizes = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
            ends = np.cumsum(sizes)
            groups = np.searchsorted(ends, places["row"], side="right")
            for group, part in places.groupby(groups):
                held = _row_group(file, group, path)
                first = ends[group] - sizes[group]
                for crop_id, row in zip(part["crop_id"], part["row"], strict=True):
                    if held["crop_id"][row - first].as_py() != crop_id:
                        raise ValueError(f"{path}: row {row} is not the crop {crop_id}; run the rule collect again")
                    yield crop_id, held["image"][row - first].as_py()


def _among(crop_ids: Iterable[str]) -> pc.Expression:
    return pc.field("crop_id").isin(pa.array(sorted(set(crop_ids)), pa.string()))


def _row_group(file: pq.ParquetFile, group: int, path: Path):
    if group >= file.metadata.num_row_groups:
        raise ValueError(f"{path}: has fewer rows than the table of crops says; run the rule collect again")
    return file.read_row_group(group, columns=["crop_id", "image"])


def draw(representatives: Path, crops_table: Path, crops_folder: Path, out: Path) -> int:
    """Draw a contact sheet of each cluster, ``cluster_003.jpg``, and ``noise.jpg`` where there is noise.

    Parameters
    ----------
    representatives : Path
        Parquet: cluster, role, rank, crop_id.
    crops_table, crops_folder : Path
        As :func:`stored_crops` takes them.
    out : Path
        Folder; it appears whole or not at all, and holds afterwards these sheets only.

    Returns
    -------
    int
        Number of sheets.
    """
    chosen = pq.read_table(representatives).to_pandas().sort_values(["cluster", "role", "rank"])
    context = pq.read_table(
        crops_table,
        columns=["crop_id", "station", "datetime"],
        filters=_among(chosen["crop_id"]),
    ).to_pandas()
    captions = {row.crop_id: _caption(row.station, row.datetime) for row in context.itertuples()}
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = out.with_name(f"{TEMPORARY}{socket.gethostname()}-{os.getpid()}-{out.name}")
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir()
        clusters = list(chosen.groupby("cluster"))
        for start in range(0, len(clusters), 50):  # few enough pictures at once for any number of clusters
            some = clusters[start : start + 50]
            ids = [crop_id for _, part in some for crop_id in part["crop_id"]]
            cells = {crop_id: _cell(data) for crop_id, data in stored_crops(crops_table, crops_folder, ids)}
            for cluster, part in some:
                name = "noise" if cluster < 0 else f"cluster_{cluster:03d}"
                bands = {role: list(part.loc[part["role"] == role, "crop_id"]) for role in ROLES}
                title = "Noise: crops that fit no cluster" if cluster < 0 else f"Cluster {cluster}"
                sheet(title, bands, cells, captions).save(work / f"{name}.jpg", quality=88)
        _swap(work, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return len(clusters)


def _swap(new: Path, out: Path) -> None:
    """Put the new folder in the place of the old one."""
    old = new.with_name(new.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _caption(station, time) -> str:
    parts = [station if isinstance(station, str) else ""]
    parts.append(time.strftime("%Y-%m-%d %H:%M") if time == time and time is not None else "")
    return "\n".join(part for part in parts if part)


def _cell(data: bytes):
    """The stored crop as a PIL picture that fits a cell."""
    return thumbnail(data, _CELL)


def thumbnail(data: bytes, side: int):
    """Decode a stored crop into a PIL picture (RGB) whose longer side is at most ``side`` pixels."""
    from PIL import Image

    image = Image.fromarray(decode.decode(data))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def sheet(title: str, bands: dict[str, list[str]], cells: dict, captions: dict[str, str]):
    """Lay out one contact sheet.

    Parameters
    ----------
    title : str
    bands : dict of str to list of str
        Crop ids by role (:data:`ROLES`), in the order to show; an empty band is left out.
    cells, captions : dict
        By crop id: PIL picture; one or two lines of text below it. A crop without a picture gets an empty cell.

    Returns
    -------
    PIL.Image.Image
    """
    from PIL import Image, ImageDraw

    large, middle, small = (sheet_font(size) for size in (26, 17, 12))
    pitch, height = _CELL + _GAP, _CELL + 34
    bands = {role: ids for role, ids in bands.items() if ids}
    rows = sum(-(-len(ids) // _COLUMNS) for ids in bands.values())
    size = (2 * _MARGIN + _COLUMNS * pitch - _GAP, 2 * _MARGIN + 40 + len(bands) * 34 + rows * height)
    image = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(image)
    pen.text((_MARGIN, _MARGIN), title, _INK, large)
    y = _MARGIN + 40
    for role, ids in bands.items():
        pen.text((_MARGIN, y + 6), ROLES[role], _INK, middle)
        y += 34
        for number, crop_id in enumerate(ids):
            x, top = _MARGIN + number % _COLUMNS * pitch, y + number // _COLUMNS * height
            cell = cells.get(crop_id)
            if cell is None:
                pen.rectangle((x, top, x + _CELL, top + _CELL), outline=_MUTED)
            else:
                image.paste(cell, (x + (_CELL - cell.width) // 2, top + (_CELL - cell.height) // 2))
            for line, text in enumerate(captions.get(crop_id, "").split("\n")):
                pen.text((x, top + _CELL + 2 + 14 * line), _fit(text, small, _CELL), _MUTED, small)
        y += -(-len(ids) // _COLUMNS) * height
    return image


def sheet_font(size: int):
    """DejaVu Sans, which comes with matplotlib: more alphabets than Pillow's own font."""
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)


def _fit(text: str, font, width: int) -> str:
    """The text, shortened to a width in pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
