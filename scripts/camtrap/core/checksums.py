"""Result files as they were written: ``checksums/`` beside them holds the SHA-256 of each, and the next stage compares.

A job records what it made when it ends, and verifies what it reads when it begins. Files of an older survey have no record:
they are read as they are. Of a large Parquet file only the footer is compared here: its pages carry checksums of their own,
which :func:`camtrap.core.files.read_parquet` verifies.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from camtrap.core.errors import DamageError
from camtrap.core.files import replacing, write_json
from camtrap.core.hashes import file_hash
from camtrap.core.paths import to_native, to_text

__all__ = ["damaged_records", "difference", "forget", "keep", "record", "recorded", "restore", "results_of", "verify"]

FOLDER = "checksums"
# Bytes up to which a Parquet file is hashed whole: collect reads columns of files of 20 GB in all, not the pictures in them.
WHOLE = 1_000_000
# Their names end with the first digits of their SHA-256.
_NAMED_BY_CONTENT = {"manifests", "removed"}
_SHA256 = re.compile("[0-9a-f]{64}")


def results_of(log: str | os.PathLike) -> Path | None:
    """The results folder of a job's log, ``{results}/logs/…``; None for a log that lies elsewhere."""
    return next((folder.parent for folder in Path(log).parents if folder.name == "logs"), None)


def record(results: Path, paths: Iterable[str | os.PathLike]) -> None:
    """Record files, or folders with all files in them, as they are now. What lies outside ``results`` is left out."""
    for path in map(Path, paths):
        target = _record(results, path)
        if target is None or not path.exists():
            continue
        if path.is_dir():
            files = sorted(_own_files(path))
            write_json(target, {"files": {to_text(os.path.relpath(file, path)): _sums(file) for file in files}})
        else:
            write_json(target, _sums(path))


def forget(results: Path, paths: Iterable[str | os.PathLike]) -> None:
    """Remove records: these files are about to be written anew."""
    for path in map(Path, paths):
        if target := _record(results, path):
            target.unlink(missing_ok=True)


def verify(results: Path, paths: Iterable[str | os.PathLike]) -> None:
    """Compare files with their records.

    Raises
    ------
    DamageError
        One line for each file that is damaged.
    """
    wrong = [line for path in map(Path, paths) for line in difference(results, path)]
    if wrong:
        raise DamageError("\n".join(wrong))


def difference(results: Path, path: Path, whole: bool = False) -> list[str]:
    """What is wrong with a file, or with files in a folder: lines that name them; none without a record.

    Parameters
    ----------
    whole : bool
        Hash also a large Parquet file.
    """
    if path.parent.name in _NAMED_BY_CONTENT and path.parent.parent.name == "plan":
        if path.exists() and file_hash(path)[:8] != path.stem[-8:]:
            return [f"{path} is damaged (its SHA-256 is not the one in its name): run again, planning looks after it"]
        return []
    known = _read(results, path)
    if "files" not in known:
        return [] if _is_same(path, known, whole) else [str(DamageError.of(path, "it is not as it was written"))]
    return [
        f"{path / name} is damaged or gone: delete {path} and run again"
        for name, sums in known["files"].items()
        if not (path / to_native(name)).exists() or not _is_same(path / to_native(name), sums, whole)
    ]


def keep(results: Path, path: Path) -> None:
    """Keep a copy of a small file, with its time, beside its record."""
    copy = _copy(results, path)
    if not path.is_file() or not _read(results, path) or difference(results, path):
        return
    if not copy.exists() or copy.stat().st_mtime_ns != path.stat().st_mtime_ns:
        _copied(path, copy)


def restore(results: Path, path: Path) -> None:
    """Put the copy of a file back that was deleted. In a folder that cannot be written nothing happens."""
    copy = _copy(results, path)
    if path.exists() or not copy.exists() or not _is_same(copy, _read(results, path), whole=True):
        return
    with suppress(OSError):
        _copied(copy, path)


def _copy(results: Path, path: Path) -> Path:
    return results / FOLDER / path.relative_to(results).with_name(f"{path.name}.kept")


def _copied(source: Path, target: Path) -> None:
    with replacing(target) as temporary:
        shutil.copy2(source, temporary)


def recorded(results: Path) -> Iterator[Path]:
    """Yield all files and folders that have a record."""
    top = results / FOLDER
    for file in sorted(top.rglob("*.json")):
        yield results / file.relative_to(top).with_suffix("")


def damaged_records(results: Path) -> Iterator[Path]:
    """Yield the records that cannot be read, or lack what is compared; a copy of :func:`keep` that is not what was recorded."""
    top = results / FOLDER
    for file in sorted(top.rglob("*.json")):
        try:
            known = json.loads(file.read_bytes())
        except ValueError:
            known = None
        entries = [known] if not isinstance(known, dict) or "files" not in known else _values(known["files"])
        if not all(map(_is_record, entries)):
            yield file
    for copy in sorted(top.rglob("*.kept")):
        path = results / copy.relative_to(top).with_suffix("")
        if not _is_same(copy, _read(results, path), whole=True):
            yield copy


def _values(files: Any) -> list[Any]:
    return list(files.values()) if isinstance(files, dict) else [None]


def _is_record(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("size"), int)
        and _SHA256.fullmatch(str(entry.get("sha256"))) is not None
    )


def _record(results: Path, path: Path) -> Path | None:
    """Where the record of a path is kept; None for one outside the results."""
    if not path.is_relative_to(results):
        return None
    relative = path.relative_to(results)
    return results / FOLDER / relative.with_name(f"{relative.name}.json")


def _read(results: Path, path: Path) -> dict[str, Any]:
    target = _record(results, path)
    try:
        known = json.loads(target.read_bytes()) if target else {}
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) and isinstance(known.get("files", {}), dict) else {}


def _own_files(folder: Path) -> Iterator[Path]:
    """Files in a folder that are not links to somebody's pictures."""
    for top, _, names in os.walk(folder):
        for path in (Path(top, name) for name in names):
            if not path.is_symlink() and path.stat().st_nlink == 1:
                yield path


def _sums(path: Path) -> dict[str, Any]:
    sums: dict[str, Any] = {"size": path.stat().st_size, "sha256": file_hash(path)}
    if _is_large(path, sums["size"]):
        sums["footer"] = _footer(path)
    return sums


def _is_same(path: Path, known: Any, whole: bool) -> bool:
    if not isinstance(known, dict) or "sha256" not in known or not path.exists():
        return True  # a missing file is for its reader to say
    size = path.stat().st_size
    if size != known.get("size"):
        return False
    if "footer" in known and _is_large(path, size) and not whole:
        return bool(_footer(path) == known["footer"])
    return bool(file_hash(path) == known["sha256"])


def _is_large(path: Path, size: int) -> bool:
    return path.suffix == ".parquet" and size > WHOLE


def _footer(path: Path) -> str:
    """SHA-256 of a Parquet file's footer (its length stands in the eight bytes at the end; format specification)."""
    with open(path, "rb") as file:
        end = file.seek(-8, os.SEEK_END)
        length = int.from_bytes(file.read(4), "little")
        file.seek(max(0, end - length))
        return hashlib.sha256(file.read()).hexdigest()
