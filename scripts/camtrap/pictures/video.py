"""Videos: frames sampled at a rate, each known by its number, so that later the same frame gives the same pixels.

A frame's number counts the frames that decode, in the order of showing, from 0. Decoding always starts at the beginning
and with one thread: seeking by time is not exact in many cameras' files.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from camtrap.core.dates import moment, month_number
from camtrap.core.errors import OutageError, VideoError
from camtrap.core.hashes import hash_and_size
from camtrap.pictures import source
from camtrap.pictures.truncated import is_cut

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

_CREATED = ["com.apple.quicktime.creationdate", "creation_time", "date", "IDIT", "ICRD"]
_ISO = re.compile(r"(\d{4})[-:/](\d{1,2})[-:/](\d{1,2})[ T]+(\d{1,2}):(\d{2}):(\d{2})(\.\d{1,6})?")
_CTIME = re.compile(r"(?:[A-Za-z]{3}\s+)?([A-Za-z]{3})\s+(\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})\s+(\d{4})")


@dataclass(frozen=True)
class Frame:
    """A sampled frame: number from 0, seconds from the first frame, width and height in pixels after rotation."""

    number: int
    seconds: float
    width: int
    height: int


@dataclass(frozen=True)
class Sample:
    """The sampled frames of a video, its start by the camera's clock, and what is damaged (None where it is whole)."""

    frames: tuple[Frame, ...]
    start: datetime | None
    damage: str | None


class Reader:
    """Frames of a video by number. Asking in rising order decodes the video once; an earlier number starts it again.

    Parameters
    ----------
    file : str
        Path in the file system.

    Raises
    ------
    VideoError
        The file is missing, is not a video, or holds no frame.
    """

    _container: "InputContainer | None" = None

    def __init__(self, file: str):
        self.file = file
        self._open()

    def _open(self) -> None:
        import av

        self.close()
        try:
            self._container = container = av.open(self.file, metadata_errors="replace")
        except FileNotFoundError:
            raise VideoError(source.VANISHED) from None
        except (av.FFmpegError, OSError) as error:
            _pass_on(error, self.file)
            raise VideoError(f"not a video that can be opened ({_reason(error)})") from None
        if not container.streams.video:
            self.close()
            raise VideoError("the file holds no video stream")
        self._stream = stream = container.streams.video[0]
        stream.thread_count = 1
        stream.thread_type = "NONE"
        self._rate = float(stream.average_rate or 25)
        self._frames = self._decode(container.demux(stream))
        self._position = 0
        self._origin: float | None = None
        self.damage: str | None = None

    def _decode(self, packets: "Iterator[av.Packet]") -> "Iterator[av.VideoFrame]":
        """Decode packet by packet: one that is damaged costs its own frames only."""
        import av

        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, OSError) as error:
                _pass_on(error, self.file)
                self.damage = f"the video breaks off after {self._position} frames ({_reason(error)})"
                return
            try:
                yield from packet.decode()
            except (av.FFmpegError, OSError) as error:
                _pass_on(error, self.file)
                self.damage = self.damage or f"the video is damaged after {self._position} frames ({_reason(error)})"

    @property
    def start(self) -> datetime | None:
        """Start of the recording by the metadata of the container, None where there is none."""
        return started(self._stream.container.metadata) or started(self._stream.metadata)

    def __iter__(self) -> "Iterator[tuple[int, float, av.VideoFrame]]":
        """Yield (number, seconds from the first frame, av.VideoFrame). ``damage`` says afterwards what did not decode."""
        for frame in self._frames:
            time = frame.time if frame.time is not None else self._position / self._rate
            origin = self._origin = time if self._origin is None else self._origin
            self._position += 1
            yield self._position - 1, round(time - origin, 6), frame

    def frame(self, number: int) -> np.ndarray:
        """Pixels of a frame: uint8 (height, width, 3), RGB, after the rotation that the video asks for."""
        if number < self._position:
            self._open()
        for at, _, frame in self:
            if at == number:
                return np.ascontiguousarray(upright(frame.to_ndarray(format="rgb24"), frame.rotation))
        raise VideoError(f"the video has no frame {number}, it ends after {self._position} frames")

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None


def sample(file: str, rate: float = 1.0, told: Collection[int] = ()) -> Sample:
    """Choose frames of a video: the first frame of each 1/``rate`` seconds, or those that somebody speaks of.

    Parameters
    ----------
    file : str
        Path in the file system.
    rate : float
        Frames a second; more than the video has gives every frame.
    told : collection of int
        Numbers of frames that there are results for. Unless all frames of the rate are among them, they are taken.

    Returns
    -------
    Sample
        At least one frame. Of a damaged video the frames that decode, and ``damage``.

    Raises
    ------
    ValueError
        ``rate`` is not above 0.
    VideoError
        As :class:`Reader`, or not one frame decodes, or none of ``told`` is there.
    """
    if not rate > 0:
        raise ValueError(f"frame_rate must be above 0, not {rate}")
    reader = Reader(file)
    frames, spoken_of, last, n = [], [], -1, 0
    try:
        start = reader.start
        for number, seconds, frame in reader:
            slot, n = int((seconds + 1e-6) * rate), number + 1
            size = (frame.height, frame.width) if frame.rotation % 180 else (frame.width, frame.height)
            if slot > last:
                frames.append(Frame(number, seconds, *size))
                last = slot
            if number in told:
                spoken_of.append(Frame(number, seconds, *size))
    finally:
        reader.close()
    if not frames:
        raise VideoError(reader.damage or "no frame of the video decodes")
    if told and not spoken_of:
        raise VideoError(f"the detection file speaks of frame {min(told)}, the video ends after {n} frames")
    if told and not {frame.number for frame in frames} <= set(told):
        frames = spoken_of
    damage = reader.damage or ("truncated: the end of the file is missing" if is_cut(file) else None)
    return Sample(tuple(frames), start, damage)


def upright(pixels: np.ndarray, rotation: int) -> np.ndarray:
    """Turn pixels (height, width, …) by the video's display matrix; ``rotation`` is counter-clockwise degrees, of 90."""
    return np.rot90(pixels, rotation // 90)


def started(metadata: dict[str, str]) -> datetime | None:
    """Time of recording in a container's metadata, by the camera's clock.

    Cameras write their local time into fields that ask for UTC; so a zone is dropped, not applied. Dates before 1971
    (an unset field counts from 1904 or 1970) are None.
    """
    by_name = {key.lower(): value for key, value in metadata.items()}
    for key in _CREATED:
        text = by_name.get(key.lower(), "")
        try:
            if match := _ISO.search(text):
                year, month, day, hour, minute, second = map(int, match.groups()[:6])
                time = moment(year, month, day, hour, minute, second) + timedelta(seconds=float(match[7] or 0))
            elif (match := _CTIME.search(text)) and (named := month_number(match[1])):
                day, hour, minute, second, year = map(int, match.groups()[1:])
                time = moment(year, named, day, hour, minute, second)
            else:
                continue
        except ValueError:
            continue
        if time.year > 1970:
            return time
    return None


def _pass_on(error: Exception, file: str) -> None:
    """Raise an outage as what it is. FFmpeg says EIO of damaged files too: one that can be read to its end is damaged."""
    if isinstance(error, OSError) and error.errno in source.PASSING:
        try:
            hash_and_size(file)
        except OSError as real:
            if isinstance(outage := source.told(real, file), OutageError):
                raise outage from None


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split())[:160]
