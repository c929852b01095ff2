"""How files are damaged: as bit rot, a torn write or a bad copy does it. Never in a way that leaves the bytes as they were."""

import os
from pathlib import Path
from random import Random

HOW = ["flip", "truncate", "empty", "zeros", "garbage", "cut line", "double line"]


def damage(path: Path, rng: Random, new_time: bool = True) -> str:
    """Damage a file in place and say how; its time stays unless ``new_time``."""
    before, status = path.read_bytes(), path.stat()
    ways = HOW if b"\n" in before[:-1] and b"\0" not in before else HOW[:5]
    after, said = before, ""
    while after == before:
        how = rng.choice(ways)
        after, said = _changed(before, how, rng)
    path.chmod(0o644)
    # another inode: a hard link to it (export.folders) is another file's matter
    path.write_bytes(after)
    if not new_time:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return f"{said}, {'new' if new_time else 'old'} time"


def _changed(data: bytes, how: str, rng: Random) -> tuple[bytes, str]:
    size = len(data)
    if how == "flip" and size:
        changed = bytearray(data)
        places = [rng.randrange(size) for _ in range(rng.randint(1, 8))]
        for place in places:
            changed[place] ^= 1 << rng.randrange(8)
        return bytes(changed), f"flip of {len(places)} bits"
    if how == "truncate" and size:
        end = rng.randrange(size)
        return data[:end], f"cut at {end} of {size} bytes"
    if how == "zeros" and size:
        start = rng.randrange(size)
        length = rng.randint(1, max(1, size // 4))
        return data[:start] + bytes(min(length, size - start)) + data[start + length :], f"zeros from byte {start}"
    if how == "garbage":
        return rng.randbytes(max(1, size)), "garbage"
    if how == "empty":
        return b"", "emptied"
    lines = data.splitlines(keepends=True)
    if how == "cut line":
        keep = rng.randrange(len(lines))
        return b"".join(lines[:keep]), f"cut after line {keep} of {len(lines)}"
    at = rng.randrange(len(lines))
    return b"".join([*lines[:at], lines[at], *lines[at:]]), f"line {at + 1} twice"
