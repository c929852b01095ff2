"""The plan's own files, looked at before each planning: what is damaged is made again from what else is known.

A shard's name tells its batch, number and the first digits of its manifest's SHA-256, ``index.tsv`` has all of that hash,
and ``index/{shard}.parquet`` has the paths. So a row follows from a manifest, and a manifest from the index and the disk;
its hash says whether it is the same.
"""

import hashlib
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path

from camtrap.core.errors import PlanError
from camtrap.core.files import read_parquet, write_text
from camtrap.core.paths import Roots, batch_of
from camtrap.plan.scan import Row
from camtrap.plan.shards import MANIFEST_HEADER, SEVERAL, slug, tsv

__all__ = ["INDEX_HEADER", "mend_index", "mend_manifests", "refuse_lost"]

INDEX_HEADER = ["shard", "batch", "n_images", "sha256"]
_NAME = re.compile(r"(\w+)-(\d{5})-([0-9a-f]{8})", re.ASCII)


def mend_index(results: Path, say: Callable[[str], None]) -> None:
    """Make rows of ``plan/index.tsv`` again that are damaged, doubled or lost; nothing is written where all is well.

    A row is lost where a shard has an index and a whole manifest. Of a shard that was never worked on nothing is missing:
    its pictures are planned again.
    """
    path = results / "plan" / "index.tsv"
    text = path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
    lines = text.split("\n")
    manifests = results / "plan" / "manifests"
    kept: list[list[str] | None] = []
    names: set[str] = set()
    for line in filter(None, lines[1:]):
        row = line.split("\t")
        whole = _is_row(row, manifests)
        if not (whole and row[0] in names):
            kept.append(row if whole else None)
            names |= {row[0]} if whole else set()
    lost = _worked_on(manifests, results / "index", names)
    # a row whose number is damaged agrees with itself
    hashes = {row[3] for row in lost}
    kept = [None if row and row[3] in hashes else row for row in kept]
    for number, there in enumerate(kept):
        if there is None and lost:
            kept[number] = lost.pop(0)
    rows = [row for row in kept if row is not None] + lost
    new = tsv([INDEX_HEADER, *rows]) if rows else ""
    if new != text and (rows or len(lines) > 2):
        write_text(path, new or tsv([INDEX_HEADER]))
        say(f"{path} was damaged and has been made again from the manifests: {len(rows)} shards")


def _is_row(row: list[str], manifests: Path) -> bool:
    """Whether a row agrees with its manifest; where that is damaged or gone, with itself."""
    if len(row) != len(INDEX_HEADER) or not row[2].isdecimal():
        return False
    name, path = _NAME.fullmatch(row[0]), manifests / f"{row[0]}.tsv"
    data = path.read_bytes() if path.is_file() else b""
    sha256 = hashlib.sha256(data).hexdigest()
    if name is None or sha256[:8] == name[3]:
        first = data[data.find(b"\n") + 1 :].partition(b"\t")[0].decode("utf-8", "replace")
        batches = (batch_of(first), SEVERAL) if name is None or name[1] == slug(row[1]) else ()
        return row[3] == sha256 and row[1] in batches and int(row[2]) == data.count(b"\n") - 1
    return name[1] == slug(row[1]) and re.fullmatch(f"{name[3]}[0-9a-f]{{56}}", row[3]) is not None


def _row(shard: str, manifest: bytes) -> list[str]:
    """The row of a manifest. Its paths begin with the name of its batch, or of several that share it."""
    lines = manifest.decode("utf-8", "replace").split("\n")[1:-1]
    batches = {batch_of(line.partition("\t")[0]) for line in lines}
    batch = batches.pop() if len(batches) == 1 else SEVERAL
    if not shard.startswith(f"{slug(batch)}-"):
        batch = SEVERAL
    return [shard, batch, str(len(lines)), hashlib.sha256(manifest).hexdigest()]


def _worked_on(manifests: Path, index: Path, known: Collection[str]) -> list[list[str]]:
    """Rows of other whole manifests whose shards have an index, in the order in which they were planned."""
    found = []
    for path in manifests.glob("*.tsv"):
        name = _NAME.fullmatch(path.stem)
        if name is None or path.stem in known or not (index / f"{path.stem}.parquet").exists():
            continue
        row = _row(path.stem, path.read_bytes())
        if row[3][:8] == name[3]:
            found.append((path.stat().st_mtime_ns, row[1] == ".", row[1], name[2], row))
    return [row for *_, row in sorted(found)]


def mend_manifests(results: Path, rows: list[list[str]], roots: Roots, say: Callable[[str], None]) -> list[str]:
    """Compare manifests with their SHA-256; make those again that differ.

    Parameters
    ----------
    rows : list of list of str
        Those of ``plan/index.tsv`` whose shards count.

    Returns
    -------
    list of str
        Shards whose manifests cannot be made again, because their pictures are gone or have another time.
    """
    lost = []
    for shard, _, n_images, sha256 in rows:
        path = results / "plan" / "manifests" / f"{shard}.tsv"
        data = path.read_bytes() if path.exists() else b""
        if hashlib.sha256(data).hexdigest() == sha256 and int(n_images) == data.count(b"\n") - 1:
            continue
        text = _made_again(results, shard, data, roots)
        if hashlib.sha256(text.encode()).hexdigest() == sha256:
            write_text(path, text)
            say(f"{path} was damaged or gone and has been made again")
        else:
            lost.append(shard)
    return lost


def _made_again(results: Path, shard: str, damaged: bytes, roots: Roots) -> str:
    """A manifest from the paths of the index, with sizes and times from the disk or else from the damaged one."""
    index = results / "index" / f"{shard}.parquet"
    if not index.exists():
        return ""
    old: dict[str, Row] = {}
    for line in damaged.decode("utf-8", "replace").split("\n"):
        cells = line.split("\t")
        if len(cells) == 3 and cells[1].isdecimal() and cells[2].isdecimal():
            old[cells[0]] = (cells[0], int(cells[1]), int(cells[2]))
    touched = results / "plan" / "touched.tsv"
    lines = touched.read_bytes().decode("utf-8", "replace").split("\n") if touched.exists() else []
    elsewhere = {line.partition("\t")[0] for line in lines}
    made = []
    for path in _paths(index):
        row = old.get(path)
        if path not in elsewhere or row is None:
            try:
                status = os.stat(roots.locate(path))
                row = (path, status.st_size, status.st_mtime_ns)
            except OSError:
                pass  # gone: as the manifest has it, if it has
        if row is not None:
            made.append(row)
    return tsv([MANIFEST_HEADER, *made])


def _paths(index: Path) -> list[str]:
    table = read_parquet(index, columns=["path", "video"])
    return sorted(
        {video or path for path, video in zip(*(table[c].to_pylist() for c in ("path", "video")), strict=True)}
    )


def refuse_lost(results: Path, lost: list[str]) -> None:
    """Refuse to plan with manifests that are damaged for good.

    Raises
    ------
    PlanError
        There are such.
    """
    if lost:
        path = results / "plan" / "manifests" / f"{lost[0]}.tsv"
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        raise PlanError(
            f"{path}{more} is damaged or gone, and cannot be made again because its pictures have changed since: put back a copy "
            "of it, or write 'plan={changed: supersede}' after your --config to work through its pictures again"
        )
