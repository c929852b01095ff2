"""The one way in which a file is hashed."""

import hashlib
import os


def file_hash(path: str | os.PathLike, algorithm: str = "sha256") -> str:
    """Hash of a file, hex."""
    return hash_and_size(path, algorithm)[0]


def hash_and_size(path: str | os.PathLike, algorithm: str = "sha256") -> tuple[str, int]:
    """Hash of a file, hex, and the number of bytes that were hashed; it may be larger than memory."""
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, algorithm).hexdigest(), file.tell()
