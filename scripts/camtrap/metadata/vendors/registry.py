"""What camera makers write beyond EXIF: one entry per maker.

To add a maker: write its module with a function ``read(block) -> Said | None`` and add one entry to :data:`VENDORS`.
"""

import datetime as dt
from dataclasses import dataclass, field

__all__ = ["VENDORS", "Block", "Said"]


@dataclass(frozen=True)
class Block:
    """What a picture holds that a maker may have written.

    Attributes
    ----------
    make, model : str, optional
        EXIF's Make and Model.
    note : bytes
        The value of EXIF's MakerNote (0x927C); empty without one.
    comment : bytes
        The JPEG's comment; empty without one.
    tags : dict of int to object
        EXIF's tags by number, as Pillow reads them.
    """

    make: str | None = None
    model: str | None = None
    note: bytes = b""
    comment: bytes = b""
    tags: dict[int, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What a maker says; None where it does not.

    Attributes
    ----------
    make, model : str, optional
        Both instead of EXIF's own, where a make is given.
    datetime, serial, flash : optional
        The camera's clock, the serial number, whether the flash or illuminator was on. Each counts where EXIF has none.
    temperature : float, optional
        °C.
    sequence, sequence_length : int, optional
        The place in a burst, from 1, and the number of its pictures.
    trigger : str, optional
        What released the camera: ``motion``, ``time lapse``, …
    fields : dict
        Everything that the maker wrote, ready for JSON; it stands under the maker's name in the column ``exif``.
    """

    make: str | None = None
    model: str | None = None
    datetime: dt.datetime | None = None
    serial: str | None = None
    flash: bool | None = None
    temperature: float | None = None
    sequence: int | None = None
    sequence_length: int | None = None
    trigger: str | None = None
    fields: dict[str, object] = field(default_factory=dict)


# Each is asked; the first that says something counts. A name is that of the maker's fields in the column ``exif``.
VENDORS = {
    "Reconyx": "camtrap.metadata.vendors.reconyx:read",
    "Cuddeback": "camtrap.metadata.vendors.cuddeback:read",
}
