"""Pictures that are handed on: as they are, or copies with keywords, with people blurred, with rounded coordinates.

The originals are never written to. A copy keeps its EXIF and the time of its file.
"""

import errno
import io
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageFilter

from camtrap.core.errors import PictureError, UserError
from camtrap.core.files import read_parquet
from camtrap.export.privacy import Box, Privacy
from camtrap.export.records import Survey
from camtrap.pictures import decode

__all__ = ["Change", "bring", "change_of", "changed", "places_of"]

_GPS = (
    *(
        "VersionID",
        "LatitudeRef",
        "Latitude",
        "LongitudeRef",
        "Longitude",
        "AltitudeRef",
        "Altitude",
        "TimeStamp",
        "Satellites",
    ),
    *(
        "Status",
        "MeasureMode",
        "DOP",
        "SpeedRef",
        "Speed",
        "TrackRef",
        "Track",
        "ImgDirectionRef",
        "ImgDirection",
        "MapDatum",
    ),
    *("DestLatitudeRef", "DestLatitude", "DestLongitudeRef", "DestLongitude", "DestBearingRef", "DestBearing"),
    *(
        "DestDistanceRef",
        "DestDistance",
        "ProcessingMethod",
        "AreaInformation",
        "DateStamp",
        "Differential",
        "HPositioningError",
    ),
)
_XMP_GPS = (
    "Latitude",
    "Longitude",
    "Altitude",
    "AltitudeRef",
    "MapDatum",
    "DestLatitude",
    "DestLongitude",
    "AreaInformation",
)
_QUALITY = 92
_EXIF, _JPEG = 0x8769, b"\xff\xd8\xff"  # the tag of the second part of EXIF; how a JPEG begins
_BLURRED = 12  # a person's box is that many pixels wide, then smoothed: nothing of a face is left


@dataclass(frozen=True)
class Change:
    """What is changed in a copy.

    ``blur`` are boxes of people; None where nothing is blurred, and empty where the whole picture is, as nobody knows where
    the person is. ``keywords`` go into XMP (dc:subject). ``place`` is (latitude, longitude), already rounded; with ``locate`` it takes the
    place of all coordinates that the picture has, and where it is None there are none any more.
    """

    blur: Sequence[Box] | None = None
    keywords: tuple[str, ...] = ()
    locate: bool = False
    place: tuple[float, float] | None = field(default=None)

    def __bool__(self) -> bool:
        return self.blur is not None or bool(self.keywords) or self.locate


def bring(source: str, target: str | os.PathLike, mode: str, change: Change | None = None) -> bool:
    """Bring a picture to another place.

    Parameters
    ----------
    source, target : path
    mode : {"copy", "hardlink", "symlink"}
        A copy where ``change`` asks for anything.
    change : Change, optional

    Returns
    -------
    bool
        False where keywords were wanted and the format takes none: the copy is as it was.

    Raises
    ------
    UserError
        The picture is gone, the file system cannot link, or a person could not be blurred or a place not be taken out.
    """
    try:
        if change:
            return _changed_copy(source, target, change)
        if mode == "copy":
            shutil.copy2(source, target)
        elif mode == "hardlink":
            os.link(source, target)
        else:
            os.stat(source)
            os.symlink(os.path.abspath(source), target)
    except FileNotFoundError:
        raise UserError(f"{source}: the picture is gone; run again, planning will notice") from None
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            place = os.path.dirname(target)
            raise UserError(
                f"{source}: cannot be linked to {place} ({error.strerror}); set export.folders or export.pictures to copy"
            ) from None
        raise
    return True


def _changed_copy(source: str, target: str | os.PathLike, change: Change) -> bool:
    with open(source, "rb") as file:
        data = file.read()
    taken = True
    try:
        data = changed(data, change)
    except (RuntimeError, ValueError, OSError, PictureError) as error:
        if change.blur is not None or change.locate:
            said = " ".join(str(error).split())[:120]
            raise UserError(
                f"{source}: people cannot be blurred or coordinates rounded in it ({said}); leave it out of the export "
                "(export.people: leave_out), or hand it on as it is (export.decimals: null)"
            ) from None
        taken = False
    with open(target, "wb") as file:
        file.write(data)
    shutil.copystat(source, target)
    return taken


def changed(data: bytes, change: Change) -> bytes:
    """Return the bytes of a changed copy of a picture.

    Raises
    ------
    RuntimeError
        The format takes no keywords (Exiv2).
    PictureError
        It cannot be decoded.
    """
    if change.blur is not None:
        data = _blurred(data, change.blur)
    if not change.keywords and not change.locate:
        return data
    import pyexiv2

    pyexiv2.set_log_level(4)  # odd maker notes are no news
    with pyexiv2.ImageData(data) as image:
        if change.keywords:
            image.modify_xmp({"Xmp.dc.subject": list(change.keywords)})
        if change.locate:
            image.modify_exif({f"Exif.GPSInfo.GPS{name}": None for name in _GPS} | {"Exif.Image.GPSTag": None})
            image.modify_xmp({f"Xmp.exif.GPS{name}": None for name in _XMP_GPS})
            if change.place is not None:
                image.modify_exif(_gps(*change.place))
        found: bytes = image.get_bytes()
        return found


def _gps(latitude: float, longitude: float) -> dict[str, str]:
    tags = {"Exif.GPSInfo.GPSVersionID": "2 3 0 0"}
    for name, degrees, sides in (("Latitude", latitude, "NS"), ("Longitude", longitude, "EW")):
        tags[f"Exif.GPSInfo.GPS{name}Ref"] = sides[degrees < 0]
        tags[f"Exif.GPSInfo.GPS{name}"] = f"{round(abs(degrees) * 1_000_000)}/1000000 0/1 0/1"
    return tags


def _blurred(data: bytes, boxes: Sequence[Box]) -> bytes:
    """The picture, upright, with its EXIF but without the small pictures in it, in which the person would be seen."""
    pixels = Image.fromarray(decode.decode(data))
    for box in boxes or (Box(0, 0, 1, 1),):
        pixels = _blur(pixels, box)
    header = decode.open_header(data)
    exif = header.getexif()
    exif[decode.ORIENTATION] = 1
    for fields in (exif, exif.get_ifd(_EXIF)):
        for tag in [tag for tag, value in fields.items() if isinstance(value, bytes) and _JPEG in value]:
            del fields[tag]  # some makers put one into their notes
    kind = "JPEG" if header.format in ("JPEG", "MPO") else str(header.format)
    options = {"exif": exif.tobytes()} if len(exif) > 1 else {}
    buffer = io.BytesIO()
    pixels.save(buffer, kind, quality=_QUALITY, icc_profile=header.info.get("icc_profile"), **options)
    return buffer.getvalue()


def _blur(picture: Image.Image, box: Box) -> Image.Image:
    width, height = picture.size
    margin = 0.05
    left, top = (
        max(0, int((at - margin * size) * side)) for at, size, side in ((box.x, box.w, width), (box.y, box.h, height))
    )
    right = min(width, int((box.x + (1 + margin) * box.w) * width) + 1)
    bottom = min(height, int((box.y + (1 + margin) * box.h) * height) + 1)
    if right <= left or bottom <= top:
        return picture
    part = picture.crop((left, top, right, bottom))
    step = max(1, max(part.size) // _BLURRED)
    small = part.resize((max(1, part.width // step), max(1, part.height // step)), Image.Resampling.BOX)
    part = small.resize(part.size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(step / 2))
    picture.paste(part, (left, top))
    return picture


def change_of(
    private: Privacy, path: str, place: tuple[float, float] | None, keywords: Sequence[str] = ()
) -> Change | None:
    """What is changed in the copy of a picture; ``place`` is where it was taken, as it is told."""
    return Change(private.blurs(path), tuple(keywords), private.decimals is not None, place) or None


def places_of(survey: Survey, private: Privacy) -> dict[str, tuple[float, float] | None]:
    """Of each picture its place as it is told; empty where places are told as they are."""
    if private.decimals is None:
        return {}
    table = read_parquet(survey.images, columns=["path", "latitude", "longitude"])
    rows = zip(*(table[name].to_pylist() for name in ("path", "latitude", "longitude")), strict=True)
    return {path: private.place(latitude, longitude) for path, latitude, longitude in rows}
