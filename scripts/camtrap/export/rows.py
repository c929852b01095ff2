"""One picture and one crop, as all exports read them (`camtrap.export.records`)."""

import datetime as dt
from typing import NamedTuple

from camtrap.core.categories import SHOWN
from camtrap.export.species import Species

__all__ = ["Crop", "Picture"]


class Picture(NamedTuple):
    """One path found: a picture, or a frame of a video. Its columns are those of ``tables/images.parquet`` but for these.

    ``station`` is never None: where the path tells none, it is the batch (the memory card). ``time`` is the corrected clock with its
    offset from UTC where the time zone is known (stations.csv, else ``zone``), else without one; None where there is no time.
    ``clock`` says why it is not to be trusted (None where it can be), ``clock_reason`` in one line.
    """

    path: str
    image_id: str | None
    batch: str
    station: str
    category: str
    time: dt.datetime | None
    clock: str | None
    clock_reason: str | None
    burst: str | None
    event: str | None
    latitude: float | None
    longitude: float | None
    width: int | None
    height: int | None
    make: str | None
    model: str | None
    serial: str | None
    temperature: float | None
    trigger: str | None
    label: str | None
    video: str | None
    frame: int | None
    frame_time: float | None
    status: str
    error: str | None
    shard: str
    max_conf: float | None
    n_paths: int
    duplicate_of: str | None

    @property
    def counts(self) -> bool:
        """Whether it was looked at by the detector: it is not a copy, not gone, and did not fail."""
        return self.category in SHOWN

    @property
    def camera(self) -> str:
        """Make, model and serial number; "" where nothing is known."""
        return " ".join(part.strip() for part in (self.make, self.model, self.serial) if part and part.strip())

    @property
    def file(self) -> str:
        """The path of the file: of a video's frame that of the video."""
        return self.video or self.path


class Crop(NamedTuple):
    """One crop, with what was decided of it.

    ``box`` is x, y, width, height, relative to the upright picture. ``cluster`` is -1 in the noise, and None where it was not
    clustered (repeat detections, other categories). ``state`` is ``named``, ``rejected``, ``unsure`` or None. ``species`` is there
    where the state is ``named``. ``how``, ``sure``, ``who``, ``at`` (UTC), ``suggestion``: as in ``tables/labels.parquet``. ``row`` is that
    of ``crops/{shard}.parquet``.
    """

    crop_id: str
    category: str
    conf: float
    box: tuple[float, float, float, float]
    repeat: bool
    infrared: bool | None
    shard: str
    row: int
    cluster: int | None
    probability: float | None
    state: str | None
    species: Species | None
    how: str | None
    sure: float | None
    who: str | None
    at: dt.datetime | None
    suggestion: str | None

    @property
    def looked_at(self) -> bool:
        """Whether somebody looked at this very crop; else its name came with its cluster."""
        return self.how == "looked at"
