"""What a file that is not a picture looks like, in words for its owner."""

from typing import Literal

_MAGIC = [
    (b"%PDF", "a PDF document, not a picture"),
    (b"PK\x03\x04", "a ZIP archive or an office document, not a picture"),
    (b"\x1f\x8b", "a gzip archive, not a picture"),
    (b"Rar!", "a RAR archive, not a picture"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive, not a picture"),
    (b"\x00\x00\x01\xba", "an MPEG video, not a picture"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video, not a picture"),
    (b"\x89PNG", "a PNG whose header is broken or cut off"),
    (b"\xff\xd8", "a JPEG whose header is broken or cut off"),
    (b"GIF8", "a GIF whose header is broken or cut off"),
    (b"BM", "a BMP whose header is broken or cut off"),
    (b"II*\x00", "a TIFF (or raw picture) that cannot be read: its header is broken or its kind is not known"),
    (b"MM\x00*", "a TIFF (or raw picture) that cannot be read: its header is broken or its kind is not known"),
]
_HEIF = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")


def describe(data: bytes) -> str:
    """Say in one line what the bytes of a file look like that cannot be opened as a picture."""
    if not data:
        return "the file is empty (0 bytes)"
    if not data.strip(b"\x00"):
        return f"only zero bytes ({len(data)} of them): the copy or the memory card failed"
    if data[4:8] == b"ftyp":
        if data[8:12] in _HEIF:
            return "a HEIF picture, a format that is not read: convert it to JPEG"
        return "a video, not a picture"
    if data[:4] == b"RIFF":
        riff = {b"AVI ": "an AVI video, not a picture", b"WEBP": "a WebP whose header is broken or cut off"}
        return riff.get(data[8:12], "a RIFF file, not a picture")
    if data[:4] in (b"II*\0", b"MM\0*"):
        order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
        at = int.from_bytes(data[4:8], order)  # where the list of its fields is, often at the end
        if at + 2 + 12 * int.from_bytes(data[at : at + 2], order) > len(data):
            return "damaged: a TIFF, and the end of the file is missing"
    for magic, words in _MAGIC:
        if data.startswith(magic):
            return words
    try:
        head = data[:512].decode("utf-8", "strict" if len(data) <= 512 else "ignore")
    except UnicodeDecodeError:
        return "not a picture (its beginning is of no known format)"
    if "\x00" not in head and sum(c.isprintable() or c.isspace() for c in head) > 0.95 * len(head) > 0:
        kind = "a web page" if head.lstrip()[:15].lower().startswith(("<!doctype html", "<html")) else "text"
        return f"{kind}, not a picture"
    return "not a picture (its beginning is of no known format)"
