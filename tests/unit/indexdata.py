"""Pictures and a shard of them: for the tests of the index."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from camtrap.core.paths import Roots


def jpeg(when=None, orientation=None, size=(64, 48), **tags):
    block = Image.Exif()
    if orientation:
        block[0x0112] = orientation
    if when:
        block.get_ifd(0x8769)[0x9003] = when
    for tag, value in tags.items():
        block[int(tag[1:], 16)] = value
    buffer = io.BytesIO()
    noise = np.random.default_rng(len(when or "")).integers(0, 255, (*size[::-1], 3), np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG", exif=block)
    return buffer.getvalue()


def shard(root, files):
    """Write {path: bytes} and return (manifest, Roots)."""
    manifest = []
    for path, data in files.items():
        file = Path(root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        status = file.stat()
        manifest.append((path, status.st_size, status.st_mtime_ns))
    return manifest, Roots(str(root))


def rows(table):
    return {row["path"]: row for row in table.to_pylist()}
