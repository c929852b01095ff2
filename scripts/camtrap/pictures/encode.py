"""A picture as the bytes of a file."""

import io
from typing import Any

import numpy as np
from PIL import Image


def encode(crop: np.ndarray, fmt: str, quality: int) -> bytes:
    """A crop as JPEG (4:4:4, so that colour stays sharp) or PNG bytes."""
    if fmt == "jpeg":
        import simplejpeg

        return simplejpeg.encode_jpeg(np.ascontiguousarray(crop), quality=quality, colorsubsampling="444")
    import cv2

    # for pictures run lengths do as well as a search for repeats, and sooner
    options = [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    return cv2.imencode(".png", np.ascontiguousarray(crop[..., ::-1]), options)[1].tobytes()


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as the bytes of a file of a kind, ``JPEG`` say, to be written by Python.

    Pillow writes a JPEG past Python, and takes no notice of a disk that is full in the middle of it: the file is cut.
    """
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
