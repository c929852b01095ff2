"""A crop as the bytes of a picture file."""

import numpy as np


def encode(crop: np.ndarray, fmt: str, quality: int) -> bytes:
    """A crop as JPEG (4:4:4, so that colour stays sharp) or PNG bytes."""
    if fmt == "jpeg":
        import simplejpeg

        return simplejpeg.encode_jpeg(np.ascontiguousarray(crop), quality=quality, colorsubsampling="444")
    import cv2

    # for pictures run lengths do as well as a search for repeats, and sooner
    options = [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    return cv2.imencode(".png", np.ascontiguousarray(crop[..., ::-1]), options)[1].tobytes()
