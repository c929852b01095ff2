"""Reconyx maker notes: built at the offsets of ExifTool's tables, and read from real pictures."""

import datetime as dt
import io
import struct

import pytest
import trapdata
from PIL import Image
from realdata import REAL, real

from camtrap.metadata import exif
from camtrap.metadata.vendors import reconyx

WHEN = dt.datetime(2019, 8, 22, 20, 13, 6)


def block(size, *fields):
    note = bytearray(size)
    for offset, form, *values in fields:
        struct.pack_into(form, note, offset, *values)
    return bytes(note)


def wide(text):
    return text.encode("utf-16-le")


# ExifTool's tables give word offsets for the first, byte offsets for the others.
HYPERFIRE = block(
    730,
    (0, "<4H", 0xF101, 4, 1, 0),
    (0x06 * 2, "2s", b"T\0"),
    (0x07 * 2, "<2H", 2, 3),
    (0x09 * 2, "<2H", 1, 5),
    (0x0B * 2, "<6H", 6, 13, 20, 8, 22, 2019),
    (0x12 * 2, "<H", 4),
    (0x13 * 2, "<hh", 10, -12),
    (0x15 * 2, "30s", wide("H500EE05127658")),
    (0x28 * 2, "<H", 1),
    (0x2A * 2, "<H", 9820),
    (0x2B * 2, "22s", b"UNIT03-CAM102"),
)
HYPERFIRE2 = block(
    837,
    (0, "10s", b"RECONYXH2\0"),
    (0x34, "2s", b"M\0"),
    (0x36, "<2H", 3, 10),
    (0x3A, "<2H", 1, 5),
    (0x3E, "<6H", 6, 13, 20, 8, 22, 2019),
    (0x4C, "<H", 4),
    (0x4E, "<hh", 10, -12),
    (0x5A, "<H", 1),
    (0x62, "<H", 9820),
    (0x68, "22s", b"UNIT03-CAM102"),
    (0x7E, "30s", wide("H2RXEM03036759")),
)
MICROFIRE = block(
    240,
    (0, "10s", b"RECONYXMF\0"),
    (0x44, "2s", b"E\0"),
    (0x46, "<2H", 1, 3),
    (0x4A, "<2H", 1, 5),
    (0x4E, "<6H", 6, 13, 20, 8, 22, 2019),
    (0x5C, "<H", 4),
    (0x5E, "<hh", 10, -12),
    (0x6A, "<B", 1),
    (0x72, "<H", 9820),
    (0x76, "22s", b"UNIT03-CAM102"),
    (0x8C, "30s", wide("MFX0001")),
)
ULTRAFIRE = block(
    200,
    (0, "10s", b"RECONYXUF\0"),
    (0x34, "1s", b"P"),
    (0x35, "2B", 2, 3),
    (0x37, "<I", 65541),
    (0x3B, "<5BH", 6, 13, 20, 22, 8, 2019),
    (0x43, "B", 4),
    (0x44, "<hh", 10, -12),
    (0x48, "B", 1),
    (0x49, "<H", 9820),
    (0x4B, "15s", b"X8AQF0123456789"),
    (0x5A, "21s", b"UNIT03-CAM102"),
)
HYPERFIRE4K = block(
    200,
    (0, "12s", b"RECONYXHF4K\0"),
    (0x28, "1s", b"M"),
    (0x29, "2B", 2, 3),
    (0x2B, "<I", 65541),
    (0x2F, "<5BH", 6, 13, 20, 22, 8, 2019),
    (0x37, "B", 4),
    (0x38, "<hh", 10, -12),
    (0x44, "B", 1),
    (0x4B, "<H", 9820),
    (0x51, "51s", b"UNIT03-CAM102"),
    (0x84, "15s", b"H4K0001"),
)


@pytest.mark.parametrize(
    ("note", "layout", "trigger", "sequence", "serial"),
    [
        (HYPERFIRE, "HyperFire", "time lapse", (2, 3), "H500EE05127658"),
        (HYPERFIRE2, "HyperFire 2", "motion", (3, 10), "H2RXEM03036759"),
        (MICROFIRE, "MicroFire", "external", (1, 3), "MFX0001"),
        (ULTRAFIRE, "UltraFire", "point and shoot", (2, 3), "X8AQF0123456789"),
        (HYPERFIRE4K, "HyperFire 4K", "motion", (2, 3), "H4K0001"),
    ],
)
def test_layouts(note, layout, trigger, sequence, serial):
    said = reconyx.parse(note)
    assert (said.layout, said.trigger, said.serial) == (layout, trigger, serial)
    assert (said.sequence, said.sequence_length) == sequence
    assert said.event == 65541
    assert said.datetime == WHEN
    assert said.moon == "full"
    assert said.temperature == -12
    assert said.label == "UNIT03-CAM102"
    assert said.infrared is True
    assert said.battery == pytest.approx(9.82)


@pytest.mark.parametrize("note", [HYPERFIRE, HYPERFIRE2, MICROFIRE, ULTRAFIRE, HYPERFIRE4K])
def test_a_note_cut_off_anywhere_gives_what_stands_before(note):
    whole = reconyx.parse(note)
    for size in range(len(note)):
        said = reconyx.parse(note[:size])
        if said is not None:
            assert said.temperature in (None, whole.temperature)
            assert said.datetime in (None, whole.datetime)
            assert said.sequence in (None, whole.sequence)


def test_big_endian_date_in_a_little_endian_note():
    note = bytearray(HYPERFIRE)
    struct.pack_into(">6H", note, 22, 6, 13, 20, 8, 22, 2019)
    assert reconyx.parse(bytes(note)).datetime == WHEN


def test_senseless_values_are_none():
    note = bytearray(HYPERFIRE)
    struct.pack_into("<2H", note, 14, 0, 0)
    struct.pack_into("<6H", note, 22, 6, 13, 20, 13, 32, 2019)
    struct.pack_into("<h", note, 40, 999)
    said = reconyx.parse(bytes(note))
    assert (said.sequence, said.sequence_length, said.datetime, said.temperature) == (None, None, None, None)
    assert said.serial == "H500EE05127658"


@pytest.mark.parametrize(("number", "length"), [(0, 3), (4, 3), (1, 0), (40000, 50000)])
def test_senseless_sequences_are_none(number, length):
    note = bytearray(HYPERFIRE)
    struct.pack_into("<2H", note, 14, number, length)
    said = reconyx.parse(bytes(note))
    assert (said.sequence, said.sequence_length) == (None, None)


@pytest.mark.parametrize("note", [b"", b"\x01\xf1", b"Nikon\0\2", b"ATMEL_MMC" + bytes(500), bytes(2000)])
def test_other_makers_notes_are_none(note):
    assert reconyx.parse(note) is None


def test_rapidfire_comment():
    comment = (
        b"Trg: M 6/10\rEvt: 301\rDat: 2011-07-06 3:40:11 PM\rMP:  2\rTmp: 110 F\rBat: 7570\rIll: Off\rSN:  RM13\r\0\0"
    )
    said = reconyx.parse_comment(comment)
    assert (said.trigger, said.sequence, said.sequence_length, said.event) == ("motion", 6, 10, 301)
    assert said.datetime == dt.datetime(2011, 7, 6, 15, 40, 11)
    assert said.temperature == pytest.approx(43.3)
    assert (said.serial, said.infrared, said.moon) == ("RM13", False, "first quarter")
    assert reconyx.parse_comment(b"Trg: nonsense\rTmp: hot\rDat: today").temperature is None
    assert reconyx.parse_comment(b"made by an editor") is None


# As printed on the pictures' banners, read by eye.
BANNERS = {
    "northwest/images/MDF154.jpg": ("2021-07-05 22:43:50", "motion", 3, 3, 20),
    "northwest/images/MDF137.jpg": ("2015-11-29 21:13:39", "motion", 2, 5, 26),
    "ena24/images/49.jpg": ("2016-03-24 10:30:12", "motion", 3, 10, 21),
    "lila31/images/idaho_camera_traps_loc_0044_loc_0044_im_005629.jpg": ("2016-02-04 09:23:24", "motion", 5, 5, -7),
    "lila31/images/idaho_camera_traps_loc_0062_loc_0062_im_004678.jpg": (
        "2016-02-03 10:45:00",
        "time lapse",
        None,
        None,
        -1,
    ),
    "lila31/images/wcs_camera_traps_animals_0245_1477.jpg": ("2011-07-06 15:40:11", "motion", 6, 10, 43.3),
    "lila31/images/missouri_camera_traps_Set1_1.63-European_Hare_SEQ76872_SEQ76872_IMG_0007.JPG": (
        "2011-05-06 06:27:12",
        "motion",
        2,
        5,
        2,
    ),
}


@pytest.mark.parametrize("take", [trapdata.day, trapdata.night])
def test_a_pictures_note_says_what_its_banner_shows(take):
    shot = take()
    with Image.open(io.BytesIO(shot.data)) as image:
        said = exif.read(image)
        note = reconyx.parse(image.getexif().get_ifd(0x8769)[0x927C])
    assert (said.datetime, said.temperature, said.trigger) == (shot.when, shot.celsius, "motion")
    assert (said.sequence, said.sequence_length) == (2, 3)
    assert (note.layout, note.datetime, note.infrared) == ("HyperFire 2", shot.when, shot.infrared)


@real
@pytest.mark.parametrize("name", BANNERS)
def test_real_notes_say_what_the_banner_shows(name):
    with Image.open(REAL / name) as image:
        said = exif.read(image)
    when, trigger, sequence, length, celsius = BANNERS[name]
    assert str(said.datetime) == when
    assert (said.trigger, said.sequence, said.sequence_length) == (trigger, sequence, length)
    assert said.temperature == pytest.approx(celsius)


@real
def test_the_notes_own_date_is_that_of_exif_in_every_real_layout():
    layouts = set()
    for file in [*REAL.glob("northwest/images/MDF1??.jpg"), *REAL.glob("southwest/images/*RCNX*")]:
        with Image.open(file) as image:
            detail = image.getexif().get_ifd(0x8769)
        note = detail.get(0x927C)
        if isinstance(note, bytes) and (said := reconyx.parse(note)):
            layouts.add(said.layout)
            assert said.datetime == exif.parse_time(detail[0x9003]), file.name
    assert layouts == {"HyperFire", "HyperFire 2", "UltraFire"}
