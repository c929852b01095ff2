"""Pictures found by a path that need not be spelled as ours; the one way in which paths are compared.

Tools write paths as they saw them: relative to some folder, absolute on another computer, with backslashes, with
``%20``, in another case or Unicode form. The steps, of which the first that names a picture decides:

1. ``path``: the same relative path (``path, spelling``: but for case or ``%xx``);
2. ``suffix``: one path is the end of the other (``suffix, spelling`` likewise); the longest common end wins.

Every step is a look-up in a dictionary, so a million paths meet a million pictures in linear time.
"""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from camtrap.core import paths

_SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*://+)", re.IGNORECASE)
_DRIVE = re.compile(r"^/?[a-z]:(?=/)", re.IGNORECASE)


class Step(NamedTuple):
    """A way to compare paths: by their ends if ``suffix``, without case and ``%xx`` if ``loose``."""

    name: str
    suffix: bool
    loose: bool


STEPS = (
    Step("path", False, False),
    Step("path, spelling", False, True),
    Step("suffix", True, False),
    Step("suffix, spelling", True, True),
)


class PathIndex:
    """Rows of pictures by their path.

    Parameters
    ----------
    pictures : sequence of str
        Their paths as our tables spell them.
    """

    def __init__(self, pictures: Sequence[str]):
        self._pictures = pictures
        self._rows: dict[bool, dict[str, list[int]]] = {}

    def look(self, step: Step, keys: Iterable[str]) -> dict[str, list[int]]:
        """Rows of the pictures that each normal path (:func:`normal`) may mean by one step; keys without any are left out."""
        rows = self._of(step.loose)
        spelled = {key: folded(key) if step.loose else key for key in keys}
        if not step.suffix:
            return {key: rows[name] for key, name in spelled.items() if name in rows}
        ends: dict[str, list[int]] = {name: [] for name in spelled.values()}
        for path, mine in rows.items():
            for suffix in _suffixes(path):
                if suffix in ends:
                    ends[suffix].extend(mine)
        # the pictures whose path ends with the key, else the one with the longest path that ends the key
        found = {
            key: ends[name] or next((rows[end] for end in _suffixes(name) if end in rows), [])
            for key, name in spelled.items()
        }
        return {key: mine for key, mine in found.items() if mine}

    def find(self, files: Iterable[str]) -> dict[str, list[int]]:
        """Rows of the pictures that each path may mean, however it is spelled, by the first step that finds any."""
        keys = {file: normal(file) for file in files}
        found: dict[str, list[int]] = {}
        for step in STEPS:
            found |= self.look(step, {key for key in keys.values() if key not in found})
        return {file: found[key] for file, key in keys.items() if key in found}

    def _of(self, loose: bool) -> dict[str, list[int]]:
        if loose not in self._rows:
            index: dict[str, list[int]] = defaultdict(list)
            for row, path in enumerate(self._pictures):
                name = normal_of_ours(path)
                index[folded(name) if loose else name].append(row)
            self._rows[loose] = dict(index)
        return self._rows[loose]


def folder_of(json_path: str | os.PathLike, roots: paths.Roots | None) -> str | None:
    """Return the folder of a detection file as our tables spell it; None where it lies at no root, or at its top."""
    here = Path(json_path).resolve().parent
    for name, root in roots.folders.items() if roots else ():
        if here.is_relative_to(root.resolve()):
            below = paths.to_text(here.relative_to(root.resolve()).as_posix())
            return "/".join(part for part in (name, below) if part not in ("", ".")) or None
    return None


def in_its_folder(names: list[str], folder: str | None, ours: set[str]) -> list[str]:
    """Return the paths of a detection file as paths below the root, if the file speaks of its own folder.

    A memory card may hold the results for its pictures: their paths then begin at the card, and several cards have the
    same ones. The folder, or the folder above it, is taken if more of the paths are pictures there than at the root.
    """
    keys = [normal(file) for file in names]
    best, most = "", sum(key in ours for key in keys)
    while folder:
        below = normal_of_ours(folder) + "/"
        count = sum(below + key in ours for key in keys)
        if count > most:
            best, most = below, count
        folder = folder.rpartition("/")[0]
    return [best + key if best + key in ours else file for key, file in zip(keys, names, strict=True)]


def normal_of_ours(path: str) -> str:
    """:func:`normal` of a path as our tables spell it."""
    return normal(paths.to_native(path) if "\\" in path else path)


def normal(path: str) -> str:
    """Return a path in one spelling: forward slashes, no scheme, drive or leading slash, Unicode NFC."""
    if "\\" in path:
        path = path.replace("\\", "/")
    if ":" in path:
        scheme = _SCHEME.match(path)
        if scheme:
            path = path[scheme.end() :].partition("?")[0]
        path = _DRIVE.sub("", path)
    if not path.isascii():
        path = unicodedata.normalize("NFC", path)
    if path[:1] in "/." or "//" in path or "/." in path:
        parts: list[str] = []
        for part in path.split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part)
        path = "/".join(parts)
    return path


def folded(path: str) -> str:
    """Return a normal path without case and without ``%xx``."""
    if "%" in path:
        path = unquote(path)
    return unicodedata.normalize("NFC", path.casefold()) if not path.isascii() else path.lower()


def _suffixes(path: str) -> Iterator[str]:
    """Yield the proper suffixes of a path, longest first."""
    slash = path.find("/")
    while slash >= 0:
        path = path[slash + 1 :]
        yield path
        slash = path.find("/")
