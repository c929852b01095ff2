import hashlib
import io
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from camtrap.core.files import write_parquet, write_text
from camtrap.core.paths import Roots
from camtrap.crop.geometry import crop_id, cut, of_crop, scale, window
from camtrap.crop.run import CROP_SCHEMA, crop_shard, kept
from camtrap.pictures.encode import encode
from camtrap.pictures.source import CHANGED
from camtrap.pictures.strip import content_rows

OPTIONS = {
    "threshold": 0.2,
    "categories": ["animal"],
    "shape": "pad",
    "padding": 0.0,
    "size": 64,
    "format": "png",
    "quality": 95,
    "decode": "full",
}


@pytest.mark.parametrize(
    ("shape", "padding", "expected"),
    [
        # a box of 40 x 20 pixels at (10, 60) in a picture of 100 x 100; its centre is (30, 70)
        ("stretch", 0.0, (10, 60, 50, 80)),
        ("pad", 0.0, (10, 50, 50, 90)),
        ("clamp", 0.0, (10, 50, 50, 90)),
        ("pad", 0.5, (-10, 30, 70, 110)),
        ("clamp", 0.5, (0, 30, 70, 100)),
        ("stretch", 0.5, (0, 40, 70, 100)),
    ],
)
def test_window_by_hand(shape, padding, expected):
    assert window((0.1, 0.6, 0.4, 0.2), 100, 100, shape, padding) == expected


@pytest.mark.parametrize("shape", ["pad", "clamp", "stretch"])
def test_a_window_is_never_empty(shape):
    for box in [(0.999, 0.999, 0.001, 0.001), (0, 0, 1e-4, 1e-4), (0, 0, 1, 1)]:
        left, top, right, bottom = window(box, 37, 23, shape)
        assert right > left
        assert bottom > top


@pytest.mark.parametrize(("fill", "value"), [("black", 0), ("grey", 127)])
def test_pad_keeps_proportions_and_fills(fill, value):
    picture = np.full((50, 100, 3), 200, np.uint8)
    crop = cut(picture, (0, 0, 1, 1), "pad", 100, fill=fill)
    assert (crop[30:70] == 200).all()
    assert (crop[:24] == value).all()
    assert (crop[76:] == value).all()


def test_a_crop_of_the_right_size_is_the_pixels_themselves():
    picture = np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    np.testing.assert_array_equal(cut(picture, (0.25, 0.25, 0.5, 0.5), "pad", 40), picture[20:60, 20:60])


def stripped(ground=0, height=14):
    """A picture of 120 x 160 with an info strip of so many rows at the bottom, and its box that ends at the strip."""
    random = np.random.default_rng(1)
    picture = random.integers(60, 200, (120, 160, 3), dtype=np.uint8)
    picture[-height:] = ground
    for left in range(6, 120, 9):
        picture[-height + 4 : -4, left : left + 5] = 255 - ground
    return picture, (0.4, 0.3, 0.1, (120 - height) / 120 - 0.3)


@pytest.mark.parametrize("ground", [0, 255])
def test_the_info_strip_is_found_and_kept_out(ground):
    picture, box = stripped(ground)
    first, end = content_rows(picture)
    assert first == 0
    assert 103 <= end <= 106
    box = (0.3, 0.5, 0.6, end / 120 - 0.5)  # its square reaches below the picture
    kept, masked = (
        cut(picture, box, **of_crop(picture, OPTIONS | {"fill": "grey", "strip": strip})) for strip in ("keep", "mask")
    )
    below = round((end - (box[1] + box[3] / 2) * 120 + 48) / 96 * 64) + 1
    assert (masked[below:] == 127).all()
    assert (kept[below : below + 8] != 127).any()
    np.testing.assert_array_equal(kept[: below - 3], masked[: below - 3])


def test_a_clamped_square_ends_at_the_strip_and_a_box_in_the_strip_stays():
    picture, _ = stripped()
    rows = content_rows(picture)
    crop = cut(picture, (0.3, 0.5, 0.6, 0.37), "clamp", 64, rows=rows)
    assert (crop.reshape(-1, 3).max(1) > 0).all()
    inside = (0.1, 0.9, 0.2, 0.08)
    np.testing.assert_array_equal(cut(picture, inside, "pad", 32, rows=rows), cut(picture, inside, "pad", 32))


def test_what_is_no_strip():
    random = np.random.default_rng(2)
    night = random.integers(0, 6, (120, 160, 3), dtype=np.uint8)  # dark all over
    night[60:100, 40:90] = 180
    snow = np.full((120, 160, 3), 250, np.uint8)
    snow[:90] = random.integers(20, 200, (90, 160, 3))  # plain to the border, without writing
    over = random.integers(60, 200, (120, 160, 3), dtype=np.uint8)
    over[108:116, 6:60:4] = 255  # writing over the picture
    for picture in (night, snow, over, night[:9]):
        assert content_rows(picture) == (0, len(picture))


def test_scaled_decoding_leaves_each_crop_twice_its_size():
    row, options = {"width": 4000, "height": 3000}, OPTIONS | {"decode": "scaled"}  # crops of 64 pixels
    large, small = (0.1, 0.1, 0.3, 0.2), (0.5, 0.5, 0.05, 0.05)  # squares of 1200 and of 200 pixels
    assert scale(row, [large], options) == 8
    assert scale(row, [large, small], options) == 1
    assert scale(row, [large, (0.5, 0.5, 0.07, 0.01)], options) == 2  # of 280 pixels
    assert scale(row, [large], OPTIONS) == 1


def test_png_crops_are_stored_without_loss():
    crop = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode(crop, "png", 95)))), crop)


def test_which_detections_are_kept():
    names = {"1": "animal", "2": "person", "7": "animal"}
    detections = [
        {"category": "1", "conf": 0.2, "bbox": [0, 0, 0.1, 0.1]},
        {"category": "7", "conf": 0.7, "bbox": [0, 0, 0.1, 0.1]},
        {"category": "2", "conf": 0.99, "bbox": [0, 0, 0.5, 0.5]},
        {"category": "1", "conf": 0.19, "bbox": [0, 0, 0.3, 0.3]},
        {"category": "1", "conf": -0.9, "bbox": [0, 0, 0.4, 0.4]},
        {"category": "1", "conf": 0.9, "bbox": [0.5, 0.5, 0.0, 0.3]},
        {"category": "1", "conf": 0.8, "bbox": [0.2, 0.2, 0.3, 0.3]},
    ]
    found = kept(detections, names, OPTIONS)
    assert found == [((0.2, 0.2, 0.3, 0.3), "animal", 0.8), ((0, 0, 0.1, 0.1), "animal", 0.7)]
    assert kept(None, names, OPTIONS) == []


def test_crop_id_is_picture_and_box():
    assert crop_id("abcdef0123456789" + "f" * 48, (0.1, 0.25, 0.30004, 1)) == "abcdef0123456789-1000-2500-3000-10000"


def index_rows(folder, names):
    rows = []
    for name in names:
        rows.append(
            {"image_id": name.encode().hex().ljust(64, "0"), "path": f"card/{name}", "status": "ok", "exif": None}
        )
    pq.write_table(pa.Table.from_pylist(rows), folder / "index.parquet")


def shard(folder, pictures, detections):
    (folder / "card").mkdir()
    for name, data in pictures.items():
        (folder / "card" / name).write_bytes(data)
    index_rows(folder, pictures)
    images = [{"file": f"card/{name}", "detections": detections} for name in pictures]
    found = {"detection_categories": {"1": "animal"}, "images": images}
    (folder / "found.json").write_text(json.dumps(found))
    crop_shard(folder / "index.parquet", folder / "found.json", folder / "out.parquet", Roots(str(folder)), OPTIONS, 2)
    return pq.read_table(folder / "out.parquet")


def jpeg(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


BOX = [{"category": "1", "conf": 0.9, "bbox": [0.25, 0.25, 0.5, 0.5]}]


def test_an_unreadable_picture_costs_only_itself(tmp_path):
    good = jpeg(np.full((64, 64, 3), (200, 60, 30), np.uint8))
    table = shard(tmp_path, {"a.jpg": good, "b.jpg": b"no picture", "c.jpg": good}, BOX)
    assert table["path"].to_pylist() == ["card/a.jpg", "card/c.jpg"]
    failures = json.loads(table.schema.metadata[b"failures"])
    assert [path for path, _ in failures] == ["card/b.jpg"]


def test_a_picture_that_was_exchanged_since_the_index_is_not_cropped(tmp_path):
    """By size, by time, or by both; one that was only touched is the same picture."""
    first, second = (jpeg(np.full((64, 64, 3), level, np.uint8)) for level in (90, 200))
    longer = second + b"end"
    assert len(first) == len(second)
    after = {"as it was.jpg": first, "longer.jpg": longer, "same size.jpg": second, "touched.jpg": first}
    (tmp_path / "card").mkdir()
    rows, manifest = [], "path\tsize\tmtime_ns\n"
    for name, data in after.items():
        file = tmp_path / "card" / name
        file.write_bytes(data)
        os.utime(file, ns=(10**18, 10**18 if name in ("as it was.jpg", "longer.jpg") else 2 * 10**18))
        rows.append(
            {
                "image_id": hashlib.sha256(first).hexdigest(),
                "path": f"card/{name}",
                "bytes": len(first),
                "video": None,
                "status": "ok",
                "exif": None,
            }
        )
        manifest += f"card/{name}\t{len(first)}\t{10**18}\n"
    results = tmp_path / "results"
    write_parquet(results / "index" / "card-00000-01234567.parquet", pa.Table.from_pylist(rows))
    write_text(results / "plan" / "manifests" / "card-00000-01234567.tsv", manifest)
    found = {
        "detection_categories": {"1": "animal"},
        "images": [{"file": row["path"], "detections": BOX} for row in rows],
    }
    (tmp_path / "found.json").write_text(json.dumps(found))
    out = results / "crops" / "card-00000-01234567.parquet"
    crop_shard(results / "index" / out.name, tmp_path / "found.json", out, Roots(str(tmp_path)), OPTIONS, 1)
    table = pq.read_table(out)
    assert table["path"].to_pylist() == ["card/as it was.jpg", "card/touched.jpg"]
    failures = json.loads(table.schema.metadata[b"failures"])
    assert failures == [["card/longer.jpg", CHANGED], ["card/same size.jpg", CHANGED]]
    again = (results / "plan" / "again" / "card-00000-01234567.tsv").read_text()
    assert again == "card/longer.jpg\ncard/same size.jpg\n"


def test_a_shard_without_animals_is_a_valid_empty_file(tmp_path):
    table = shard(tmp_path, {"a.jpg": jpeg(np.zeros((64, 64, 3), np.uint8))}, [])
    assert len(table) == 0
    assert table.schema.names == CROP_SCHEMA.names


def test_exif_rotation_is_honoured(tmp_path):
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:20, :40] = 255  # white at the upper left of the stored picture
    exif = Image.Exif()
    exif[274] = 6  # shown turned by 90 degrees clockwise: white is then at the upper right
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, exif=exif)
    box = [{"category": "1", "conf": 0.9, "bbox": [0.5, 0.0, 0.5, 0.25]}]
    table = shard(tmp_path, {"a.jpg": buffer.getvalue()}, box)
    crop = np.asarray(Image.open(io.BytesIO(table["image"][0].as_py())))
    assert crop.mean() > 240


def test_the_square_of_a_long_strip_needs_little_memory():
    """Made as it is, it would have 13 GB."""
    picture = np.full((16, 65_500, 3), 200, np.uint8)
    crop = cut(picture, (0.0, 0.0, 1.0, 1.0), "pad", 64)
    assert crop.shape == (64, 64, 3)
    assert crop[:20].max() == crop[-20:].max() == 0
    wide = cut(picture, (0.0, 0.0, 0.001, 1.0), "pad", 64, padding=500.0, rows=(2, 14))
    assert wide.shape == (64, 64, 3)


@pytest.mark.parametrize("height", range(1, 12))
def test_pictures_of_a_few_rows_have_no_strip(height):
    picture = np.random.default_rng(height).integers(0, 255, (height, 9, 3), dtype=np.uint8)
    assert content_rows(picture) == (0, height)
