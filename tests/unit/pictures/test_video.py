"""Videos, encoded here by PyAV: frame n is grey of level 5 n, left half darker, so that a frame names itself."""

import datetime as dt

import av
import numpy as np
import pytest

from camtrap.core.errors import PictureError, VideoError
from camtrap.core.paths import Roots
from camtrap.pictures import decode, frames, video


def write(path, codec="mpeg4", n=45, fps=10, created=None, gop=12):
    with av.open(str(path), "w") as container:
        if created:
            container.metadata["creation_time"] = created
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size, stream.bit_rate = gop, 4_000_000
        for number in range(n):
            pixels = np.full((48, 64, 3), 5 * number, np.uint8)
            pixels[:, :32] //= 2
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return str(path)


def number_of(pixels):
    return round(float(pixels[8:40, 40:60].mean()) / 5)


KINDS = [("a.mp4", "mpeg4"), ("a.avi", "mjpeg"), ("a.mov", "libx264"), ("a.MP4", "libx264")]


@pytest.mark.parametrize(("name", "codec"), KINDS)
def test_sampled_frames_are_those_read_again(tmp_path, name, codec):
    file = write(tmp_path / name, codec, created="2019-03-16T14:18:19Z")
    found = video.sample(file, rate=2)
    assert [frame.number for frame in found.frames] == [0, 5, 10, 15, 20, 25, 30, 35, 40]
    assert [frame.seconds for frame in found.frames] == pytest.approx([n / 2 for n in range(9)])
    assert {(frame.width, frame.height) for frame in found.frames} == {(64, 48)}
    assert found.damage is None
    reader = video.Reader(file)
    assert [number_of(reader.frame(frame.number)) for frame in found.frames] == [f.number for f in found.frames]
    again = reader.frame(5)
    assert number_of(again) == 5
    np.testing.assert_array_equal(again, video.Reader(file).frame(5))
    with pytest.raises(VideoError, match="no frame 45, it ends after 45"):
        reader.frame(45)


@pytest.mark.parametrize(
    ("rate", "numbers"), [(0.5, [0, 20, 40]), (1, [0, 10, 20, 30, 40]), (3, [0, 4, 7]), (99, [0, 1, 2])]
)
def test_rates(tmp_path, rate, numbers):
    found = video.sample(write(tmp_path / "a.mp4", n=45 if rate <= 1 else 10 if rate == 3 else 3), rate)
    assert [frame.number for frame in found.frames] == numbers


@pytest.mark.parametrize(
    ("told", "numbers"),
    [
        ({37}, [37]),
        ({0, 20, 99}, [0, 20]),
        (range(45), [0, 10, 20, 30, 40]),  # all were looked at: the rate chooses
    ],
)
def test_frames_that_somebody_speaks_of(tmp_path, told, numbers):
    found = video.sample(write(tmp_path / "a.mp4"), 1, told)
    assert [(frame.number, frame.seconds) for frame in found.frames] == [(n, pytest.approx(n / 10)) for n in numbers]


def test_a_frame_beyond_the_end_is_said(tmp_path):
    with pytest.raises(VideoError, match="speaks of frame 45, the video ends after 45 frames"):
        video.sample(write(tmp_path / "a.mp4"), 1, {45, 60})


def test_time_of_recording(tmp_path):
    for name in ("a.mp4", "a.mov"):
        file = write(tmp_path / name, n=3, created="2019-03-16T14:18:19.000000Z")
        assert video.sample(file).start == dt.datetime(2019, 3, 16, 14, 18, 19)
    assert video.sample(write(tmp_path / "b.avi", "mjpeg", n=3)).start is None


@pytest.mark.parametrize(
    ("metadata", "start"),
    [
        ({"com.apple.quicktime.creationdate": "2019-03-16T14:18:19-0500"}, dt.datetime(2019, 3, 16, 14, 18, 19)),
        ({"creation_time": "2019-03-16 14:18:19"}, dt.datetime(2019, 3, 16, 14, 18, 19)),
        ({"IDIT": "Sat Mar 16 14:18:19 2019\n"}, dt.datetime(2019, 3, 16, 14, 18, 19)),
        ({"creation_time": "2019-03-16 24:18:19"}, dt.datetime(2019, 3, 16, 0, 18, 19)),
        ({"creation_time": "1904-01-01T00:00:00Z"}, None),
        (
            {"creation_time": "1970-01-01T00:00:00Z", "date": "2019:03:16 14:18:19"},
            dt.datetime(2019, 3, 16, 14, 18, 19),
        ),
        ({"creation_time": "2019-13-16T14:18:19Z"}, None),
        ({"encoder": "Lavf"}, None),
    ],
)
def test_how_containers_write_time(metadata, start):
    assert video.started(metadata) == start


def test_rotation(tmp_path):
    """The display matrix of a recorder held upright: 90 degrees clockwise (ISO 14496-12, tkhd: x right becomes down)."""
    file = tmp_path / "a.mp4"
    write(file, n=5)
    plain = video.Reader(str(file)).frame(3)
    data = bytearray(file.read_bytes())
    at = data.index(b"tkhd") + 4 + 40 - 4
    matrix = b"".join(value.to_bytes(4, "big", signed=True) for value in (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
    at = data.index(matrix, at)
    data[at : at + 36] = b"".join(
        value.to_bytes(4, "big", signed=True) for value in (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    )
    file.write_bytes(data)
    turned = video.Reader(str(file)).frame(3)
    np.testing.assert_array_equal(turned, np.rot90(plain, -1))
    frame = video.sample(str(file)).frames[0]
    assert (frame.width, frame.height) == (48, 64)


def test_damaged_videos_give_what_decodes(tmp_path):
    data = (tmp_path / "a.avi", write(tmp_path / "a.avi", "mjpeg"))[0].read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(data[: len(data) // 2])
    found = video.sample(str(cut))
    assert 1 <= len(found.frames) < 5
    assert "after" in found.damage
    reader = video.Reader(str(cut))
    assert [number_of(reader.frame(f.number)) for f in found.frames] == [f.number for f in found.frames]


@pytest.mark.parametrize("content", [b"", b"hello" * 100, b"\0" * 5000, b"RIFF\0\0\0\0AVI LIST"])
def test_what_is_no_video(tmp_path, content):
    file = tmp_path / "a.mp4"
    file.write_bytes(content)
    with pytest.raises(VideoError) as caught:
        video.sample(str(file))
    assert "\n" not in str(caught.value)
    with pytest.raises(VideoError, match="vanished"):
        video.sample(str(tmp_path / "gone.mp4"))
    with pytest.raises(ValueError, match="above 0"):
        video.sample(str(file), rate=0)


def test_paths_of_frames():
    assert frames.frame_path("card/A/V1.AVI", 123) == "card/A/V1.AVI/frame000123.jpg"
    assert frames.split_frame("card/A/V1.AVI/frame000123.jpg") == ("card/A/V1.AVI", 123)
    assert frames.split_frame("card/A/V1.AVI/frame1234567.jpg") == ("card/A/V1.AVI", 1234567)
    # A picture of that name in an ordinary folder is a picture.
    assert frames.split_frame("card/A/frame000123.jpg") == (None, 0)
    assert frames.split_frame("card/A/IMG_0001.JPG") == (None, 0)


def test_load_reads_frames_by_path(tmp_path):
    (tmp_path / "card").mkdir()
    write(tmp_path / "card" / "a.mp4")
    write(tmp_path / "card" / "b.avi", "mjpeg")
    roots = Roots(str(tmp_path))
    order = [("a.mp4", 10), ("a.mp4", 20), ("b.avi", 5), ("a.mp4", 0)]
    found = [number_of(decode.load(roots, frames.frame_path(f"card/{name}", n))) for name, n in order]
    assert found == [n for _, n in order]
    with pytest.raises(PictureError, match="no frame 99"):
        decode.load(roots, "card/a.mp4/frame000099.jpg")
    decode.close_video()
