"""Cells of CSV tables that a spreadsheet would take for a formula: written so that it does not, and read back.

A folder named ``=HYPERLINK(...)`` must not run in the spreadsheet of the person who opens the table. An apostrophe before the
text is the usual way to say that it is a text (OWASP, "CSV Injection").
"""

import csv
import re
from collections.abc import Iterable, Iterator

__all__ = ["guarded", "records", "unguarded"]

# What begins a formula, also in its full-width form, or lets the next sign begin one. Text that has the apostrophe already gets
# another one, so that reading gives back what was there.
_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def guarded(value: object) -> object:
    """A cell to write: text that looks like a formula gets an apostrophe in front; numbers such as ``-3.5`` stay numbers."""
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def unguarded(text: str) -> str:
    """What :func:`guarded` was given, of the text that it gave."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def records(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The rows of a table that was written with guarded cells, as {column: text}; a cell that is missing is empty."""
    for row in csv.DictReader(lines):
        yield {title: unguarded(cell or "") for title, cell in row.items() if title}
