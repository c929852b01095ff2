"""A folder for colleagues: the map, the groups and small pictures as sheets, opened from a file, without a server or a network.

It is read-only: who wants to say something uses the page (`camtrap.review`). ``export.people`` says what is
shown of people.
"""

import base64
import io
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from camtrap.core.files import read_parquet, replacing_folder
from camtrap.export.privacy import OPEN, Privacy
from camtrap.pictures.encode import encoded
from camtrap.review.thumbs import SIDE, Thumbs

__all__ = ["export"]

PAGE = Path(__file__).parent / "explorer_page"
ACROSS, DOWN = 12, 20  # small pictures on a sheet
MOST = 1_200  # of one group; of a larger one some are shown, evenly from the most typical to the oddest
_COARSE = 8  # px of a person
_NOWHERE = 65_535


def export(
    crops: Path,
    clusters: Path,
    plane: Path,
    names: Mapping[int, str],
    thumbs: Iterable[str | Path],
    out: Path,
    title: str,
    labels: Path | None = None,
    private: Privacy = OPEN,
) -> None:
    """Write the folder.

    Parameters
    ----------
    crops, clusters, plane : Path
        ``tables/crops.parquet``, ``clusters.parquet``, ``project.parquet``.
    names : mapping
        {cluster: name}; with ``labels`` each crop's own name counts.
    thumbs : iterable of path
        ``thumbs/{shard}.bin`` of all shards.
    out : Path
        The folder ``explorer``: ``index.html``, its script, style and data, and ``sheets/``.
    title : str
    labels : Path, optional
        ``tables/labels.parquet``.
    private : Privacy
        Crops of pictures with people are left out, coarse squares (``blur``), or as they are.
    """
    table = read_parquet(crops, columns=["crop_id", "path", "shard", "row", "station", "datetime", "burst"])
    paths = table["path"].to_pylist()
    table = table.set_column(1, "coarse", pa.array([private.withholds_crop(path) for path in paths], pa.bool_()))
    table = table.filter(pa.array([not private.hides(path) for path in paths], pa.bool_())).combine_chunks()
    ids = table["crop_id"].combine_chunks()
    group, listed, distance = _groups(ids, clusters, names, labels)
    reader = Thumbs(Path(next(iter(thumbs), ".")).parent.parent)
    with replacing_folder(out) as folder:
        (folder / "sheets").mkdir()
        for page in sorted(PAGE.iterdir()):
            shutil.copyfile(page, folder / page.name)
        told = []
        for number, about in enumerate(listed):
            rows = np.flatnonzero(group == number)
            told.append(about | _about(table, rows) | _sheets(table, rows, distance, reader, folder, number))
        data = {"title": title, "crops": len(ids), "groups": told, "places": _places(ids, plane)}
        data["codes"] = base64.b64encode(group.astype("<u2").tobytes()).decode()
        # a script, as a page that was opened from a file may read no other file
        text = json.dumps(data, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
        (folder / "data.js").write_text(f"window.SURVEY = {text};\n", encoding="ascii")


def _groups(
    ids: pa.Array, clusters: Path, names: Mapping[int, str], labels: Path | None
) -> tuple[np.ndarray, list[dict[str, Any]], np.ndarray]:
    """Of each crop its group, int64; of each group its name and kind, largest first; each crop's distance from its cluster's mean."""
    found = read_parquet(clusters, columns=["crop_id", "cluster", "distance"])
    at = pc.index_in(ids, found["crop_id"].combine_chunks())
    cluster = pc.fill_null(found["cluster"].combine_chunks().take(at), -1).to_numpy()
    distance = pc.fill_null(found["distance"].combine_chunks().take(at), np.inf).to_numpy()
    key: list[tuple[str, str]] = [
        ("named", names[c]) if c in names else ("open", f"Group {c}") if c >= 0 else ("noise", "In no group")
        for c in cluster.tolist()
    ]
    if labels:
        said = read_parquet(labels, columns=["crop_id", "state", "name"])
        at = pc.index_in(ids, said["crop_id"].combine_chunks())
        state, name = (said[column].combine_chunks().take(at).to_pylist() for column in ("state", "name"))
        away = {"rejected": ("rejected", "Rejected"), "unsure": ("unsure", "Not sure")}
        key = [
            ("named", n) if n else away.get(s) or (k if k[0] != "named" else ("open", "Without a name"))
            for s, n, k in zip(state, name, key, strict=True)
        ]
    last = {"rejected": 1, "unsure": 1, "noise": 1}
    count: dict[tuple[str, str], int] = {}
    for one in key:
        count[one] = count.get(one, 0) + 1
    order = sorted(count, key=lambda one: (last.get(one[0], 0), -count[one], one))
    place = {one: number for number, one in enumerate(order)}
    return np.array([place[one] for one in key], np.int64), [{"kind": k, "name": n} for k, n in order], distance


def _about(table: pa.Table, rows: np.ndarray) -> dict[str, Any]:
    part = table.take(pa.array(rows))
    when = part["datetime"].to_numpy()
    hours = when[~np.isnat(when)].astype("datetime64[h]").astype(np.int64) % 24
    stations = part["station"].drop_null().value_counts().to_pylist()
    stations.sort(key=lambda one: -one["counts"])
    return {
        "crops": len(rows),
        "bursts": len(part["burst"].unique()),
        "hours": np.bincount(hours, minlength=24).tolist(),
        "stations": [[one["values"], one["counts"]] for one in stations[:20]],
        "nStations": len(stations),
    }


def _sheets(
    table: pa.Table,
    rows: np.ndarray,
    distance: np.ndarray,
    reader: Thumbs,
    folder: Path,
    number: int,
) -> dict[str, Any]:
    """Draw the small pictures of a group on sheets, the most typical first."""
    rows = rows[np.argsort(distance[rows], kind="stable")]
    if len(rows) > MOST:
        rows = rows[np.linspace(0, len(rows) - 1, MOST).astype(int)]
    part = table.take(pa.array(rows))
    shard = part["shard"].combine_chunks().dictionary_encode()
    code, listed = shard.indices.to_numpy(), shard.dictionary.to_pylist()
    row = part["row"].to_numpy()
    pictures: list[bytes] = [b""] * len(rows)
    for which, name in enumerate(listed):
        at = np.flatnonzero(code == which)
        for place, data in zip(at.tolist(), reader.read(name, row[at].tolist()), strict=True):
            pictures[place] = data
    coarse = part["coarse"].to_pylist()
    files: list[tuple[str, int, int]] = []
    for start in range(0, len(pictures), ACROSS * DOWN):
        some = pictures[start : start + ACROSS * DOWN]
        sheet = Image.new("RGB", (ACROSS * SIDE, -(-len(some) // ACROSS) * SIDE), (59, 64, 61))
        for place, data in enumerate(some):
            if data:
                image: Image.Image = Image.open(io.BytesIO(data))
                if coarse[start + place]:
                    image = image.resize((_COARSE, _COARSE)).resize(image.size, Image.Resampling.NEAREST)
                x, y = place % ACROSS * SIDE, place // ACROSS * SIDE
                sheet.paste(image, (x + (SIDE - image.width) // 2, y + (SIDE - image.height) // 2))
        files.append((f"sheets/{number:04d}-{len(files):02d}.jpg", sheet.width, sheet.height))
        (folder / files[-1][0]).write_bytes(encoded(sheet, "JPEG", quality=82))
    return {"sheets": files, "shown": len(rows)}


def _places(ids: pa.Array, plane: Path) -> str:
    """The place of each crop in the map, two uint16 each, base64; 65,535 where it has none."""
    table = read_parquet(plane)
    which = "umap" if "umap_x" in table.column_names else "tsne"
    xy = np.stack([table[f"{which}_{axis}"].to_numpy() for axis in "xy"], 1)
    there = np.isfinite(xy).all(1)
    place = np.full((len(ids), 2), _NOWHERE, "<u2")
    if there.any():
        low, high = xy[there].min(0), xy[there].max(0)
        scaled = (xy[there] - low) / max(float((high - low).max()), 1e-9) * 65_000
        known = table["crop_id"].combine_chunks().filter(pa.array(there))
        rows = pc.fill_null(pc.index_in(known, ids), -1).to_numpy()
        place[rows[rows >= 0]] = scaled[rows >= 0].astype(np.uint16)
    return base64.b64encode(place.tobytes()).decode()
