"""Large CSV tables, written row by row into a folder that appears whole (`files.replacing_folder`)."""

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from camtrap.core.cells import guarded

__all__ = ["Writer", "table"]


class Writer(Protocol):
    """What `csv.writer` gives."""

    def writerow(self, row: Any, /) -> Any:
        """Write one row."""


@contextmanager
def table(path: Path, header: Sequence[str], encoding: str = "utf-8") -> Iterator[Writer]:
    """A CSV table to write, compressed where its name says so; the same rows are the same bytes."""
    with open(path, "wb") as raw:
        packed = gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) if path.suffix == ".gz" else raw
        with io.TextIOWrapper(packed, encoding=encoding, newline="") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(header)
            yield _Guarded(writer)


class _Guarded:
    """A writer of cells that no spreadsheet runs (:mod:`camtrap.core.cells`)."""

    def __init__(self, writer: Writer):
        self._writer = writer

    def writerow(self, row: Any, /) -> Any:
        # most cells are empty
        return self._writer.writerow([guarded(cell) if cell else cell for cell in row])
