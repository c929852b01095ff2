"""Cells of CSV tables that a spreadsheet would take for a formula: written so that it does not, and read back.

A folder named ``=HYPERLINK(...)`` must not run in the spreadsheet of the person who opens the table. An apostrophe before the
text is the usual way to say that it is a text (OWASP, "CSV Injection").
"""

import re

__all__ = ["guarded", "unguarded"]

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
