"""The one place that knows how a frame of a video is named, and what its identity is."""

import hashlib
import re

from camtrap.plan.scan import VIDEOS

_FRAME = re.compile(r"^(?P<video>.+)/frame(?P<number>\d{6,})\.jpg$")


def is_video(path: str) -> bool:
    """Tell by its suffix whether a path names a video."""
    return path.rpartition(".")[2].lower() in VIDEOS


def frame_path(video: str, number: int) -> str:
    """Path of a frame as the tables spell it."""
    return f"{video}/frame{number:06d}.jpg"


def split_frame(path: str) -> tuple[str | None, int]:
    """Video and number of a frame's path; ``(None, 0)`` for the path of a picture."""
    match = _FRAME.match(path)
    if match is None or not is_video(match["video"]):
        return None, 0
    return match["video"], int(match["number"])


def frame_id(video_sha256: str, number: int) -> str:
    """Identity of a frame: as that of a picture 64 hex digits, from the video's SHA-256 and the frame's number."""
    return hashlib.sha256(f"{video_sha256}#{number}".encode()).hexdigest()
