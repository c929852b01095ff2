"""Weights of networks: a local file, the cache, or a download that is checked before anything reads it."""

import http.client
import logging
import os
import re
import urllib.request
from pathlib import Path

from camtrap.core.errors import UserError
from camtrap.core.files import replacing
from camtrap.core.hashes import file_hash


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


def hash_in_name(file: str) -> str:
    """The first digits of a file's SHA-256 where its name carries them (``resnet50-0676ba61.pth``), else ""."""
    found = re.search(r"-([0-9a-f]{8,64})\.[^.]+$", file)
    return found[1] if found else ""


def fetch(url: str, target: Path, algorithm: str, prefix: str, key: str) -> Path:
    """Download a file into the cache unless it is there; its hash is checked either way.

    Parameters
    ----------
    url : str
    target : Path
        Where the file lies in the cache.
    algorithm : str
        "md5" or "sha256".
    prefix : str
        What the hash must begin with (torchvision's file names carry the first eight digits). Where it is empty, nothing
        is downloaded, and a file in the cache is taken as it is.
    key : str
        Of the configuration, under which a local file is named instead.

    Raises
    ------
    UserError
        Off-line, or the file is damaged, or no hash is known: one line with the URL, the hash and where to put the file.
    """
    if not prefix:
        if target.exists():
            logging.warning("%s: nobody states its hash, so it is not checked", target)
            return target
        raise UserError(
            f"{url} is not downloaded, as nobody states its hash: get it yourself and set {key}=/path/to/file"
        )
    how = f"download {url} elsewhere ({algorithm.upper()} {prefix}) and put it at {target}"
    if not target.exists():
        logging.info("downloading %s", url)
        try:
            with replacing(target) as temporary:
                with urllib.request.urlopen(url, timeout=60) as source, open(temporary, "wb") as file:
                    while block := source.read(1 << 20):
                        file.write(block)
                if not file_hash(temporary, algorithm).startswith(prefix):
                    raise UserError(f"{url}: what came has another {algorithm.upper()} than {prefix}; {how}")
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise UserError(
                f"the weights could not be downloaded ({reason}): {how}, or set {key}=/path/to/file"
            ) from None
    if not file_hash(target, algorithm).startswith(prefix):
        raise UserError(f"{target}: damaged (its {algorithm.upper()} is not {prefix}); delete it, or {how}")
    return target
