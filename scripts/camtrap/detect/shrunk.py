"""A picture at the motion detector's working size, and a file of those that wait to be compared.

A picture is compared when the window that it belongs to is full. Where a camera changes between colour and infrared, up to 178
pictures wait. So they are laid aside as they are read, and the next attempt of a killed job does not read them again.
"""

from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import dataclass

import cv2
import numpy as np

from camtrap.detect.parts import Parts
from camtrap.pictures.infrared import is_infrared


@dataclass(frozen=True)
class Shrunk:
    """Pixels: uint8 (h, w, 3), RGB. Blank: bool (h,), rows of one colour, as a damaged file has them."""

    pixels: np.ndarray
    infrared: bool
    blank: np.ndarray


def shrink(image: np.ndarray, width: int) -> Shrunk:
    """Shrink a picture, uint8 (height, width, 3), to a width."""
    blank = (image[:, ::4] == image[:, :1]).all((1, 2))
    scale = min(1.0, width / image.shape[1])
    size = max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale))
    pixels = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    blank = cv2.resize(blank.astype(np.float32)[:, None], (1, size[1]), interpolation=cv2.INTER_AREA)[:, 0] > 0
    return Shrunk(pixels, bool(is_infrared(image)), blank)


class Waiting:
    """The pictures that wait, in a file of :class:`Parts`; without one nothing is kept.

    What is taken from it is exactly what was laid aside.
    """

    def __init__(self, parts: Parts | None):
        self._parts = parts
        self._lines = dict(parts.kept) if parts else {}

    def get(self, path: str) -> Shrunk | None:
        """The picture, if it was read by an earlier attempt."""
        if (line := self._lines.get(path)) is None:
            return None
        pixels = cv2.imdecode(np.frombuffer(b64decode(line["png"]), np.uint8), cv2.IMREAD_COLOR)
        return None if pixels is None else Shrunk(pixels, line["infrared"], np.array(line["blank"], bool))

    def add(self, path: str, shrunk: Shrunk) -> None:
        """Lay a picture aside."""
        if self._parts is None:
            return
        png = cv2.imencode(".png", shrunk.pixels, [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE])[1]
        line = {
            "file": path,
            "infrared": shrunk.infrared,
            "blank": shrunk.blank.astype(int).tolist(),
            "png": b64encode(png.tobytes()).decode(),
        }
        self._lines[path] = line
        self._parts.add([line])

    def forget(self, paths: Collection[str]) -> None:
        """These were compared."""
        if self._parts is None:
            return
        self._lines = {path: line for path, line in self._lines.items() if path not in paths}
        self._parts.replace(self._lines.values())
