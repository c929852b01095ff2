"""Small pictures of all crops of a shard in one file, each found by its offset: what the page shows by the hundred.

A random crop out of a Parquet row group takes 27 to 53 ms, a small one by its byte range 0.3 ms.
"""

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from camtrap.core.errors import DamageError
from camtrap.core.files import open_parquet, replacing
from camtrap.pictures.crops import thumbnail

__all__ = ["Thumbs", "make"]

SIDE, QUALITY = 96, 80  # px of the longer side, JPEG
_MAGIC = b"camtrap thumbs 1"


def make(crops: str | os.PathLike, out: str | os.PathLike) -> int:
    """Write the small pictures of a shard; return how many.

    Parameters
    ----------
    crops : path
        ``crops/{shard}.parquet``.
    out : path
        16 bytes that say what it is; n as uint64; n + 1 offsets from the file's start as uint64 (little endian); the n JPEGs.
    """
    with open_parquet(crops) as file:
        n = file.metadata.num_rows
        ends = np.zeros(n + 1, "<u8")
        ends[0] = len(_MAGIC) + 8 + ends.nbytes
        with replacing(out) as temporary, open(temporary, "wb") as target:
            target.seek(int(ends[0]))
            for row, data in enumerate(_pictures(file)):
                small = _small(data)
                ends[row + 1] = ends[row] + len(small)
                target.write(small)
            target.seek(0)
            target.write(_MAGIC + np.array([n], "<u8").tobytes() + ends.tobytes())
    return n


def _pictures(file) -> Iterator[bytes]:  # type: ignore[no-untyped-def] # pyarrow.parquet has no types
    for batch in file.iter_batches(batch_size=128, columns=["image"]):
        for value in batch.column(0):
            yield value.as_py()


def _small(data: bytes) -> bytes:
    buffer = io.BytesIO()
    thumbnail(data, SIDE).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


class Thumbs:
    """Reads small pictures; a shard that has none yet, or older ones than its crops, gets them when it is first asked.

    Parameters
    ----------
    results : path
    """

    def __init__(self, results: str | os.PathLike):
        self.results = Path(results)
        self._ends: dict[str, np.ndarray] = {}

    def path(self, shard: str) -> Path:
        """The file of a shard."""
        return self.results / "thumbs" / f"{shard}.bin"

    def missing(self, shard: str) -> bool:
        """Whether a shard has none, or older ones than its crops."""
        try:
            return os.stat(self.path(shard)).st_mtime_ns < os.stat(self._crops(shard)).st_mtime_ns
        except FileNotFoundError:
            return True

    def read(self, shard: str, rows: Sequence[int]) -> list[bytes]:
        """The JPEGs of these rows of a shard; an empty one for a row that is not there.

        Raises
        ------
        DamageError
            The file is not what it should be.
        """
        if shard not in self._ends:
            if self.missing(shard):
                make(self._crops(shard), self.path(shard))
            self._ends[shard] = self._offsets(self.path(shard))
        ends = self._ends[shard]
        with open(self.path(shard), "rb", buffering=0) as file:
            return [
                os.pread(file.fileno(), int(ends[row + 1] - ends[row]), int(ends[row])) if row < len(ends) - 1 else b""
                for row in rows
            ]

    def _crops(self, shard: str) -> Path:
        return self.results / "crops" / f"{shard}.parquet"

    @staticmethod
    def _offsets(path: Path) -> np.ndarray:
        with open(path, "rb") as file:
            head = file.read(len(_MAGIC) + 8)
            if head[: len(_MAGIC)] != _MAGIC or len(head) < len(_MAGIC) + 8:
                raise DamageError.of(path, "these are not small pictures: delete it, it is made again")
            n = int(np.frombuffer(head[-8:], "<u8")[0])
            size = os.fstat(file.fileno()).st_size
            data = file.read(8 * (n + 1)) if n < size else b""
        ends = np.frombuffer(data[: len(data) // 8 * 8], "<u8").astype(np.int64)
        if len(ends) != n + 1 or ends[-1] != size or (np.diff(ends) < 0).any():
            raise DamageError.of(path, "its offsets do not fit: delete it, it is made again")
        return ends
