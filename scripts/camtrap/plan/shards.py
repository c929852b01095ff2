"""Which pictures make a shard: a pure function of what is planned and what is found."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from camtrap.plan.scan import Row

# Snakemake compares contents of an input (not only its time) below this size.
MANIFEST_BYTES = 1_000_000
# Small new folders share shards where there are more of them than this; fewer have a shard each.
FEW = 4
# The batch of shards that several share; no folder can have this name.
SEVERAL = "several/"
LONGEST = 40  # characters of a name in a file name
MANIFEST_HEADER = ["path", "size", "mtime_ns"]


@dataclass(frozen=True)
class Shard:
    """A unit of work: ``rows`` are (path, size in bytes, mtime in ns)."""

    batch: str
    seq: int
    rows: tuple[Row, ...]

    @property
    def manifest(self) -> str:
        """The manifest's text."""
        return tsv([MANIFEST_HEADER, *self.rows])

    @property
    def sha256(self) -> str:
        """SHA-256 of the manifest."""
        return hashlib.sha256(self.manifest.encode()).hexdigest()

    @property
    def name(self) -> str:
        """Shard id: batch (letters and digits), running number, hash of the content."""
        return f"{slug(self.batch)}-{self.seq:05d}-{self.sha256[:8]}"


@dataclass
class Batch:
    """What is planned of a batch: how many shards there ever were, and the live shard and row of each path."""

    name: str
    n_shards: int = 0
    known: dict[str, tuple[str, Row]] = field(default_factory=dict)


def tsv(rows: Iterable[Iterable[object]]) -> str:
    """Tab-separated text (paths hold no tab or newline: ``camtrap.core.paths.to_text`` spells them)."""
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def slug(name: str) -> str:
    """A batch's or model's name as it may stand in a file name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:LONGEST] or "batch"


def plan(existing: Batch, discovered: Iterable[Row], shard_size: int) -> list[Shard]:
    """New shards of a batch for the pictures that are not planned yet, sorted by path. A partial shard is never topped up.

    A shard ends at ``shard_size`` pictures, or before its manifest reaches a megabyte.
    """
    groups: list[list[Row]] = []
    size = 0
    for row in sorted(row for row in discovered if row[0] not in existing.known):
        length = len(row[0].encode()) + 40
        if not groups or len(groups[-1]) == shard_size or size + length > MANIFEST_BYTES:
            groups.append([])
            size = len(MANIFEST_HEADER[0]) + 40
        groups[-1].append(row)
        size += length
    return [Shard(existing.name, existing.n_shards + number, tuple(group)) for number, group in enumerate(groups)]


def is_small(rows: Sequence[Row], shard_size: int) -> bool:
    """Whether pictures of a batch fill less than half a shard."""
    return 2 * len(rows) < shard_size and 2 * sum(len(row[0].encode()) + 40 for row in rows) < MANIFEST_BYTES


def share(small: Mapping[str, Sequence[Row]], n_shards: int, shard_size: int) -> list[Shard]:
    """Shards of :data:`SEVERAL` for the pictures of small batches; a batch is never cut.

    Parameters
    ----------
    small : mapping of str to sequence of Row
        The new pictures of each batch, each :func:`is_small`.
    n_shards : int
        How many shards of :data:`SEVERAL` there ever were.
    shard_size : int
    """
    groups: list[list[Row]] = []
    size = 0
    for name in sorted(small):
        rows = sorted(small[name])
        length = sum(len(row[0].encode()) + 40 for row in rows)
        if not groups or len(groups[-1]) + len(rows) > shard_size or size + length > MANIFEST_BYTES:
            groups.append([])
            size = len(MANIFEST_HEADER[0]) + 40
        groups[-1] += rows
        size += length
    return [Shard(SEVERAL, n_shards + number, tuple(sorted(group))) for number, group in enumerate(groups)]
