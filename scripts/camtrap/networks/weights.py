"""Weights of networks: a local file, the cache, or a download that is checked before anything reads it."""

import logging
import os
from pathlib import Path

from camtrap.core.errors import UserError
from camtrap.core.files import replacing
from camtrap.core.hashes import file_hash

# Weights are numbers: the largest that a camera-trap survey uses have 2.5 GB.
MOST_BYTES = 8 << 30

# SHA-256 of published files. The names of torchvision's carry the first eight digits. That of md_v5a.0.1.pt (280,767,041 bytes)
# is stated by several independent users, one of them with the MD5 that the megadetector package states.
PINNED = {
    "md_v5a.0.1.pt": "fe3e90e4b1955821ab7c1f88b446dc0c8cb25e109fdd1872916a55305294a5ef",
    "resnet18-f37072fd.pth": "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
    "resnet34-b627a593.pth": "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f",
    "resnet50-0676ba61.pth": "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
    "resnet152-394f9c45.pth": "394f9c45966e3651a89bbb78a48410a6755854ce4a5ab64927cf1c7247f85e58",
}


def cache_folder(configured: str | None) -> Path:
    """Folder of downloaded weights: the configured one, ``$CAMTRAP_CACHE``, or ``~/.cache/camtrap``."""
    return Path(configured or os.environ.get("CAMTRAP_CACHE") or Path.home() / ".cache" / "camtrap")


def local(path: str, sha256: str | None, key: str) -> Path:
    """A local weights file, checked to be there and, where a hash is given, to be the right one; ``key`` names it."""
    if not Path(path).is_file():
        raise UserError(f"{path}: there is no such weights file ({key})")
    if sha256 and file_hash(path) != sha256:
        raise UserError(f"{path}: its SHA-256 is {file_hash(path)}, not {sha256} as configured; the file is not read")
    return Path(path)


def pinned(file: str) -> str | None:
    """The SHA-256 that a published file of this name must have; None where we know none."""
    return PINNED.get(file)


def fetch(
    url: str, target: Path, sha256: str | None, section: str, md5: str | None = None, most: int = MOST_BYTES
) -> Path:
    """Download a file into the cache unless it is there; its SHA-256 is checked either way.

    Parameters
    ----------
    url : str
    target : Path
        Where the file lies in the cache.
    sha256 : str or None
        What it must be: pinned here, or the user's, or what the survey recorded. Without it nothing is read or downloaded.
    section : str
        Of the configuration (``detector``), where a local file or the hash is named instead.
    md5 : str, optional
        What the publisher states, for who gets the file elsewhere.
    most : int
        Bytes that are downloaded at most.

    Raises
    ------
    UserError
        Off-line, or the file is damaged or too large, or no hash is known: one line with the URL, the hash and what to do.
    """
    stated = (
        f"SHA-256 {sha256}"
        if sha256
        else f"its publisher states the MD5 {md5}"
        if md5
        else "its publisher states no hash"
    )
    if not sha256:
        raise UserError(
            f"{target.name}: no SHA-256 of these weights is known here, so they are not used unchecked. Get {url} yourself "
            f"({stated}), look at its SHA-256, and set {section}.weights_sha256 (then they are downloaded or taken from "
            f"{target.parent}), or {section}.weights too, to a file of your own"
        )
    how = f"download {url} elsewhere ({stated}) and put it at {target}"
    if not target.exists():
        import http.client  # only a download pays for it, not each job

        logging.info("downloading %s", url)
        try:
            with replacing(target) as temporary:
                _download(url, temporary, most)
                if file_hash(temporary) != sha256:
                    raise UserError(f"{url}: what came has another SHA-256 than {sha256}; {how}")
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise UserError(
                f"the weights could not be downloaded ({reason}): {how}, or write {section}: {{weights: /path/to/file}} "
                "(docs/recipes.md has the ways without a download)"
            ) from None
    if file_hash(target) != sha256:
        raise UserError(f"{target}: damaged, or another file (its SHA-256 is not {sha256}); delete it, or {how}")
    return target


def _download(url: str, target: Path, most: int) -> None:
    import urllib.request

    with urllib.request.urlopen(url, timeout=60) as source, open(target, "wb") as file:
        size = int(source.headers.get("Content-Length") or 0)
        while size <= most and (block := source.read(1 << 20)):
            file.write(block)
            size = max(size, file.tell())
    if size > most:
        raise UserError(f"{url}: larger than {most:,} bytes, which no weights of ours are; it was not downloaded")
