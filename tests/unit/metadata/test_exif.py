"""EXIF, written by Pillow or read from real pictures."""

import csv
import datetime as dt
import io
import json

import numpy as np
import pytest
import trapdata
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from realdata import REAL, real

from camtrap.core.errors import PictureError
from camtrap.metadata import exif
from camtrap.pictures.decode import open_header

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns of what we break on purpose


def jpeg(main=(), detail=(), place=(), comment=None):
    block = Image.Exif()
    block.update(dict(main))
    block.get_ifd(0x8769).update(dict(detail))
    block.get_ifd(0x8825).update(dict(place))
    buffer = io.BytesIO()
    options = {"comment": comment} if comment else {}
    Image.new("RGB", (16, 16)).save(buffer, "JPEG", exif=block, **options)
    return buffer.getvalue()


def read(*args, **kwargs):
    return exif.read(open_header(jpeg(*args, **kwargs)))


def test_common_fields():
    said = read(
        {0x010F: "MOULTRIE \0", 0x0110: " MCG-M880", 0x0132: "2020:01:01 00:00:00"},
        {
            0x9003: "2015:06:05 16:42:18",
            0x9291: "25",
            0x829A: IFDRational(1, 30),
            0x9209: 25,
            0xA431: "SN-7",
            0x9286: b"ASCII\0\0\0MR=A.2",
        },
        {1: "S", 2: (0.0, 37.0, 56.7), 3: "W", 4: (76.0, 8.0, 30.0)},
    )
    assert said.datetime == dt.datetime(2015, 6, 5, 16, 42, 18, 250000)
    assert (said.make, said.model, said.serial) == ("MOULTRIE", "MCG-M880", "SN-7")
    assert (said.exposure, said.flash) == (pytest.approx(1 / 30), True)
    assert said.latitude == pytest.approx(-(37 / 60 + 56.7 / 3600))
    assert said.longitude == pytest.approx(-(76 + 8 / 60 + 30 / 3600))
    assert said.fields["UserComment"] == "MR=A.2"
    assert said.fields["GPSLatitudeRef"] == "S"
    json.dumps(said.fields, allow_nan=False)


@pytest.mark.parametrize(
    ("main", "detail", "when"),
    [
        ({0x0132: "2020:01:02 03:04:05"}, {}, dt.datetime(2020, 1, 2, 3, 4, 5)),
        ({0x0132: "2020:01:02 03:04:05"}, {0x9004: "2019:01:02 03:04:05"}, dt.datetime(2019, 1, 2, 3, 4, 5)),
        ({}, {0x9003: "0000:00:00 00:00:00", 0x9004: "2019:01:02 03:04:05"}, dt.datetime(2019, 1, 2, 3, 4, 5)),
        ({0x0132: "2020:13:02 03:04:05"}, {}, None),
        ({}, {}, None),
    ],
)
def test_which_date_counts(main, detail, when):
    assert read(main, detail).datetime == when


@pytest.mark.parametrize(
    ("text", "fraction", "when"),
    [
        ("2019:03:16 14:18:19", "5", dt.datetime(2019, 3, 16, 14, 18, 19, 500000)),
        ("2019:03:16 14:18:19", "007", dt.datetime(2019, 3, 16, 14, 18, 19, 7000)),
        ("2019:03:16 14:18:19", "  ", dt.datetime(2019, 3, 16, 14, 18, 19)),
        ("2019-03-16T14:18:19.25-05:00", None, dt.datetime(2019, 3, 16, 14, 18, 19, 250000)),
        ("2019: 3: 6 04: 8: 9", None, dt.datetime(2019, 3, 6, 4, 8, 9)),
        ("2019:03:16 24:04:20", None, dt.datetime(2019, 3, 16, 0, 4, 20)),
        ("2019:03:16 25:04:20", None, None),
        ("2019:03:16", None, None),
        ("2019:03:16 02:18:19 PM", None, None),
        ("2019:02:30 14:18:19", None, None),
        (None, None, None),
    ],
)
def test_dates(text, fraction, when):
    assert exif.parse_time(text, fraction) == when


@pytest.mark.parametrize(
    "place",
    [
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "W", 4: (0.0, 0.0, 0.0)},
        {1: "\0", 2: (1.0, 1.0, 1.0), 3: "\0", 4: (1.0, 1.0, 1.0)},
        {1: "N", 2: (91.0, 0.0, 0.0), 3: "W", 4: (5.0, 0.0, 0.0)},
        {1: "N", 2: (5.0, 0.0, 0.0)},
    ],
)
def test_places_without_meaning_are_none(place):
    """Zeros, empty references, beyond the globe, half a place: real cameras without GPS write the first two."""
    said = read(place=place)
    assert (said.latitude, said.longitude) == (None, None)


@pytest.mark.parametrize(
    ("value", "fired"), [(0, False), (1, True), (16, False), (24, False), (25, True), (0x20, False)]
)
def test_flash(value, fired):
    """EXIF 2.32, table 8: bit 0 says whether it fired; 24 and 25 are automatic without and with it."""
    assert read(detail={0x9209: value}).flash is fired


def test_cuddeback_swaps_make_and_model():
    assert (lambda s: (s.make, s.model))(read({0x010F: "G6.1", 0x0110: "CUDDEBACK"})) == ("CUDDEBACK", "G6.1")
    assert (lambda s: (s.make, s.model))(read({0x010F: "CUDDEBACK", 0x0110: "C2"})) == ("CUDDEBACK", "C2")


def test_blank_text_is_none_and_odd_values_are_json():
    said = read(
        {0x010F: "\0\0\0\0", 0x0110: "   "},
        {0x829A: IFDRational(1, 0), 0x927C: bytes(range(256)) * 200, 0x9286: b"UNICODE\0" + "añu".encode("utf-16-le")},
    )
    assert (said.make, said.model, said.exposure) == (None, None, None)
    assert said.fields["UserComment"] == "añu"
    assert said.fields["MakerNote"].endswith("(51200 bytes)")
    assert len(said.fields["MakerNote"]) < 200
    json.dumps(said.fields, allow_nan=False)


def test_the_maker_note_fills_what_exif_lacks():
    comment = b"Trg: T\rDat: 2011-01-24 7:56:05 AM\rTmp: 73 F\rIll: On\rSN:  RC33"
    said = read({0x0110: "RC55 RAPIDFIRE"}, comment=comment)
    assert said.datetime == dt.datetime(2011, 1, 24, 7, 56, 5)
    assert (said.make, said.serial, said.flash, said.trigger) == ("RECONYX", "RC33", True, "time lapse")
    assert said.temperature == pytest.approx(22.8)
    assert said.fields["Reconyx"]["layout"] == "RapidFire"
    kept = read({0x010F: "Reconyx"}, {0x9003: "2019:01:02 03:04:05", 0x9209: 0}, comment=comment)
    assert (kept.datetime.year, kept.make, kept.flash) == (2019, "Reconyx", False)


def test_broken_exif_never_raises():
    """300 blocks with bytes changed at random, and cut off at every tenth byte."""
    whole = jpeg(
        {0x010F: "MOULTRIE", 0x0110: "MCG", 0x0132: "2020:01:01 00:00:00"},
        {0x9003: "2015:06:05 16:42:18", 0x829A: IFDRational(1, 30), 0x9209: 25, 0x927C: b"RECONYXH2\0" + bytes(150)},
        {1: "S", 2: (0.0, 37.0, 56.7), 3: "W", 4: (76.0, 8.0, 30.0)},
    )
    begin, end = whole.index(b"Exif\0\0") + 6, whole.index(b"\xff\xdb")
    rng = np.random.default_rng(7)
    opened = 0
    for _ in range(300):
        data = bytearray(whole)
        for at in rng.integers(begin, end, rng.integers(1, 12)):
            data[at] = rng.integers(0, 256)
        try:
            image = open_header(bytes(data))
        except PictureError:
            continue
        opened += 1
        json.dumps(exif.read(image).fields, allow_nan=False)
    assert opened > 200
    for cut in range(begin, end, 10):
        data = whole[:cut] + bytes(end - cut) + whole[end:]
        json.dumps(exif.read(open_header(data)).fields, allow_nan=False)


@pytest.mark.parametrize("take", [trapdata.day, trapdata.night])
def test_a_camera_traps_own_fields(take):
    shot = take()
    said = exif.read(open_header(shot.data))
    assert (said.datetime, said.make, said.model) == (shot.when, "RECONYX", "HYPERFIRE 2 COVERT")
    assert (said.serial, said.flash) == (trapdata.SERIAL, shot.infrared)
    json.dumps(said.fields, allow_nan=False)


@real
@pytest.mark.parametrize("name", ["northwest", "borneo-bursts", "southwest", "lila31", "edge-cases"])
def test_real_dates_are_those_of_the_label_tables(name):
    """The tables' dates were read by another program, from DateTimeOriginal; where that is missing they have none."""
    with open(REAL / name / "labels.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["datetime"]]
    for row in rows:
        with Image.open(REAL / name / row["path"]) as image:
            assert exif.read(image).datetime == dt.datetime.strptime(row["datetime"], "%Y:%m:%d %H:%M:%S")
    assert len(rows) >= 10


@real
def test_real_cuddeback_pictures_have_their_make():
    files = sorted(REAL.glob("borneo-bursts/images/Station*/*.JPG"))
    found = set()
    for file in files:
        with Image.open(file) as image:
            said = exif.read(image)
        found.add((said.make, said.model))
    assert found == {("CUDDEBACK", "G4"), ("CUDDEBACK", "G6.1")}
