"""Read a table of true labels: CSV with whatever column names people give."""

import os
from typing import TYPE_CHECKING

import numpy as np

from camtrap.core.errors import TableError
from camtrap.core.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

# Column names are compared in lower case without anything but letters and digits; the first that is there counts.
ALIASES = {
    "crop_id": ("cropid", "crop"),
    "image_id": ("imageid", "sha256", "idsha256"),
    "path": (
        *("path", "filepath", "file", "filename", "relativepath", "imagepath", "image", "img", "picture"),
        *("sourcefile", "name", "ruta", "archivo"),
    ),
    "label": (
        *("label", "species", "kind", "class", "commonname", "scientificname", "taxon", "groundtruth", "truelabel"),
        *("truth", "especie", "etiqueta"),
    ),
    "category": ("category", "observationtype", "type"),
    "x": ("x", "bboxx", "boxx"),
    "y": ("y", "bboxy", "boxy"),
    "w": ("w", "bboxw", "bboxwidth", "boxw"),
    "h": ("h", "bboxh", "bboxheight", "boxh"),
}
BOX = ("x", "y", "w", "h")
_WORDS = {
    **dict.fromkeys(("empty", "blank", "nothing", "none", "no animal", "vacio", "vacío", "vacia", "vacía"), "empty"),
    **dict.fromkeys(("person", "people", "human", "homo sapiens", "persona", "humano"), "person"),
    **dict.fromkeys(("vehicle", "car", "truck", "vehiculo", "vehículo"), "vehicle"),
    **dict.fromkeys(("animal", "wildlife"), "animal"),
    **dict.fromkeys(("unknown", "unclassified", "unidentified", "unreadable"), None),
}


def read_labels(path: str | os.PathLike) -> "pd.DataFrame":
    """Read a label table.

    Parameters
    ----------
    path : path
        In any form that :mod:`camtrap.core.tables` reads. It needs a column that says
        which crop or picture is meant (crop_id, image_id, path or file name) and a label (label, species, kind, …) or
        a category; x, y, w, h (relative to the picture, from the left upper corner) say where the animal is.

    Returns
    -------
    pandas.DataFrame
        Columns line (int, in the file), crop_id, image_id, path, label, category (str, "" where not given; category one
        of animal, person, vehicle, empty, ""), x, y, w, h (float, NaN where not given); attribute ``notes``, a list of
        lines that say what was guessed.

    Raises
    ------
    TableError
        In one line: no such file, no such columns, no rows, no CSV, boxes in pixels.
    """
    import pandas as pd

    read = read_table(path, "evaluate.truth")
    notes = ["the table is not UTF-8: read as Windows-1252"] if read.encoding == "cp1252" else []
    found = read.columns(ALIASES)
    if not {"crop_id", "image_id", "path"} & found.keys():
        raise TableError(
            f"{path}: no column says which picture is meant (path, file, image_id or crop_id): {read.first_line}"
        )
    if not {"label", "category"} & found.keys():
        raise TableError(f"{path}: no column holds labels (label, species, kind, class, …): {read.first_line}")
    if not read.rows:
        raise TableError(f"{path}: the table of labels has no rows")

    rows = [{key: cells.get(key, "") for key in ALIASES} | {"line": line} for line, cells in read.cells(found)]
    table = pd.DataFrame(rows, columns=["line", "crop_id", "image_id", "path", "label", "category", *BOX])
    given = table["category"].str.lower()
    table["category"] = [category_of(c, label) for c, label in zip(given, table["label"], strict=True)]
    for key in BOX:
        table[key] = pd.to_numeric(table[key], errors="coerce").astype(float)
    _check_boxes(path, table)
    folded = table["label"].drop_duplicates()
    for _, same in folded.groupby(folded.str.casefold()):
        if len(same) > 1:
            notes.append(f"labels that differ only in capitals are different labels: {', '.join(sorted(same))}")
    table.attrs["notes"] = notes
    return table


def category_of(given: str, label: str) -> str:
    """Category of a row: as given, else by the label's meaning; "" where unknown."""
    for word in (given, label.lower()):
        if word in _WORDS:
            return _WORDS[word] or ""
    return "animal" if label else ""


def _check_boxes(path: str | os.PathLike, table: "pd.DataFrame") -> None:
    boxes = table[list(BOX)].to_numpy()
    there = np.isfinite(boxes).all(axis=1)
    if there.any() and np.median(boxes[there].max(axis=1)) > 1.01:
        raise TableError(
            f"{path}: the boxes are not relative (the median of the largest number is "
            f"{np.median(boxes[there].max(axis=1)):.0f}): divide x and w by the picture's width, y and h by its height"
        )
    good = there & (boxes >= -0.01).all(axis=1) & (boxes <= 1.01).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
    table.loc[~good, list(BOX)] = np.nan
