"""File names are bytes; tables hold text. One reversible spelling joins the two.

A picture's *path* in every table is its place below the picture root with forward slashes, spelled as text:
valid UTF-8 stands as it is; a control character, a backslash and any byte that is not UTF-8 stand as ``\\xNN``.
"""

import os
import re
from pathlib import Path

from camtrap.core.errors import ConfigError, PictureError

_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")


def to_text(name: str | bytes) -> str:
    """Spell a file name as printable UTF-8 text (the inverse of :func:`to_native`).

    Parameters
    ----------
    name : str or bytes
        As ``os.listdir`` gives it (``str`` may hold surrogate escapes).
    """
    text = os.fsencode(name).decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(_spell(c) for c in text)


def _spell(char: str) -> str:
    if char != "\\" and (char.isprintable() or char == "\u00a0"):
        return char
    return "".join(f"\\x{b:02x}" for b in char.encode("utf-8", "surrogateescape"))


def to_native(text: str) -> str:
    """Return the name that the operating system knows for a path spelled by :func:`to_text`."""
    if "\\" not in text:
        return os.fsdecode(text.encode("utf-8"))
    out, end = bytearray(), 0
    for match in _ESCAPE.finditer(text):
        out += text[end : match.start()].encode("utf-8")
        out.append(int(match[1], 16))
        end = match.end()
    return os.fsdecode(bytes(out + text[end:].encode("utf-8")))


def batch_of(path: str) -> str:
    """The first-level folder of a picture's path; ``.`` for a file that lies in none."""
    return path.partition("/")[0] if "/" in path else "."


class Roots:
    """Where pictures lie: one folder, or several by name.

    Parameters
    ----------
    images : str or dict of str to str
        One folder, whose first-level folders are the batches; or ``{batch name: folder}``, where a path in a table
        begins with the batch name.

    Raises
    ------
    ConfigError
        A batch name is empty, ``.`` or ``..``, or holds a slash.
    """

    def __init__(self, images: str | dict[str, str]):
        self.single = not isinstance(images, dict)
        # YAML makes a number of a name like 2019
        folders = {str(name): folder for name, folder in images.items()} if isinstance(images, dict) else {"": images}
        wrong = [name for name in folders if not self.single and (name in ("", ".", "..") or "/" in name)]
        if wrong:
            raise ConfigError(f"images: {wrong[0]!r} cannot be a batch's name (not empty, no dots alone, no /)")
        self.folders = {to_text(name): Path(folder) for name, folder in folders.items()}

    def locate(self, path: str) -> str:
        """Return the file-system path of a picture's path (as the tables spell it).

        Raises
        ------
        PictureError
            If the path begins with no batch that the configuration names.
        """
        if self.single:
            return os.path.join(self.folders[""], to_native(path))
        batch, _, rest = path.partition("/")
        if batch not in self.folders:
            raise PictureError(
                f"{path}: the configuration names no picture root {batch!r} (images: {', '.join(self.folders)})"
            )
        return os.path.join(self.folders[batch], to_native(rest))
