"""Folders by species and station; what copies keep, what they gain and what they hide. The originals stay as they are."""

import csv
import hashlib
import io
import os

import numpy as np
import pyexiv2
import pytest
from PIL import Image
from surveytables import crop, picture, write

from camtrap.core.errors import UserError
from camtrap.core.paths import Roots
from camtrap.export import by_species, folders
from camtrap.export.copies import Change, changed, places_of
from camtrap.export.privacy import Box, Privacy, find_people
from camtrap.export.records import Survey

AT = "2024-05-01T10:00:00"
WHERE = (-0.638249, -76.149873)


def photograph(seed=0, size=(160, 120), thumbnail=True, kind="JPEG"):
    """A picture with fine stripes, EXIF, a place, and the small picture that cameras put beside it."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, quality=95)
    if kind != "JPEG":
        return buffer.getvalue()
    with pyexiv2.ImageData(buffer.getvalue()) as image:
        image.modify_exif(
            {
                "Exif.Image.Make": "RECONYX",
                "Exif.Photo.DateTimeOriginal": "2024:05:01 10:00:00",
                "Exif.GPSInfo.GPSLatitudeRef": "S",
                "Exif.GPSInfo.GPSLatitude": "638249/1000000 0/1 0/1",
                "Exif.GPSInfo.GPSLongitudeRef": "W",
                "Exif.GPSInfo.GPSLongitude": "76149873/1000000 0/1 0/1",
                "Exif.GPSInfo.GPSAltitude": "250/1",
            }
        )
        if thumbnail:
            image.modify_thumbnail(photograph(seed, (40, 30), thumbnail=False))
        return image.get_bytes()


def metadata(data):
    with pyexiv2.ImageData(data) as image:
        return image.read_exif(), image.read_xmp(), bool(image.read_thumbnail())


@pytest.fixture
def survey(tmp_path):
    """A picture folder and its tables."""
    place = dict(zip(("latitude", "longitude"), WHERE, strict=True))
    pictures = [
        picture("c/Río 1/1.jpg", AT, (crop("Puma", how="looked at"), crop("puma "), crop("Tapir")), **place),
        picture("c/río 1/1.jpg", AT, (crop("PUMA"),), **place),
        picture("d/Río 1/1.jpg", AT, (crop("Puma"),), station="Río 1", **place),
        picture("c/Río 1/no time.jpg", None, (crop("a/b:c"),)),
        picture("c/Río 1/4.jpg", AT, (crop(state="rejected"), crop(state="unsure"), crop(cluster=3))),
        picture("c/Río 1/5.jpg", AT),
        picture("c/Río 1/6.jpg", AT, category="person"),
        picture("c/Río 1/7.jpg", AT, (crop("Puma"), crop("Person", x=0.5, y=0.5, w=0.4, h=0.4)), **place),
        picture("c/Río 1/8.jpg", AT, category="vehicle"),
        picture("c/Río 1/9.jpg", AT, (crop("Puma"),), clock="epoch"),
    ]
    root = tmp_path / "root"
    for number, row in enumerate(pictures):
        file = root / row["path"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(photograph(number))
        os.utime(file, (1_700_000_000, 1_700_000_000))
    files = write(tmp_path / "tables", pictures)

    def run(mode="copy", of_people="leave_out", decimals=None, **options):
        survey = Survey(**files)
        private = Privacy(find_people(survey, [], 0.2), of_people, decimals)
        out = tmp_path / "out"
        counts = by_species.export(survey, Roots(str(root)), out, mode, private=private, **options)
        return out, counts

    run.root, run.files = root, files
    return run


def tree(out):
    return {file.relative_to(out).as_posix() for file in out.rglob("*") if not file.is_dir()} - {"contents.csv"}


def test_folders_are_species_and_stations_and_names_say_where_and_when(survey):
    before = {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in survey.root.rglob("*.jpg")}
    out, counts = survey()
    found = tree(out)
    assert "Tapir/Río 1/Río 1_2024-05-01_10-00-00_1.jpg" in found
    assert "Puma/Río 1/Río 1_no-date_9.jpg" in found
    assert "a_b_c/Río 1/Río 1_no-date_no time.jpg" in found
    # three spellings are one folder; a station that differs in case only, and a second file of that name, are others
    assert len([name for name in found if name.startswith("Puma/")]) == 4
    assert len({name.casefold() for name in found}) == len(found) == counts["files"] == 6
    assert {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in before} == before
    with open(out / "contents.csv", encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text))
    assert {f"{row['folder']}/{row['station']}/{row['file']}" for row in rows} == found
    assert {row["path"] for row in rows if row["name"] == "Tapir"} == {"c/Río 1/1.jpg"}


def test_folders_of_the_rest_are_made_where_they_are_asked_for(survey):
    out, _ = survey(of_people="keep", also=["rejected", "unsure", "unnamed", "empty", "people", "vehicles"])
    folder = {name.split("/")[0] for name in tree(out) if "/" in name}
    assert folder == {
        *("Puma", "Tapir", "a_b_c"),
        *("_rejected", "_unsure", "_empty", "_people", "_vehicles"),
    }


def test_copies_keep_exif_and_time_and_have_keywords(survey):
    out, _ = survey(keywords=True)
    file = out / "Tapir/Río 1/Río 1_2024-05-01_10-00-00_1.jpg"
    exif, xmp, _ = metadata(file.read_bytes())
    original, _, _ = metadata((survey.root / "c/Río 1/1.jpg").read_bytes())
    assert exif == original
    assert xmp["Xmp.dc.subject"] == ["Tapir", "station: Río 1", "named by: ana"]
    assert file.stat().st_mtime == 1_700_000_000
    pixels = [np.asarray(Image.open(name)) for name in (file, survey.root / "c/Río 1/1.jpg")]
    np.testing.assert_array_equal(*pixels)


def test_people_are_left_out_unless_asked_for(survey):
    out, counts = survey(also=["people"])
    assert counts["left_out"] == 2
    assert not [
        name for name in tree(out) if name.endswith(("_6.jpg", "_7.jpg")) or name.startswith(("Person", "_people"))
    ]
    out, _ = survey(of_people="keep", also=["people"])
    assert {"_people/Río 1/Río 1_2024-05-01_10-00-00_6.jpg", "_people/Río 1/Río 1_2024-05-01_10-00-00_7.jpg"} <= tree(
        out
    )


def test_people_are_blurred_on_request(survey):
    out, _ = survey(of_people="blur", also=["people"])
    original = np.asarray(Image.open(survey.root / "c/Río 1/7.jpg")).astype(float)
    data = (out / "Puma/Río 1/Río 1_2024-05-01_10-00-00_7.jpg").read_bytes()
    found = np.asarray(Image.open(io.BytesIO(data))).astype(float)
    inside, outside = np.s_[60:108, 80:144], np.s_[:50, :70]
    assert found[inside].std() < 0.25 * original[inside].std()
    assert abs(found[outside] - original[outside]).mean() < 10
    exif, _, small = metadata(data)
    assert (exif["Exif.Image.Make"], exif["Exif.Photo.DateTimeOriginal"]) == ("RECONYX", "2024:05:01 10:00:00")
    assert not small
    # nobody knows where the person is: all of it
    whole = np.asarray(Image.open(out / "_people/Río 1/Río 1_2024-05-01_10-00-00_6.jpg")).astype(float)
    assert whole.std() < 0.25 * original.std()


def test_coordinates_are_rounded_in_copies_and_others_of_the_picture_are_gone(survey):
    out, _ = survey(decimals=1)
    exif, _, _ = metadata((out / "Tapir/Río 1/Río 1_2024-05-01_10-00-00_1.jpg").read_bytes())
    found = Image.open(out / "Tapir/Río 1/Río 1_2024-05-01_10-00-00_1.jpg").getexif().get_ifd(0x8825)
    assert [float(found[tag][0]) for tag in (2, 4)] == [0.6, 76.1]
    assert (found[1], found[3]) == ("S", "W")
    assert "Exif.GPSInfo.GPSAltitude" not in exif
    # the table knows no place of this one, so its own is taken out
    unplaced, _, _ = metadata(next(out.glob("a_b_c/*/*")).read_bytes())
    assert not [name for name in unplaced if "GPS" in name]
    assert unplaced["Exif.Image.Make"] == "RECONYX"


@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_links_lead_to_the_originals(survey, mode):
    out, _ = survey(mode)
    assert os.path.samefile(out / "Tapir/Río 1/Río 1_2024-05-01_10-00-00_1.jpg", survey.root / "c/Río 1/1.jpg")


def test_a_format_without_keywords_is_copied_as_it_is_and_what_cannot_be_hidden_is_refused(survey):
    file = survey.root / "c/Río 1/9.jpg"
    file.write_bytes(b"BM no picture")
    out, counts = survey(keywords=True)
    assert counts["without_keywords"] == 1
    assert (out / "Puma/Río 1/Río 1_no-date_9.jpg").read_bytes() == b"BM no picture"
    with pytest.raises(UserError, match=r"9\.jpg: people cannot be blurred or coordinates rounded"):
        survey(decimals=1)


def test_a_turned_picture_is_blurred_where_the_person_is():
    pixels = np.full((60, 100, 3), 200, np.uint8)
    pixels[::2, 80:] = 0  # the right edge of the file is the lower edge of the upright picture
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, exif=exif.tobytes())
    data = changed(buffer.getvalue(), Change(blur=[Box(0, 0.8, 1, 0.2)]))
    image = Image.open(io.BytesIO(data))
    assert (image.size, image.getexif().get(0x0112, 1)) == ((60, 100), 1)
    assert np.asarray(image)[82:, 5:55].std() < 30


def test_folders_of_clusters_leave_people_out_too(survey, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = pq.read_table(survey.files["crops"])["crop_id"].to_pylist()
    columns = {name: pa.array([0] * len(ids), pa.int32()) for name in ("cluster", "suggestion", "coarse", "fine")}
    pq.write_table(
        pa.table({"crop_id": ids, **columns, "probability": [1.0] * len(ids)}), tmp_path / "clusters.parquet"
    )
    table = pq.read_table(survey.files["crops"])
    pq.write_table(table.append_column("clustered", pa.array([True] * len(ids))), survey.files["crops"])
    opened = Survey(**survey.files)
    people = find_people(opened, [], 0.2)
    files = survey.files["crops"], tmp_path / "clusters.parquet", []
    for of_people, there in (("leave_out", False), ("blur", True)):
        private = Privacy(people, of_people, 1)
        told = private, places_of(opened, private)
        folders.export(
            *files, Roots(str(survey.root)), {}, tmp_path / "f", "copy", "pictures", survey.files["labels"], *told
        )
        assert any("7.jpg" in name for name in tree(tmp_path / "f")) == there
    exif, _, small = metadata(next((tmp_path / "f").glob("P*/*7.jpg")).read_bytes())
    assert (exif["Exif.GPSInfo.GPSLatitude"], small) == ("600000/1000000 0/1 0/1", False)


def test_of_a_picture_with_a_person_no_crop_is_told_as_that_of_an_animal_may_show_a_part_of_the_person(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    beside = (crop("Puma", crop_id="a"), crop("Person", crop_id="b"))
    files = write(tmp_path, [picture("c/1.jpg", AT, beside), picture("c/2.jpg", AT, (crop("Puma", crop_id="c"),))])
    table = pq.read_table(files["crops"])
    pq.write_table(table.append_column("clustered", pa.array([True] * 3)), files["crops"])
    columns = {name: pa.array([0] * 3, pa.int32()) for name in ("cluster", "suggestion", "coarse", "fine")}
    pq.write_table(
        pa.table({"crop_id": table["crop_id"], **columns, "probability": [1.0] * 3}), tmp_path / "clusters.parquet"
    )
    pq.write_table(pa.table({"crop_id": table["crop_id"], "image": [b"\xff\xd8\xff"] * 3}), tmp_path / "s-1.parquet")
    people = find_people(Survey(**files), [], 0.2)
    for of_people, told in (("leave_out", ["c"]), ("blur", ["c"]), ("keep", ["a", "b", "c"])):
        folders.export(
            files["crops"],
            tmp_path / "clusters.parquet",
            [tmp_path / "s-1.parquet"],
            Roots(str(tmp_path)),
            {},
            tmp_path / "f",
            "copy",
            "crops",
            files["labels"],
            Privacy(people, of_people),
        )
        assert sorted(name.rpartition("/")[2] for name in tree(tmp_path / "f")) == [f"{one}.jpg" for one in told]


def test_a_preview_in_the_makers_notes_does_not_outlive_the_blur():
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769).update({0x927C: b"note \xff\xd8\xff preview", 0x9003: "2024:05:01 10:00:00"})
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "JPEG", exif=exif)
    assert b"preview" in buffer.getvalue()
    data = changed(buffer.getvalue(), Change(blur=[]))
    assert b"preview" not in data
    fields = Image.open(io.BytesIO(data)).getexif()
    assert (fields[0x010F], fields.get_ifd(0x8769)[0x9003]) == ("Maker", "2024:05:01 10:00:00")
