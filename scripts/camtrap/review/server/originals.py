"""The stored crops and the whole pictures, asked for by number: no path comes from the page."""

import io
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from camtrap.core.errors import PictureError, UserError
from camtrap.core.files import open_parquet, read_parquet
from camtrap.core.paths import Roots
from camtrap.pictures import decode
from camtrap.review.server.survey import Survey

__all__ = ["Originals"]

_SIDE = 1_600  # px of the longer side of a whole picture as it is shown
_AROUND = 6  # pictures before and after


class Originals:
    """Crops at full size, pictures, and what was taken before and after.

    Parameters
    ----------
    survey : Survey
    images : str, dict or None
        Where the pictures lie (`core.paths.Roots`); None: only crops can be shown.
    """

    def __init__(self, survey: Survey, images: str | dict[str, str] | None):
        self.survey = survey
        self.roots = Roots(images) if images else None
        self._lock = threading.Lock()
        self._table: pa.Table | None = None

    def crop(self, row: int) -> tuple[bytes, str]:
        """The stored crop: its bytes and its type."""
        shard = self.survey.listed["shard"][self.survey.code["shard"][row]]
        place = int(self.survey.row[row])
        with open_parquet(self.survey.results / "crops" / f"{shard}.parquet") as file:
            for group in range(file.metadata.num_row_groups):
                held = file.metadata.row_group(group).num_rows
                if place < held:
                    data = file.read_row_group(group, columns=["image"])["image"][place].as_py()
                    return data, "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
                place -= held
        raise UserError(f"{shard}: has fewer crops than the table says; run the rule collect again")

    def picture(self, number: int) -> bytes:
        """A whole picture as a JPEG of at most 1,600 px, upright, without its EXIF.

        Raises
        ------
        UserError
            It cannot be read: why.
        """
        table, _ = self._images()
        if not 0 <= number < table.num_rows:
            raise UserError("there is no such picture")
        path = table["path"][number].as_py()
        if self.roots is None:
            raise UserError(f"{path}: start the page with --images FOLDER to see whole pictures")
        try:
            image = Image.fromarray(decode.load(self.roots, path))
        except PictureError as error:
            raise UserError(f"{path}: {error}") from None
        image.thumbnail((_SIDE, _SIDE))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=88)
        return buffer.getvalue()

    def about(self, row: int) -> dict[str, Any]:
        """Of a crop: its picture's number and path, the boxes in it, the pictures before and after at the same station."""
        survey = self.survey
        table, order = self._images()
        image = self._image[row].as_py()
        number = int(pc.index(table["image_id"], image).as_py())
        station = survey.code["station"][row]
        when = survey.when[row]
        found: dict[str, Any] = {
            "row": row,
            "crop": survey.crop_id[row].as_py(),
            "station": survey.listed["station"][station] if station >= 0 else None,
            "when": None if np.isnat(when) else str(when).replace("T", " "),
            "infrared": bool(survey.infrared[row]),
            "person": bool(survey.person[row]),
            "category": survey.listed["category"][survey.code["category"][row]],
            "conf": round(float(survey.conf[row]), 3),
            "box": survey.box[row].round(5).tolist(),
        }
        if number < 0:
            return found
        at = int(np.flatnonzero(order == number)[0])
        near = order[max(at - _AROUND, 0) : at + _AROUND + 1]
        here = table["station"][number].as_py()
        picked = table.take(pa.array(near)).to_pylist()
        inside = self._rows_of([one["image_id"] for one in picked])
        found["picture"] = number
        found["path"] = table["path"][number].as_py()
        found["around"] = [
            self._one(int(n), one, inside.get(one["image_id"], []))
            for n, one in zip(near, picked, strict=True)
            if one["station"] == here
        ]
        return found

    def _rows_of(self, images: list[str | None]) -> dict[str, list[int]]:
        """The crops of each of these pictures."""
        wanted = pa.array([image for image in images if image is not None], pa.string())
        rows = np.flatnonzero(pc.is_in(self._image, wanted).to_numpy(zero_copy_only=False))
        found: dict[str, list[int]] = {}
        for row in rows.tolist():
            found.setdefault(self._image[row].as_py(), []).append(row)
        return found

    def _one(self, number: int, one: dict[str, Any], rows: list[int]) -> dict[str, Any]:
        survey = self.survey
        return {
            "number": number,
            "when": None if one["datetime"] is None else str(one["datetime"]),
            "person": one["category"] == "person" or any(bool(survey.person[r]) for r in rows),
            "boxes": [{"row": r, "box": survey.box[r].round(5).tolist()} for r in rows],
        }

    def _images(self) -> tuple[pa.Table, np.ndarray]:
        """The pictures that count, and their order by station and time."""
        with self._lock:
            if self._table is None:
                columns = ["image_id", "path", "station", "datetime", "category"]
                table = read_parquet(self.survey.results / "tables" / "images.parquet", columns=columns)
                keep = pc.invert(pc.is_in(table["category"], pa.array(["failed", "duplicate", "removed"])))
                self._table = table.filter(keep).combine_chunks()
                keys = [("station", "ascending"), ("datetime", "ascending"), ("path", "ascending")]
                self._order = pc.sort_indices(self._table, keys).to_numpy()
                crops = read_parquet(self.survey.results / "tables" / "crops.parquet", columns=["image_id"])
                self._image: pa.Array = crops["image_id"].combine_chunks()
            return self._table, self._order


def where(results: str | os.PathLike) -> str | dict[str, str] | None:
    """Where the pictures of a survey lie, as its last run wrote it down; None where it did not."""
    from camtrap.core.files import read_json

    path = Path(results) / "plan" / "places.json"
    return read_json(path).get("images") if path.exists() else None
