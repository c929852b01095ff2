"""Clocks, stations and small folders as people report them, in one survey through Snakemake."""

import datetime as dt
import os
import struct
import time

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import CONFIG, Survey
from PIL import Image

TABLE = """project_id,deployment_id,placename,longitude,latitude,start_date,end_date,timezone,clock offset
1,d1,A1,10.5,-1.5,2021-01-01 00:00:00,2021-02-01 00:00:00,,
1,d2,never set,10.5,-1.5,2020-05-01,2020-05-31,,7427 08:00:00
1,d3,Film,10.5,-1.5,,,America/Guayaquil,
1,d4,St99,10.5,-1.5,,,,
"""
FUTURE = dt.datetime(2034, 5, 1, 10)


def reconyx(trigger, number, length, second):
    """A HyperFire's maker note: trigger, place in the series, time."""
    note = bytearray(108)
    note[0:4] = b"\x01\xf1\x02\0"
    struct.pack_into("<H", note, 12, ord(trigger))
    struct.pack_into("<HH", note, 14, number, length)
    struct.pack_into("<6H", note, 22, second, 0, 10, 5, 1, 2020)
    return bytes(note)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What the run said, the survey, and its pictures by path."""
    survey = Survey(tmp_path_factory.mktemp("clocks"))
    Survey.cache = survey.folder / "cache"
    number = 0

    def picture(path, when=None, note=None, mtime=dt.datetime(2020, 9, 13)):
        nonlocal number
        number += 1
        file = survey.pictures / path
        file.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        if when:
            exif.get_ifd(0x8769)[0x9003] = when
        if note:
            exif[0x010F] = "RECONYX"
            exif.get_ifd(0x8769)[0x927C] = note
        noise = np.random.default_rng(number).integers(0, 255, (48, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(file, exif=exif)
        os.utime(file, (mtime.timestamp(),) * 2)

    picture("visit1/NEVER_SET/a.jpg", "2000:01:01 00:00:00")
    for visit in (1, 2):
        picture(f"visit{visit}/RESET/{visit}.jpg", f"2000:01:01 00:00:0{visit}")
    picture("visit1/FUTURE/a.jpg", "2034:05:01 10:00:00", mtime=FUTURE)
    picture("visit1/H24/a.jpg", "2019:05:01 24:04:20")
    for station in ("A1", "B2"):
        for copy in ("DCIM", "DCIM (2)"):
            picture(f"visit1/{station}/{copy}/100EK113/a.jpg", "2020:05:01 10:00:00")
    for name, trigger, place, length, second in (
        ("1", "M", 1, 3, 0),
        ("2", "M", 2, 3, 1),
        ("3", "T", 1, 1, 1),
        ("4", "M", 3, 3, 2),
    ):
        picture(f"visit1/ST1/{name}.jpg", f"2020:05:01 10:00:0{second}", reconyx(trigger, place, length, second))
    for folder in range(6):
        picture(f"S{folder}/a.jpg")
    (survey.pictures / "S0" / "b.HEIC").write_bytes(b"ftypheic")
    film = survey.pictures / "visit1" / "Film" / "x.MOV"
    film.parent.mkdir()
    with av.open(str(film), "w", format="mov") as out:
        out.metadata["creation_time"] = "2020-05-01T15:00:00Z"
        stream = out.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        out.mux(stream.encode())
    (survey.folder / "stations.csv").write_text(TABLE)
    config = CONFIG | {"plan": {"settle_seconds": 1}, "metadata": {"stations": "stations.csv"}}
    (survey.folder / "survey.yaml").write_text(yaml.safe_dump(config))
    time.sleep(1.1)
    said = survey.run("results/tables/counts.json")
    rows = pq.read_table(survey.results / "tables" / "images.parquet").to_pylist()
    return said, survey, {row["path"]: row for row in rows}


def test_small_folders_share_a_shard_and_formats_are_counted(seen):
    said, survey, rows = seen
    assert len(rows) == 20
    assert len(survey.shards()) == 1
    assert "1 HEIC" in said
    assert "Nothing to be done" in survey.snakemake("--dry-run", "results/tables/counts.json")


def test_stations_are_those_of_the_table_and_its_own_rows_without_pictures_are_said(seen):
    said, _, rows = seen
    assert "plan: stations.csv: no picture is of St99" in said
    assert "plan: stations.csv: no row for B2, FUTURE, H24, RESET, S0" in said
    assert {path.split("/")[1]: row["station"] for path, row in rows.items() if "EK113" in path} == {
        "A1": "A1",
        "B2": "B2",
    }


def test_clocks_are_corrected_and_flagged_with_both_times(seen):
    _, _, rows = seen
    times = {path: (row["datetime"], row["clock"], row["clock_reason"]) for path, row in rows.items()}
    assert times["visit1/NEVER_SET/a.jpg"] == (dt.datetime(2020, 5, 2, 8), None, None)
    assert times["visit1/H24/a.jpg"] == (dt.datetime(2019, 5, 1, 0, 4, 20), None, None)
    assert times["visit1/FUTURE/a.jpg"][:2] == (FUTURE, "future")
    assert times["visit1/FUTURE/a.jpg"][2].startswith("2034-05-01 10:00:00 was still to come")
    assert times["visit1/RESET/1.jpg"][1] == "epoch"
    assert times["visit1/A1/DCIM/100EK113/a.jpg"][1:] == (
        "outside deployment",
        "2020-05-01 10:00:00 is before the start of its deployment, 2021-01-01 00:00:00",
    )
    film = rows["visit1/Film/x.MOV/frame000000.jpg"]
    assert (film["datetime"], film["timestamp"]) == (dt.datetime(2020, 5, 1, 10), "2020-05-01T10:00:00-05:00")


def test_bursts_cross_no_visit_and_no_time_lapse(seen):
    _, _, rows = seen
    assert rows["visit1/RESET/1.jpg"]["burst"] != rows["visit2/RESET/2.jpg"]["burst"]
    assert rows["visit1/RESET/1.jpg"]["event"] != rows["visit2/RESET/2.jpg"]["event"]
    one, two, lapse, three = (rows[f"visit1/ST1/{name}.jpg"]["burst"] for name in "1234")
    assert one == two == three != lapse
