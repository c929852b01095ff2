"""EXIF of a picture, from the bytes that were read for its hash. Broken EXIF costs fields, never the picture."""

import datetime as dt
import logging
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from PIL import Image
from PIL.ExifTags import GPSTAGS, IFD, TAGS

from camtrap.core.dates import moment
from camtrap.core.named import named
from camtrap.metadata.vendors.registry import VENDORS, Block, Said

log = logging.getLogger(__name__)

MAX_BYTES = 64
MAX_VALUES = 32
MAX_TEXT = 500
_DATE = re.compile(
    r"\s*(\d{4})[:/.\-](\s?\d{1,2})[:/.\-](\s?\d{1,2})[ T]+(\d{1,2}):(\s?\d{1,2}):(\s?\d{1,2})"
    r"(\.\d+)?\s*(?:Z|[+-]\d{2}:?\d{2})?\s*"
)
_PRINTABLE = re.compile(rb"[ -~\n]+")
# Pointers to blocks, and the thumbnail's place: nothing that anybody would look up in a table.
_SKIPPED = {IFD.Exif, IFD.GPSInfo, IFD.Interop, 0x0201, 0x0202, 0x0111, 0x0117, 0xC4A5}


@dataclass
class Exif:
    """What EXIF and maker note say; None where they do not.

    ``datetime`` by the camera's clock with sub-seconds, ``exposure`` in seconds, ``temperature`` in °C, ``latitude`` and
    ``longitude`` in degrees; ``fields`` is everything that the file holds, ready for JSON.
    """

    datetime: dt.datetime | None = None
    make: str | None = None
    model: str | None = None
    serial: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    exposure: float | None = None
    flash: bool | None = None
    temperature: float | None = None
    sequence: int | None = None
    sequence_length: int | None = None
    trigger: str | None = None
    fields: dict = field(default_factory=dict)


def read(image: Image.Image) -> Exif:
    """Read the EXIF block of a picture that is open (``camtrap.pictures.decode.open_header``); nothing is decoded.

    The date is DateTimeOriginal, else DateTimeDigitized (CreateDate), else the maker note's, else DateTime (which
    editing programs overwrite). Never raises on broken EXIF.
    """
    main, detail, place = _blocks(image)
    make, model = _text(main.get(0x010F)), _text(main.get(0x0110))
    note, comment = _bytes(detail.get(0x927C)), _bytes(image.info.get("comment"))
    name, maker = _ask_makers(Block(make, model, note, comment, {**main, **detail}))
    out = Exif(make=make, model=model, serial=_text(detail.get(0xA431)) or _text(main.get(0xC62F)))
    out.datetime = (
        _time(detail.get(0x9003), detail.get(0x9291))
        or _time(detail.get(0x9004), detail.get(0x9292))
        or maker.datetime
        or _time(main.get(0x0132), detail.get(0x9290))
    )
    out.latitude, out.longitude = _position(place)
    exposure = _number(detail.get(0x829A))
    out.exposure = exposure if exposure and exposure > 0 else None
    flash = detail.get(0x9209)
    out.flash = bool(flash & 1) if isinstance(flash, int) else None
    out.fields = {
        **_dump(main, TAGS),
        **_dump(detail, TAGS),
        **{_name("GPS", key, GPSTAGS): _plain(value) for key, value in place.items()},
    }
    if written := _plain(image.info.get("comment")):
        out.fields["Comment"] = written
    if maker.make:
        out.make, out.model = maker.make, maker.model
    out.serial = out.serial or maker.serial
    out.temperature, out.trigger = maker.temperature, maker.trigger
    out.sequence, out.sequence_length = maker.sequence, maker.sequence_length
    if out.flash is None:
        out.flash = maker.flash
    if maker.fields:
        out.fields[name] = maker.fields
    return out


def parse_time(text: object, fraction: object = None) -> dt.datetime | None:
    """Read an EXIF date and time, with the digits of a SubSecTime field; None if it is none ("0000:00:00 00:00:00").

    The hour 24 is that after midnight (:func:`camtrap.core.dates.moment`).
    """
    match = _DATE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    *parts, point = match.groups()
    try:
        year, month, day, hour, minute, second = map(int, parts)
        time = moment(year, month, day, hour, minute, second)
    except ValueError:
        return None
    digits = (point or "").strip(".") or str(_text(fraction) or "")
    if digits.isascii() and digits.isdigit():
        time += dt.timedelta(microseconds=int(digits[:6].ljust(6, "0")))
    return time


def _blocks(image: Image.Image) -> tuple[dict[int, object], dict[int, object], dict[int, object]]:
    """IFD0, the Exif block and the GPS block as plain dictionaries; whatever cannot be read is left out."""
    try:
        exif = image.getexif()
    except Exception:  # PIL's TIFF reader raises whatever broken offsets lead it to
        return {}, {}, {}
    return _block(lambda: exif), _block(lambda: exif.get_ifd(IFD.Exif)), _block(lambda: exif.get_ifd(IFD.GPSInfo))


def _block(read_block: Callable[[], Mapping[int, object]]) -> dict[int, object]:
    found: dict[int, object] = {}
    try:
        block = read_block()
        keys = list(block)
    except Exception:
        return found
    for key in keys:
        try:
            found[key] = block[key]
        except Exception:
            continue
    return found


def _ask_makers(block: Block) -> tuple[str, Said]:
    """The maker that knows this picture, and what it says."""
    for name, function in VENDORS.items():
        try:
            said = named(function)(block)
        except Exception as error:  # a maker's reader costs its fields, never the picture
            log.warning("%s: its part of a picture's EXIF cannot be read", name, exc_info=error)
            continue
        if said is not None:
            return name, said
    return "", Said()


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _time(value: object, fraction: object) -> dt.datetime | None:
    return parse_time(_text(value), fraction)


def _text(value: object) -> str | None:
    """Text without padding; None where empty. Some cameras fill a field with zero bytes or blanks."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return None if value is None else str(value)
    text = "".join(c for c in value.partition("\0")[0] if c.isprintable()).strip()
    return text[:MAX_TEXT] or None


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # text, a number, or one of PIL's rationals
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _position(place: dict) -> tuple[float | None, float | None]:
    """Decimal degrees; (None, None) without both references, outside the globe, or at 0, 0, where no camera trap is."""
    latitude = _angle(place.get(2), place.get(1), "NS", 90)
    longitude = _angle(place.get(4), place.get(3), "EW", 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return latitude, longitude


def _angle(values: object, reference: object, letters: str, limit: float) -> float | None:
    sign = (_text(reference) or "").upper()
    if sign not in letters or len(sign) != 1:
        return None
    parts = [_number(v) for v in (values if isinstance(values, tuple | list) else [values])]
    if not parts or len(parts) > 3 or any(part is None or part < 0 for part in parts):
        return None
    degrees = sum(part / 60**power for power, part in enumerate(parts))
    return round(-degrees if sign == letters[1] else degrees, 8) if degrees <= limit else None


def _dump(block: dict, names: dict) -> dict:
    return {_name("", key, names): _plain(value) for key, value in block.items() if key not in _SKIPPED}


def _name(prefix: str, key: int, names: dict) -> str:
    name = names.get(key)
    return name if name else f"{prefix}0x{key:04x}"


def _plain(value: object) -> object:
    """A value that JSON can hold: bytes as text or hex, rationals as floats, nothing endless."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bytes):
        return _plain_bytes(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value[:MAX_VALUES]]
    return _number(value)


def _plain_bytes(value: bytes) -> str | None:
    for code, encoding in {b"ASCII\0\0\0": "latin-1", b"UNICODE\0": "utf-16-le"}.items():  # UserComment
        if value.startswith(code):
            return _text(value[8:].decode(encoding, "replace"))
    text = value.rstrip(b"\0 ").replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip()
    if text and _PRINTABLE.fullmatch(text[:MAX_TEXT]):
        return text[:MAX_TEXT].decode("ascii")
    if not text:
        return None
    return f"hex:{value[:MAX_BYTES].hex()}" + (f"… ({len(value)} bytes)" if len(value) > MAX_BYTES else "")
