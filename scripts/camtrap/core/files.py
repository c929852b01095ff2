"""Results are never written in place: a temporary file beside the result, then a rename."""

import csv
import errno
import json
import os
import shutil
import socket
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from camtrap.core.cells import guarded
from camtrap.core.errors import DamageError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

TEMPORARY = ".tmp-"


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path in the result's folder; rename it to ``path`` if the block ends without an error.

    The name carries host and process, so that two runs that write one result never share a temporary file; whoever
    renames last wins with a whole file. On an error (a full disk, say) the temporary file is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield an empty folder beside the result; it takes the place of ``path`` if the block ends without an error.

    So the result appears whole, with nothing of an older one in it. On an error the older one stays.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    old = temporary.with_name(f"{temporary.name}.old")
    for rest in (temporary, old):
        shutil.rmtree(rest, ignore_errors=True)
    try:
        temporary.mkdir()
        yield temporary
        if path.exists():
            path.rename(old)
        try:
            temporary.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise
    finally:
        for rest in (temporary, old):
            shutil.rmtree(rest, ignore_errors=True)


def _beside(path: Path) -> Path:
    return path.with_name(f"{TEMPORARY}{socket.gethostname()}-{os.getpid()}-{path.name}")


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write UTF-8 text, atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_bytes(path: str | os.PathLike, data: bytes) -> None:
    """Write bytes, atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_npy(path: str | os.PathLike, array: "np.ndarray") -> None:
    """Write an array in NumPy's format, atomically.

    NumPy writes to a file of Python's by C's buffers, and a disk that is full when these are emptied raises nothing: a small array
    is cut off in silence (NumPy 2.4). So it gets an object that only writes.
    """
    import numpy as np

    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.save(SimpleNamespace(write=file.write), array, allow_pickle=False)


def reserve(path: str | os.PathLike) -> None:
    """Take the room that a file of holes needs: what is written to it later through a map cannot find the disk full.

    Raises
    ------
    OSError
        There is no room. Where the system or the file system cannot do it, nothing is done.
    """
    with open(path, "r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
        except AttributeError:  # macOS
            return
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                raise


def write_json(path: str | os.PathLike, value: object, indent: int | None = 1) -> None:
    """Write JSON (UTF-8, NaN refused), atomically."""
    write_text(path, json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | os.PathLike, *keys: str) -> Any:
    """Read a JSON file, of which nobody but its reader knows what it holds.

    Parameters
    ----------
    path : path
    keys : str
        What its reader asks for: with any, the file must hold an object that has them all.

    Raises
    ------
    DamageError
        It is not JSON, or lacks a key.
    """
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DamageError.of(path, f"not a JSON file: {error}") from None
    if keys and not isinstance(found, dict):
        raise DamageError.of(path, "it holds no JSON object")
    if lost := [key for key in keys if key not in found]:
        raise DamageError.of(path, f"it has no {lost[0]!r}")
    return found


def write_csv(
    path: str | os.PathLike, header: Iterable[str], rows: Iterable[Iterable[object]], encoding: str = "utf-8"
) -> None:
    """Write a CSV table (``\\n`` line ends), atomically; no cell is a formula (:mod:`camtrap.core.cells`).

    With ``utf-8-sig`` as its encoding it has a byte order mark, which spreadsheets need.
    """
    with replacing(path) as temporary, open(temporary, "w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(map(guarded, header))
        writer.writerows(map(guarded, row) for row in rows)


def write_parquet(
    path: str | os.PathLike, table: "pa.Table", row_group_size: int | None = None, **options: Any
) -> None:
    """Write a ``pyarrow.Table`` as Parquet (zstd), atomically. ``options`` go to ``pyarrow.parquet.write_table``.

    pandas makes its strings Arrow's large_string; every table of ours holds string, so that any two can be joined.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for number, field in enumerate(table.schema):
        if pa.types.is_large_string(field.type):
            table = table.set_column(number, field.with_type(pa.string()), table.column(number).cast(pa.string()))
    options.setdefault("compression", "zstd")
    options.setdefault("write_page_checksum", True)  # verified by those that read it, below
    with replacing(path) as temporary:
        pq.write_table(table, temporary, row_group_size=row_group_size, **options)


def write_parquet_parts(path: str | os.PathLike, parts: "Iterable[pa.Table]") -> None:
    """Write tables below one another as one Parquet file, atomically: a row group for each, so that one is held at a time.

    The file is as :func:`write_parquet` makes it. All have the columns of the first.
    """
    import pyarrow.parquet as pq

    with replacing(path) as temporary, ExitStack() as stack:
        writer = None
        for part in parts:
            writer = writer or stack.enter_context(
                pq.ParquetWriter(temporary, part.schema, compression="zstd", write_page_checksum=True)
            )
            writer.write_table(part)


def read_parquet(
    path: str | os.PathLike,
    columns: Sequence[str] | None = None,
    filters: "pc.Expression | None" = None,
    repeating: Collection[str] = (),
) -> "pa.Table":
    """Read a Parquet file, or some columns of it, and verify the checksums of its pages.

    Columns of text named in ``repeating`` come as dictionaries: each value is held once.

    Raises
    ------
    DamageError
        It cannot be read, a checksum is wrong, or it has no such column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(
            path,
            columns=None if columns is None else list(columns),
            filters=filters,
            read_dictionary=list(repeating) or None,
            page_checksum_verification=True,
            partitioning=None,
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(path, error) from None


def open_parquet(path: str | os.PathLike) -> "pq.ParquetFile":
    """Open a Parquet file, to be read in parts; the checksums of its pages are verified as they are read.

    Raises
    ------
    DamageError
        Its footer cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(path, error) from None


def _damaged(path: str | os.PathLike, error: Exception) -> Exception:
    """The error of a file that cannot be decoded; what the system says (no such file, no memory) stays as it is."""
    if isinstance(error, FileNotFoundError):  # Arrow's has no number
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
    if isinstance(error, MemoryError) or getattr(error, "errno", None):
        return error
    return DamageError.of(path, " ".join(str(error).split())[:120])
