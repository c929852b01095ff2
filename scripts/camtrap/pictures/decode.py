"""The one way a picture is read and decoded, whichever stage asks.

A detector's box, a crop and the size in the index agree only if all of them see the same pixels: after EXIF rotation, in
RGB, a truncated file as far as it goes.
"""

import io
import os
import threading
import warnings
from collections.abc import Mapping

import numpy as np
import simplejpeg
from PIL import Image, ImageFile, UnidentifiedImageError

from camtrap.core.errors import PictureError
from camtrap.core.paths import Roots
from camtrap.pictures import sniff, source
from camtrap.pictures.frames import split_frame
from camtrap.pictures.video import Reader

# As MegaDetector does: what is left of a truncated picture is still worth looking at. ``truncated`` finds them.
ImageFile.LOAD_TRUNCATED_IMAGES = True
# Our own limit is checked before decoding, with one clear message; PIL's would warn at half of it.
Image.MAX_IMAGE_PIXELS = None
# PIL warns of every odd EXIF field of every camera; what can be used of it is used.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\..*")

MAX_PIXELS = 200_000_000
# What cameras and programs write, whatever a file's name says. Pillow knows more formats: EPS is a program that it has
# Ghostscript run, and some know themselves by so little that garbage passes for them.
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "AVIF", "JPEG2000", "PPM")
ORIENTATION = 0x0112
_local = threading.local()


def open_header(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open a picture without decoding it.

    Returns
    -------
    PIL.Image.Image
        Lazy: ``size``, ``mode`` and ``getexif`` are known, pixels are not. ``size`` is before EXIF rotation
        (see :func:`rotated_size`).

    Raises
    ------
    PictureError
        Not a picture (the message says what it looks like), a broken header, or more than ``max_pixels``.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise PictureError(sniff.describe(data)) from None
    except MemoryError:
        raise
    except Exception as error:  # PIL's readers raise whatever a broken header leads them to
        raise PictureError(f"{sniff.describe(data)} ({one_line(error)})") from None
    width, height = image.size
    if width * height > max_pixels:
        raise PictureError(f"{width} x {height} pixels: a picture of more than {max_pixels:,} is not read")
    if width * height == 0:
        raise PictureError(f"the header is broken (the picture is said to have {width} x {height} pixels)")
    return image


def orientation(image: Image.Image) -> int:
    """EXIF orientation that is still to be applied, 1 to 8; 1 where there is none or it makes no sense."""
    if image.format == "TIFF":  # Pillow turns a TIFF itself, and gives its size turned
        return 1
    try:
        value = image.getexif().get(ORIENTATION)
    except Exception:  # a broken EXIF block costs the rotation, not the picture
        return 1
    return int(value) if value is not None and value in range(2, 9) else 1


def rotated_size(image: Image.Image) -> tuple[int, int]:
    """Width and height in pixels after EXIF rotation."""
    width, height = image.size
    return (height, width) if orientation(image) >= 5 else (width, height)


def decode(data: bytes, max_pixels: int = MAX_PIXELS, scale: int = 1, reuse: bool = False) -> np.ndarray:
    """Decode a picture.

    Pixels are those of PIL's full decode with ``ImageOps.exif_transpose`` and ``convert("RGB")``: JPEG goes through
    libjpeg-turbo directly, which gives the same pixels sooner, and back to PIL for what that refuses (CMYK, damage).
    Alpha is dropped, colours under it stay; 16-bit grey is divided by 257; 32-bit grey is stretched from its least to
    its greatest value; of an animation the first picture is taken.

    Parameters
    ----------
    data : bytes
        The file.
    scale : {1, 2, 4, 8}
        A JPEG is decoded at this part of its size (sides rounded up), which is sooner; other formats are not scaled.
    reuse : bool
        A JPEG is decoded into memory that this thread keeps: its next call with ``reuse`` overwrites the picture. Large
        ones are decoded sooner, as their memory is not fetched from the system each time.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB, after EXIF rotation, C-contiguous.

    Raises
    ------
    PictureError
        As :func:`open_header`, or the pixels cannot be decoded.
    MemoryError
        There is no room for the pixels.
    """
    image = open_header(data, max_pixels)
    turn = orientation(image)
    pixels = None
    if image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
        try:
            width, height = (-(-side // scale) for side in image.size)
            room = _room(3 * width * height) if reuse else None
            pixels = simplejpeg.decode_jpeg(data, "RGB", min_width=width, min_height=height, buffer=room)
        except ValueError:  # damaged or unusual: PIL goes as far as it can
            pixels = None
    if pixels is None or pixels.shape[1::-1] != (width, height):
        try:
            pixels = np.array(to_rgb(image))
        except MemoryError:
            raise
        except Exception as error:
            raise PictureError(f"the pixels cannot be decoded ({one_line(error)})") from None
    return np.ascontiguousarray(rotate(pixels, turn))


def _room(size: int) -> np.ndarray:
    """Memory of ``size`` bytes or more that this thread keeps."""
    room = getattr(_local, "room", None)
    if room is None or room.size < size:
        _local.room = room = np.empty(size, np.uint8)
    return room


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert to 8-bit RGB as PIL does, but scale grey of 16 and 32 bits, which PIL would clip at 255."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.array(image) / 257 + 0.5).astype(np.uint8))
    elif image.mode in ("I", "F"):
        values = np.nan_to_num(np.array(image, dtype=np.float64), posinf=0, neginf=0)
        low, span = values.min(), np.ptp(values)
        image = Image.fromarray(((values - low) * (255 / span if span else 0) + 0.5).astype(np.uint8))
    return image.convert("RGB")


def rotate(pixels: np.ndarray, turn: int) -> np.ndarray:
    """Turn pixels (height, width, …) upright by their EXIF orientation (1 to 8; EXIF 2.32, table 6). May be a view."""
    if turn >= 5:
        pixels = pixels.swapaxes(0, 1)
    if turn in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if turn in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def load(
    roots: Roots,
    row: str | Mapping,
    max_pixels: int = MAX_PIXELS,
    scale: int = 1,
    reuse: bool = False,
    seen: source.Seen | None = None,
) -> np.ndarray:
    """Decode the picture, or the frame of a video, that an index row names.

    Frames of one video are cheapest in rising order: each thread keeps the last video open.

    Parameters
    ----------
    roots : Roots
        Where pictures lie.
    row : str or mapping
        A path as the tables spell it, or a row that has one under ``path``; of a frame ``{video}/frame000123.jpg``.
    scale, reuse
        As :func:`decode` takes them; they mean nothing for a frame.
    seen : Seen, optional
        What the file was when it was indexed.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    PictureError
        The file is missing, is not the one that was ``seen``, or cannot be decoded. The message does not name the file: the
        caller knows the path.
    OutageError
        The disk does not answer, the picture folder is not there, or memory is full.
    """
    path = row if isinstance(row, str) else row["path"]
    try:
        video, frame = split_frame(path)
        # a folder may have the name of a video
        if video is None or os.path.isdir(roots.locate(video)):
            return decode(source.read(roots.locate(path), seen), max_pixels, scale, reuse)
        source.check(roots.locate(video), seen)
        return _frame(roots.locate(video), frame)
    except PictureError as error:
        raise source.blame(roots, path, PictureError(one_line(error)), seen) from None
    except MemoryError:
        raise source.no_memory(path) from None


def _frame(file: str, number: int) -> np.ndarray:
    reader = getattr(_local, "reader", None)
    if reader is None or reader.file != file:
        close_video()
        _local.reader = reader = Reader(file)
    return reader.frame(number)


def close_video() -> None:
    """Close the video that this thread's :func:`load` keeps open, if any."""
    reader = getattr(_local, "reader", None)
    if reader is not None:
        reader.close()
    _local.reader = None


def one_line(error: object) -> str:
    """An error's message as one line of at most 200 characters."""
    return " ".join(str(error).split())[:200] or type(error).__name__
