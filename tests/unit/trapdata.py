"""Two pictures as camera traps write them, by day and in infrared light: by the simulator, with info strip, EXIF and a maker note."""

import struct
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from camtrap.simulate import picture, recording, scene, survey
from camtrap.simulate.noise import generator

SEED, SIZE, STATION = 11, (480, 360), 0
STRIP = recording.strip_height(SIZE[1])
MAKE, MODEL, *_, SERIAL = survey.camera(SEED, STATION)


@dataclass(frozen=True)
class Shot:
    """A file, and what was put into it: the camera's clock, degrees Celsius, and the animal's box (relative x, y, w, h)."""

    name: str
    data: bytes
    when: datetime
    celsius: int
    box: tuple[float, float, float, float]
    infrared: bool


@cache
def day() -> Shot:
    """A deer at half past nine."""
    return _take("RCNX0002.JPG", "deer", datetime(2024, 3, 9, 9, 30, 12), 27)


@cache
def night() -> Shot:
    """A jaguar after eleven, in infrared light."""
    return _take("RCNX0005.JPG", "jaguar", datetime(2024, 3, 9, 23, 13, 6), -3)


def _take(name: str, kind: str, when: datetime, celsius: int) -> Shot:
    """One shot; strip and note call it the second of three."""
    visit = survey.Visit(card=1, station=STATION, number=1, kind=kind, start=when, shots=1, trigger="motion")
    view = scene.build(SEED, STATION, 1, *SIZE)
    image, box = picture.photograph(SEED, view, visit, *SIZE, STRIP)[0]
    stamped = recording.stamp(image, when, celsius, "UNIT03", (2, 3), STATION)
    note = hyperfire2(when, celsius, visit.infrared)
    data = recording.encode(stamped, when, MAKE, MODEL, SERIAL, generator(SEED, "file", name), note)
    return Shot(name, data, when, celsius, box, visit.infrared)


def hyperfire2(when: datetime, celsius: int, infrared: bool) -> bytes:
    """A maker note of a HyperFire 2, shot 2 of 3, at the offsets of ExifTool's tables."""
    note = bytearray(837)
    fields = (
        (0, "10s", b"RECONYXH2\0"),
        (0x34, "2s", b"M\0"),
        (0x36, "<2H", 2, 3),
        (0x3E, "<6H", when.second, when.minute, when.hour, when.month, when.day, when.year),
        (0x4E, "<hh", round(celsius * 1.8 + 32), celsius),
        (0x5A, "<H", infrared),
        (0x7E, "30s", SERIAL.encode("utf-16-le")),
    )
    for offset, form, *values in fields:
        struct.pack_into(form, note, offset, *values)
    return bytes(note)
