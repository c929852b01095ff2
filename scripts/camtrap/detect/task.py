"""What a detector is given beside the pictures, and how it reads them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from camtrap.core.paths import Roots
from camtrap.pictures import decode, source

if TYPE_CHECKING:
    from camtrap.detect.parts import Parts

FAILURE = "image access failure"
Row = dict[str, Any]  # of index/{shard}.parquet: docs/tables.md
Entry = dict[str, Any]  # of MegaDetector's batch format


@dataclass(frozen=True)
class Task:
    """One shard's detection.

    Attributes
    ----------
    found : dict
        ``models/detector.json``: backend, model, sha256.
    roots : Roots
        Where the pictures lie.
    options : dict
        The configuration's ``detector`` section.
    cache : str or None
        The configured cache folder.
    device : str
        "cpu" or "cuda:N".
    threads, batch_size : int
        Speed only.
    planned : Planned
        What the plan knows of the files.
    keep : callable
        A detector calls it with entries as they come: after a kill the next attempt does not look at their pictures again.
    aside : Parts or None
        Where a detector may keep what it has read of pictures that it has no entry for yet. The next attempt finds it there.
    """

    found: dict[str, Any]
    roots: Roots
    options: dict[str, Any]
    cache: str | None = None
    device: str = "cpu"
    threads: int = 1
    batch_size: int = 1
    planned: source.Planned = field(default_factory=source.Planned)
    keep: Callable[[list[Entry]], None] = lambda entries: None
    aside: "Parts | None" = None

    def load(self, row: Row) -> np.ndarray:
        """A picture: uint8 (height, width, 3), RGB, rotated.

        Raises
        ------
        PictureError
            It cannot be read, or is not the one that was indexed.
        OutageError
            The disk does not answer, or memory is full.
        """
        return decode.load(self.roots, row, seen=self.planned.of(row))


def failure(row: Row, reason: object) -> Entry:
    """The entry of a picture that could not be read."""
    return {"file": row["path"], "failure": f"{FAILURE}: {reason}" if reason else FAILURE}
