"""The one reader of tables that the user wrote: whatever a spreadsheet saves as CSV, with one-line errors that name the line.

Comma, semicolon and tab separate; a first line ``sep=;`` (Excel's) says which. UTF-8 with or without a byte order mark, UTF-16
with one, else Windows-1252. Names of columns are known in any case and with blanks, ``-`` or ``_`` in them. The
apostrophe before what looks like a formula (:mod:`camtrap.core.cells`) is not part of the text.
"""

import codecs
import csv
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from camtrap.core.cells import unguarded
from camtrap.core.errors import TableError

__all__ = ["Table", "read_table"]

_SEPARATORS = ",;\t"
_SAID = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A table as it was read: ``rows`` are (line in the file, cells without blanks around them), as long as ``header``.

    ``encoding`` is "utf-8", "utf-16" or "cp1252". Empty rows are left out.
    """

    path: Path
    header: list[str]
    rows: list[tuple[int, list[str]]]
    encoding: str

    def columns(self, aliases: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """Where the columns are: {key: position} of those that are there.

        Parameters
        ----------
        aliases : mapping of str to sequence of str
            For each key the names that it goes by, in small letters and digits only; the first that is there counts.
        """
        plain = [re.sub(r"[\W_]+", "", name).lower() for name in self.header]
        found = {key: [plain.index(name) for name in names if name in plain] for key, names in aliases.items()}
        return {key: places[0] for key, places in found.items() if places}

    def cells(self, columns: Mapping[str, int]) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield (line, {key: cell}) of each row."""
        for line, row in self.rows:
            yield line, {key: row[place] for key, place in columns.items()}

    @property
    def first_line(self) -> str:
        """The header in short, for messages."""
        return repr(", ".join(self.header)[:100]) if any(self.header) else "empty"


def read_table(path: str | os.PathLike, key: str) -> Table:
    """Read a table; ``key`` is the setting that names it.

    Raises
    ------
    TableError
        In one line: there is no such file, it is not text, or a row is longer than the header.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise TableError(f"{path}: {'a folder' if path.is_dir() else 'a pipe or a device'}, not a file ({key})")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        where = "" if path.is_absolute() else f"; looked for in {os.getcwd()}"
        raise TableError(f"{path}: there is no such file ({key}{where})") from None
    except OSError as error:
        raise TableError(f"{path}: cannot be read ({error.strerror}; {key})") from None
    text, encoding = _decoded(data)
    if "\0" in text:
        raise TableError(f"{path}: not a table in text; save it as 'CSV UTF-8' ({key})")
    skipped = 0
    if said := _SAID.fullmatch(text.partition("\n")[0]):
        skipped, text = 1, text.partition("\n")[2]
    head = text.lstrip("\r\n").partition("\n")[0]
    separator = said[1] if said else max(_SEPARATORS, key=head.count)
    header, rows = _parsed(path, text, separator, skipped)
    return Table(path, header, rows, encoding)


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace"), "utf-16"
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "cp1252"


def _parsed(path: Path, text: str, separator: str, skipped: int) -> tuple[list[str], list[tuple[int, list[str]]]]:
    header: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    last = line = skipped + 1
    try:
        for row in reader:
            cells = [unguarded(cell.strip()) for cell in row]
            if not any(cells):
                pass
            elif not header:
                header = cells
                if any(cell.endswith('""') for cell in cells):
                    raise TableError(
                        f"{path}: line {line}: its quotation marks are doubled: a program wrote it twice; save it as CSV anew"
                    )
            elif any(cells[len(header) :]):
                raise TableError(
                    f"{path}: line {line}: it has {len(cells)} cells and the first line {len(header)}: "
                    f"put quotation marks around a text that holds a {separator!r}"
                )
            else:
                rows.append((line, (cells + [""] * len(header))[: len(header)]))
            last, line = line, skipped + reader.line_num + 1
        if _is_open(list(io.StringIO(text, newline=""))[last - skipped - 1 :], separator):
            line = last
            raise csv.Error("its text does not end")
    except csv.Error as error:
        raise TableError(f"{path}: line {line}: not a table ({error}); is a quotation mark missing?") from None
    return header, rows


def _is_open(row: list[str], separator: str) -> bool:
    """Whether quotation marks are open at the end of a row. (The reader is strict about more than that.)"""
    try:
        list(csv.reader(row, delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error as error:
        return "end of data" in str(error)
    return False
