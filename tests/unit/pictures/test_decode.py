"""Decoding, against Pillow's own full decode, on made and on real pictures."""

import hashlib
import io
import os
import subprocess
import sys
import zlib

import numpy as np
import pytest
import trapdata
from PIL import Image, ImageOps
from realdata import REAL, real

from camtrap.core.errors import OutageError, PictureError
from camtrap.core.paths import Roots
from camtrap.pictures import decode, source
from camtrap.pictures.infrared import is_infrared
from camtrap.pictures.truncated import is_truncated


def scene(height=48, width=64, channels=3):
    """Smooth colours with some texture: what JPEG is made for."""
    y, x = np.mgrid[:height, :width]
    planes = [(x * 3 + y * k) % 256 for k in range(1, channels + 1)]
    return np.squeeze(np.stack(planes, -1).astype(np.uint8))


def encode(image, form="JPEG", orientation=None, **options):
    buffer = io.BytesIO()
    if orientation:
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = orientation
    image.save(buffer, form, **options)
    return buffer.getvalue()


def oracle(data):
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_that_of_pillow(form, orientation):
    data = encode(Image.fromarray(scene()), form, orientation)
    pixels = decode.decode(data)
    np.testing.assert_array_equal(pixels, oracle(data))
    assert pixels.flags.c_contiguous
    assert decode.rotated_size(decode.open_header(data)) == (pixels.shape[1], pixels.shape[0])


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (Image.fromarray(scene(channels=1)), {}),
        (Image.fromarray(scene()), {"progressive": True, "quality": 60}),
        (Image.fromarray(scene()), {"subsampling": 0}),
        (Image.fromarray(scene()), {"subsampling": 1}),
        (Image.fromarray(scene()), {"keep_rgb": True}),
        (Image.fromarray(scene(47, 63)), {"quality": 95, "restart_marker_rows": 1}),
        (Image.fromarray(scene()).convert("CMYK"), {}),
        (Image.fromarray(scene()).convert("P"), {"form": "GIF"}),
        (Image.fromarray(scene()).convert("1"), {"form": "PNG"}),
        (Image.fromarray(scene(channels=4), "RGBA"), {"form": "PNG"}),
        (Image.fromarray(scene()), {"form": "BMP"}),
    ],
)
def test_kinds_of_picture_are_those_of_pillow(image, options):
    options = dict(options)
    data = encode(image, options.pop("form", "JPEG"), **options)
    pixels = decode.decode(data)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (image.height, image.width, 3)
    np.testing.assert_array_equal(pixels, oracle(data))


def test_cmyk_comes_out_in_its_colours():
    rgb = np.full((16, 16, 3), (200, 40, 90), np.uint8)
    data = encode(Image.fromarray(rgb).convert("CMYK"), quality=95)
    assert np.abs(decode.decode(data).astype(int) - rgb).max() < 6


def test_grey_of_16_bits_keeps_its_range():
    values = np.array([[0, 257, 25700, 65535]], np.uint16)
    assert decode.decode(encode(Image.fromarray(values), "PNG"))[0, :, 0].tolist() == [0, 1, 100, 255]
    floats = Image.fromarray(np.array([[-1.0, 0.0, 1.0]], np.float32))
    assert decode.decode(encode(floats, "TIFF"))[0, :, 1].tolist() == [0, 128, 255]


def cuts(data):
    return [len(data) // 2, len(data) - 3, len(data) - 2, len(data) - 1]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_truncated_pictures_are_recognised(form):
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    data = encode(Image.fromarray(noise), form)
    assert not is_truncated(data)
    wanted = [cut for cut in cuts(data) if form != "PNG" or cut < len(data) - 8]
    assert [is_truncated(data[:cut]) for cut in wanted] == [True] * len(wanted)


def test_truncated_jpeg_is_decoded_as_far_as_it_goes():
    data = encode(Image.fromarray(scene(256, 256)), quality=90)
    whole, half = decode.decode(data), decode.decode(data[: len(data) // 2])
    assert half.shape == whole.shape
    np.testing.assert_array_equal(half[:64], whole[:64])
    assert not np.array_equal(half[-8:], whole[-8:])


def test_what_trails_a_jpeg_does_not_make_it_truncated():
    data = encode(Image.fromarray(scene()))
    for trail in [b"\0" * 4096, b"camera block \xff\xd9 more", data, data[: len(data) // 2]]:
        assert not is_truncated(data + trail)
    assert is_truncated(data[:-2] + b"\0" * 4096)


def test_a_thumbnail_does_not_hide_that_the_picture_is_truncated():
    thumbnail = encode(Image.fromarray(scene(16, 16)))
    segment = b"\xff\xe2" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    data = encode(Image.fromarray(scene(128, 128)))
    data = data[:2] + segment + data[2:]
    assert not is_truncated(data)
    assert is_truncated(data[:-20])
    assert is_truncated(data[: len(segment) + 2])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\0" * 5000, "zero bytes"),
        ("naïve notes, not a picture".encode(), "text, not a picture"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"%PDF-1.4 ...", "PDF"),
        (b"\0\0\0\x20ftypheic", "HEIF"),
        (b"\0\0\0\x20ftypisom", "video"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG whose header"),
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG whose header"),
        (bytes(range(128, 256)), "not a picture"),
    ],
)
def test_what_is_no_picture_is_named(data, words):
    with pytest.raises(PictureError, match=words) as caught:
        decode.decode(data)
    assert "\n" not in str(caught.value)


def test_a_program_is_no_picture(tmp_path, monkeypatch):
    """Pillow has Ghostscript run what an EPS file says, whatever its name is."""
    ran = tmp_path / "ran"
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    with pytest.raises(PictureError, match="text, not a picture"):
        decode.decode(data)
    assert not ran.exists()


def test_endless_pictures_are_refused_before_decoding():
    data = bytearray(encode(Image.new("L", (8, 8)), "PNG"))
    data[16:24] = (60000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    with pytest.raises(PictureError, match="60000 x 60000"):
        decode.decode(bytes(data))
    with pytest.raises(PictureError, match="not read"):
        decode.decode(encode(Image.fromarray(scene())), max_pixels=100)


def test_broken_exif_costs_nothing_but_the_rotation():
    data = encode(Image.fromarray(scene()), orientation=6)
    at = data.index(b"Exif\0\0") + 6
    broken = data[: at + 4] + b"\xff\xff\xff\x7f" + data[at + 8 :]
    assert decode.decode(broken).shape == (48, 64, 3)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "TIFF"])
def test_damaged_bytes_decode_or_are_refused_in_one_line(form):
    rng = np.random.default_rng(3)
    whole = encode(Image.fromarray(rng.integers(0, 255, (40, 56, 3), np.uint8)), form)
    decoded = refused = 0
    for _ in range(100):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 4):
            data[at] = rng.integers(0, 256)
        try:
            assert decode.decode(bytes(data[: rng.integers(100, len(data) + 1)])).shape[2] == 3
            decoded += 1
        except PictureError as error:
            refused += "\n" not in str(error)
    assert decoded + refused == 100
    assert decoded


def test_load_by_index_row(tmp_path):
    (tmp_path / "card1").mkdir()
    data = encode(Image.fromarray(scene()))
    (tmp_path / "card1" / "caf\u00e9.jpg").write_bytes(data)
    roots = Roots(str(tmp_path))
    for row in ["card1/caf\u00e9.jpg", {"path": "card1/caf\u00e9.jpg", "video": None}]:
        np.testing.assert_array_equal(decode.load(roots, row), oracle(data))
    with pytest.raises(PictureError, match="vanished"):
        decode.load(roots, "card1/gone.jpg")
    with pytest.raises(PictureError, match="names no picture root"):
        decode.load(Roots({"card1": str(tmp_path)}), "card2/gone.jpg")


def test_a_picture_that_is_not_the_one_indexed(tmp_path):
    (tmp_path / "card").mkdir()
    file, data = tmp_path / "card" / "a.jpg", encode(Image.fromarray(scene()))
    file.write_bytes(data)
    os.utime(file, ns=(10**18, 10**18))
    roots = Roots(str(tmp_path))
    row = {"path": "card/a.jpg", "bytes": len(data), "image_id": hashlib.sha256(data).hexdigest()}
    planned = source.Planned({"card/a.jpg": (10**18,)})

    def load():
        return decode.load(roots, row, seen=planned.of(row))

    whole = load()
    os.utime(file)  # an rsync: the content tells
    np.testing.assert_array_equal(load(), whole)
    other = data[:-3] + b"x" + data[-2:]
    file.write_bytes(other)
    with pytest.raises(PictureError, match="changed since it was planned"):
        load()
    os.utime(file, ns=(10**18, 10**18))
    file.write_bytes(data + b"x")
    with pytest.raises(PictureError, match="changed since it was planned"):
        load()
    file.rename(tmp_path / "a.jpg")
    with pytest.raises(PictureError, match="vanished"):
        load()
    (tmp_path / "card").rmdir()
    with pytest.raises(OutageError, match="card: this picture folder is not there"):
        load()


def test_a_folder_with_the_name_of_a_video(tmp_path):
    data = encode(Image.fromarray(scene()))
    (tmp_path / "film.mp4").mkdir()
    (tmp_path / "film.mp4" / "frame000001.jpg").write_bytes(data)
    np.testing.assert_array_equal(decode.load(Roots(str(tmp_path)), "film.mp4/frame000001.jpg"), oracle(data))


def test_full_memory_is_not_the_pictures_fault(tmp_path):
    """A real limit of the address space."""
    file = tmp_path / "a.png"
    Image.new("RGB", (8000, 8000)).save(file)
    code = (
        "import resource, sys\n"
        "from camtrap.core.errors import OutageError\n"
        "from camtrap.core.paths import Roots\n"
        "from camtrap.pictures import decode\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 100_000_000,) * 2)\n"
        f"try: decode.load(Roots({str(tmp_path)!r}), 'a.png')\n"
        "except OutageError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stdout.startswith("a.png: memory is full"), said


def test_day_and_night_of_a_camera_trap():
    """Pixels as Pillow has them, colour by day, infrared by night (despite the strip); a cut file is seen."""
    for shot in (trapdata.day(), trapdata.night()):
        pixels = decode.decode(shot.data)
        np.testing.assert_array_equal(pixels, oracle(shot.data))
        assert is_infrared(pixels) == shot.infrared
        assert not is_truncated(shot.data)
        assert is_truncated(shot.data[: len(shot.data) // 2])


@real
def test_real_pictures_are_those_of_pillow():
    """CMYK, grey, rotated, truncated, WebP, several cameras; the largest are left out for time."""
    files = [*REAL.glob("edge-cases/images/*"), *REAL.glob("lila31/images/*"), *REAL.glob("bursts/images/*/*")]
    files = sorted(f for f in files if 0 < f.stat().st_size < 250_000) + sorted(
        REAL.glob("edge-cases/images/*elephants*")
    )
    assert len(files) > 25
    truncated = []
    for file in files:
        data = file.read_bytes()
        np.testing.assert_array_equal(decode.decode(data), oracle(data), err_msg=file.name)
        if is_truncated(data):
            truncated.append(file.name)
    assert truncated == ["speciesnet__african_elephants_truncated_file.jpg"]


def test_a_scaled_jpeg_is_a_smaller_one_of_the_same_picture():
    rows, columns = np.mgrid[:99, :130]
    image = Image.fromarray(np.stack([rows * 2, columns, np.full_like(rows, 90)], -1).astype(np.uint8))
    exif = Image.Exif()
    exif[decode.ORIENTATION] = 6
    plain, turned = io.BytesIO(), io.BytesIO()
    image.save(plain, "JPEG", quality=95)
    image.save(turned, "JPEG", quality=95, exif=exif)
    whole = decode.decode(plain.getvalue())
    for scale in (2, 4, 8):
        small = decode.decode(plain.getvalue(), scale=scale)
        assert small.shape[:2] == tuple(-(-side // scale) for side in whole.shape[:2])
        blocks = whole[: whole.shape[0] // scale * scale, : whole.shape[1] // scale * scale]
        means = blocks.reshape(blocks.shape[0] // scale, scale, -1, scale, 3).mean((1, 3))
        assert np.abs(small[: len(means), : means.shape[1]] - means).max() < 6
        np.testing.assert_array_equal(decode.decode(turned.getvalue(), scale=scale), decode.rotate(small, 6))


def test_pictures_decoded_into_kept_memory_are_the_same():
    """Larger, smaller, grey, turned, damaged and no JPEG: none shows what another left."""
    whole = encode(Image.fromarray(scene(64, 96)), quality=95)
    several = [
        encode(Image.fromarray(scene(40, 30)), quality=95),
        whole,
        encode(Image.fromarray(scene(31, 47)), orientation=6, quality=95),
        encode(Image.fromarray(scene(48, 64, 1)), quality=95),
        whole[: len(whole) // 2],
        encode(Image.fromarray(scene(50, 20)), "PNG"),
    ]
    for data in several + several[::-1]:
        for scale in (1, 2):
            kept = decode.decode(data, scale=scale, reuse=True)
            np.testing.assert_array_equal(kept, decode.decode(data, scale=scale))
    first = decode.decode(whole, reuse=True)
    assert np.shares_memory(first, decode.decode(several[0], reuse=True))
    assert not np.shares_memory(first, decode.decode(whole))
