"""Files as a camera writes them: the info strip, EXIF and JPEG; and the ways in which files go wrong."""

import io
import unicodedata
from datetime import datetime

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LUNATION, NEW_MOON = 29.530588, datetime(2024, 1, 11, 11, 57)


def strip_height(height: int) -> int:
    """Rows of the banner at the bottom."""
    return round(height * 0.058)


def temperature(when: datetime, rng: np.random.Generator) -> int:
    """Degrees Celsius of an hour."""
    hour = when.hour + when.minute / 60
    return round(24 + 5 * float(np.sin(2 * np.pi * (hour - 9) / 24)) + float(rng.normal(0, 1.2)))


def stamp(image: np.ndarray, when: datetime, degrees: int, text: str, shot: tuple[int, int], style: int) -> Image.Image:
    """Write the info strip over the bottom of a picture (height, width, 3)."""
    height, width = image.shape[:2]
    rows = strip_height(height)
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height - rows, width, height), fill=((0, 0, 0), (12, 12, 12), (28, 28, 28))[style % 3])
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # as the cameras' firmware writes
    font = ImageFont.load_default(size=max(6, round(rows * 0.62)))
    ink = ((235, 235, 235), (255, 255, 255), (220, 220, 220))[style % 3]
    middle = height - rows / 2
    order = f"{'M' if shot[1] > 1 else 'T'} {shot[0]}/{shot[1]}"
    date = when.strftime(("%Y-%m-%d  %H:%M:%S", "%d/%m/%Y %I:%M:%S %p", "%m-%d-%Y %H:%M:%S")[style % 3])
    left = (f"{date}   {order}", f"{degrees}°C   {date}", f"{text}   {degrees}°C {round(degrees * 1.8 + 32)}°F")[
        style % 3
    ]
    right = (f"{degrees}°C   {text}", f"{order}   {text}", f"{date}")[style % 3]
    draw.text((0.015 * width, middle), left, ink, font, "lm")
    draw.text((0.985 * width, middle), right, ink, font, "rm")
    _moon(draw, 0.56 * width, middle, rows * 0.32, when, ink)
    return picture


def _moon(
    draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, when: datetime, ink: tuple[int, int, int]
) -> None:
    age = ((when - NEW_MOON).total_seconds() / 86400 / LUNATION) % 1
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(60, 60, 60))
    lit = 1 - abs(2 * age - 1)
    side = (x - radius, x - radius + 2 * radius * lit) if age > 0.5 else (x + radius - 2 * radius * lit, x + radius)
    if side[1] - side[0] > 1:
        draw.ellipse((side[0], y - radius, side[1], y + radius), fill=ink)


def encode(
    picture: Image.Image,
    when: datetime,
    make: str,
    model: str,
    serial: str,
    rng: np.random.Generator,
    maker_note: bytes = b"",
) -> bytes:
    """Return the JPEG file with EXIF: date and time with hundredths, camera, serial number, exposure; a maker's note if given."""
    exif = Image.Exif()
    text = when.strftime("%Y:%m:%d %H:%M:%S")
    exif[271], exif[272], exif[306], exif[305] = make, model, text, "1.0.4"
    dark = not 6 <= when.hour < 18
    details = exif.get_ifd(0x8769)
    details.update(
        {
            36867: text,
            36868: text,
            37521: f"{when.microsecond // 10000:02d}",
            42033: serial,
            33434: float(rng.choice([1 / 15, 1 / 30])) if dark else float(rng.choice([1 / 60, 1 / 125, 1 / 250])),
            34855: 800 if dark else 200,
            37385: 1 if dark else 0,
            40961: 1,
        }
    )
    if maker_note:
        details[37500] = maker_note
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=int(rng.integers(76, 88)), subsampling=2, exif=exif)
    return buffer.getvalue()
