"""Reconyx maker notes: temperature, place in the sequence, trigger, event, serial number, date.

A maker note is one block of fixed offsets. There are five layouts: HyperFire (HC500, PC900, …), UltraFire, HyperFire 2,
MicroFire and HyperFire 4K. Offsets as documented by ExifTool ("Reconyx Tags", from Reconyx' own papers) and
metadata-extractor (Apache-2.0). Where ExifTool 12 reads month and day of the HyperFire 2 the other way round, we follow
the real pictures, whose EXIF date decides. The older RapidFire (RC55, RM45) writes text lines into the JPEG's comment.
MicroFire and HyperFire 4K are from documentation only: no real file was at hand.
"""

import datetime as dt
import re
import struct
from dataclasses import asdict, dataclass

from camtrap.core.dates import moment
from camtrap.metadata.vendors.registry import Block, Said

TRIGGERS = {
    "M": "motion",
    "T": "time lapse",
    "E": "external",
    "P": "point and shoot",
    "C": "no code",
    "S": "status",
    "L": "live view",
}
MOON = [
    "new",
    "waxing crescent",
    "first quarter",
    "waxing gibbous",
    "full",
    "waning gibbous",
    "last quarter",
    "waning crescent",
]


@dataclass(frozen=True)
class MakerNote:
    """What a Reconyx maker note says; None where it does not, or makes no sense.

    ``temperature`` in °C, ``battery`` in volts, ``datetime`` by the camera's clock, ``infrared`` whether the illuminator
    was on.
    """

    layout: str
    trigger: str | None = None
    sequence: int | None = None
    sequence_length: int | None = None
    event: int | None = None
    datetime: dt.datetime | None = None
    moon: str | None = None
    temperature: float | None = None
    serial: str | None = None
    label: str | None = None
    infrared: bool | None = None
    battery: float | None = None


@dataclass(frozen=True)
class _Layout:
    """Byte offsets; ``words``: trigger, sequence, date and moon are 16-bit, else bytes (the year is always 16-bit)."""

    name: str
    words: bool
    trigger: int
    sequence: int
    event: int
    date: int
    moon: int
    celsius: int
    infrared: int
    battery: int
    label: tuple[int, int]
    serial: tuple[int, int]
    wide_serial: bool
    day_first: bool = False


_HYPERFIRE = _Layout("HyperFire", True, 12, 14, 18, 22, 36, 40, 80, 84, (86, 22), (42, 30), True)
_SIGNED = {
    b"RECONYXUF\0": _Layout(
        "UltraFire", False, 0x34, 0x35, 0x37, 0x3B, 0x43, 0x46, 0x48, 0x49, (0x5A, 21), (0x4B, 15), False, True
    ),
    b"RECONYXH2\0": _Layout(
        "HyperFire 2", True, 0x34, 0x36, 0x3A, 0x3E, 0x4C, 0x50, 0x5A, 0x62, (0x68, 22), (0x7E, 30), True
    ),
    b"RECONYXMF\0": _Layout(
        "MicroFire", True, 0x44, 0x46, 0x4A, 0x4E, 0x5C, 0x60, 0x6A, 0x72, (0x76, 22), (0x8C, 30), True
    ),
    b"RECONYXHF4K\0": _Layout(
        "HyperFire 4K", False, 0x28, 0x29, 0x2B, 0x2F, 0x37, 0x3A, 0x44, 0x4B, (0x51, 51), (0x84, 15), False, True
    ),
}


def read(block: Block) -> Said | None:
    """What a Reconyx camera wrote: the maker note, or the comment of a RapidFire."""
    note = parse(block.note) or parse_comment(block.comment)
    if note is None:
        return None
    return Said(
        make=block.make or "RECONYX",
        model=block.model,
        datetime=note.datetime,
        serial=note.serial,
        flash=note.infrared,
        temperature=note.temperature,
        sequence=note.sequence,
        sequence_length=note.sequence_length,
        trigger=note.trigger,
        fields={
            key: value.isoformat(" ") if isinstance(value, dt.datetime) else value
            for key, value in asdict(note).items()
            if value is not None
        },
    )


def parse(note: bytes) -> MakerNote | None:
    """Read a maker note.

    Parameters
    ----------
    note : bytes
        Value of the EXIF tag MakerNote (0x927C).

    Returns
    -------
    MakerNote or None
        None if the bytes are not a Reconyx maker note. A block that is cut off gives what stands before the cut.
    """
    for signature, layout in _SIGNED.items():
        if note.startswith(signature):
            return _read(note, layout)
    # 0xF101 is little-endian; then the firmware's major version, which real files have at 1 to 4.
    if note[:2] == b"\x01\xf1" and len(note) >= 44 and note[3:4] == b"\0":
        return _read(note, _HYPERFIRE)
    return None


def parse_comment(comment: bytes) -> MakerNote | None:
    """Read the JPEG comment of a RapidFire camera (lines such as ``Trg: M 3/10`` and ``Tmp: 21 C``); None if it is none.

    Fahrenheit is converted to °C, rounded to 0.1.
    """
    if not comment.startswith(b"Trg:"):
        return None
    lines = comment.partition(b"\0")[0].decode("latin-1").splitlines()
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    trigger = re.fullmatch(r"([A-Z])(?:\s+(\d+)/(\d+))?", said.get("Trg", ""))
    sequence = _sequence(int(trigger[2]), int(trigger[3])) if trigger and trigger[2] else (None, None)
    degrees = re.fullmatch(r"([+-]?\d+) ?([CF])", said.get("Tmp", ""))
    celsius = degrees and (int(degrees[1]) if degrees[2] == "C" else round((int(degrees[1]) - 32) / 1.8, 1))
    return MakerNote(
        layout="RapidFire",
        trigger=TRIGGERS.get(trigger[1]) if trigger else None,
        sequence=sequence[0],
        sequence_length=sequence[1],
        event=int(said["Evt"]) if said.get("Evt", "").isdecimal() else None,
        datetime=_comment_date(said.get("Dat", "")),
        moon=MOON[int(said["MP"])] if said.get("MP", "") in set("01234567") else None,
        temperature=celsius,
        serial=said.get("SN") or None,
        label=said.get("Lbl") or None,
        infrared={"On": True, "Off": False}.get(said.get("Ill", "")),
        battery=int(said["Bat"]) / 1000 if said.get("Bat", "").isdecimal() else None,
    )


def _comment_date(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d %I:%M:%S %p")
    except ValueError:
        return None


def _read(note: bytes, at: _Layout) -> MakerNote:
    trigger = TRIGGERS.get(chr(note[at.trigger])) if at.trigger < len(note) else None
    sequence, length = _sequence(*(_unpack("<HH" if at.words else "<BB", note, at.sequence) or (0, 0)))
    if at.words:
        high, low = _unpack("<HH", note, at.event) or (None, 0)
        event = None if high is None else (high << 16) + low
        moon = _unpack("<H", note, at.moon)
    else:
        event = (_unpack("<I", note, at.event) or (None,))[0]
        moon = _unpack("<B", note, at.moon)
    celsius = _unpack("<h", note, at.celsius)
    infrared = _unpack("<B", note, at.infrared)
    battery = _unpack("<H", note, at.battery)
    return MakerNote(
        layout=at.name,
        trigger=trigger,
        sequence=sequence,
        sequence_length=length,
        event=event,
        datetime=_date(note, at),
        moon=MOON[moon[0]] if moon and moon[0] < len(MOON) else None,
        temperature=celsius[0] if celsius and -90 <= celsius[0] <= 90 else None,
        serial=_text(note, *at.serial, wide=at.wide_serial),
        label=_text(note, *at.label),
        infrared=infrared[0] == 1 if infrared and infrared[0] <= 1 else None,
        battery=battery[0] / 1000 if battery else None,
    )


def _sequence(number: int, length: int) -> tuple[int | None, int | None]:
    """``n of m`` as it is; 0 of 0 (not part of a sequence) and what no camera is set to are None."""
    return (number, length) if 1 <= number <= length < 1000 else (None, None)


def _date(note: bytes, at: _Layout) -> dt.datetime | None:
    values = _unpack("<6H" if at.words else "<5BH", note, at.date)
    if values is None:
        return None
    if at.words and values[0] & 0xFF00 and not values[0] & 0xFF:  # ExifTool has seen these six words big-endian
        values = struct.unpack_from(">6H", note, at.date)
    second, minute, hour, fourth, fifth, year = values
    day, month = (fourth, fifth) if at.day_first else (fifth, fourth)
    try:
        return moment(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _unpack(form: str, note: bytes, offset: int) -> tuple | None:
    return struct.unpack_from(form, note, offset) if offset + struct.calcsize(form) <= len(note) else None


def _text(note: bytes, offset: int, length: int, wide: bool = False) -> str | None:
    raw = note[offset : offset + length]
    text = raw.decode("utf-16-le", "replace") if wide else raw.decode("latin-1")
    text = text.partition("\0")[0].strip()
    return text if text and text.isprintable() and "\ufffd" not in text else None
