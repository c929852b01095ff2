"""Whether the end of a picture or video is missing, by what its format says of its own length.

Sources: ISO 10918-1 (JPEG), the PNG, WebP and GIF89a specifications, TIFF 6.0, Microsoft's BITMAPINFOHEADER and RIFF, RFC 8794 (EBML,
Matroska), ISO 14496-12 (MP4), Microsoft's Advanced Systems Format 1.20 (WMV).
"""

import io
import os
import struct
from typing import BinaryIO

from PIL import Image

__all__ = ["is_cut", "is_truncated"]

# GUIDs of the header and of the file's properties
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def is_truncated(data: bytes) -> bool:
    """Say whether the end of a picture is missing: JPEG, PNG, WebP, GIF, BMP and TIFF; other formats are taken for whole.

    A JPEG is whole if an end-of-image marker follows its first scan, whatever trails it (a second picture, a camera's
    own block, padding). One that stops before its first scan counts as truncated.
    """
    if data[:2] == b"\xff\xd8":
        scan = _first_scan(data)
        return scan is None or data.rfind(b"\xff\xd9") < scan
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return b"IEND" not in data[-65536:]
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if data[:4] == b"GIF8":
        return _gif_ends(data)
    if data[:2] == b"BM":
        return _bmp_ends(data)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _tiff_ends(data)
    return False


def is_cut(path: str | os.PathLike) -> bool:
    """Say whether the end of a video is missing: AVI, Matroska, WebM, MP4, MOV and WMV; other formats are taken for whole.

    A file that does not say how long it is (a recorder that lost its power, a stream) is taken for whole, too.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF":
            return int.from_bytes(head[4:8], "little") + 8 > size
        if head[:4] == b"\x1aE\xdf\xa3":
            return _matroska_end(file) > size
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free"):
            return _mp4_end(file, size) > size
        if head == _ASF[:12]:
            return _asf_end(file) > size
    return False


def _first_scan(data: bytes) -> int | None:
    """Offset after the first start-of-scan marker of a JPEG (thumbnails stand inside segments and are stepped over)."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            at = data.find(b"\xff", at)  # bytes between segments: some cameras pad
            if at < 0:
                return None
            continue
        marker = data[at + 1]
        if marker == 0xDA:
            return at + 2
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8 or marker == 0:
            at += 1 if marker == 0xFF else 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _gif_ends(data: bytes) -> bool:
    """Whether the data end before the trailer; a block of another kind is damage, which is not asked here."""

    def colours(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    if len(data) < 13:
        return True
    at = 13 + colours(data[10])
    while at < len(data):
        kind = data[at]
        if kind == 0x3B:
            return False
        if kind == 0x21:  # an extension: its label
            at += 2
        elif kind == 0x2C and at + 9 < len(data):  # a picture: its place, its colours, the size of its codes
            at += 11 + colours(data[at + 9])
        else:
            return kind == 0x2C  # its description is cut
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    return True


def _bmp_ends(data: bytes) -> bool:
    """Whether rows are missing of a bitmap that is not compressed (the size in the header is often 0 or wrong)."""
    if len(data) < 34 or int.from_bytes(data[14:18], "little") < 40:
        return False
    (start,) = struct.unpack_from("<I", data, 10)
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    return compression in (0, 3) and start + (width * bits + 31) // 32 * 4 * abs(height) > len(data)


def _tiff_ends(data: bytes) -> bool:
    """Whether a strip or tile of the first picture lies beyond the end."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            tags = getattr(image, "tag_v2", {})
            for starts, sizes in ((273, 279), (324, 325)):
                if any(a + n > len(data) for a, n in zip(tags.get(starts, ()), tags.get(sizes, ()), strict=False)):
                    return True
    except Exception:  # of many kinds: who decodes it says what is wrong
        return False
    return False


def _matroska_end(file: BinaryIO) -> int:
    """Where the segment ends, 0 where that is not said."""
    file.seek(4)
    header = _ebml_size(file)
    if header is None:
        return 0
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != b"\x18\x53\x80\x67":
        return 0
    length = _ebml_size(file)
    return file.tell() + length if length is not None else 0


def _ebml_size(file: BinaryIO) -> int | None:
    """A size of one to eight bytes: as many zero bits before the first one bit as bytes follow. All ones: not known."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0x7F >> more)]) + file.read(more), "big")
    return None if value == (1 << 7 * (more + 1)) - 1 else value


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Where the last of the boxes ends; one without a size goes to the end of the file, and what is not a box is not looked at."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or not head[4:8].isalnum():
            break
        at += length
    return at


def _asf_end(file: BinaryIO) -> int:
    """How long the file is said to be, 0 where that is not said (a stream)."""
    file.seek(0)
    head = file.read(65536)
    at = head.find(_ASF_FILE)
    if at < 0 or len(head) < at + 92:
        return 0
    is_stream = head[at + 88] & 1
    return 0 if is_stream else int.from_bytes(head[at + 40 : at + 48], "little")
