"""The folders of a configuration: where pictures lie, and where results and decisions are written."""

import os
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["check"]

# Placeholders of Snakemake's, and characters that end a line or a path.
_UNUSABLE = re.compile(r"[{}\x00-\x1f]")


def check(config: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the folders of a completed configuration; one line each."""
    results, images = config["results"], config["images"]
    if not results.strip() or not results.rstrip("/"):
        yield f"results: {results!r} cannot be the folder of the results (write it like results=/path/to/results)"
        return
    yield from _pictures(images)
    if isinstance(images, str) and _real(images) == _real(results):
        yield f"results: {results} is the folder of the pictures; choose another one"
    review = config["review"]["folder"]
    for key, folder in (("results", results), ("review.folder", review), ("cache", config["cache"])):
        yield from _written_to(key, folder or "")
    if review and f"{_real(review)}/".startswith(f"{_real(results)}/"):
        yield (
            f"review.folder: {review} lies inside the results, which may be deleted and made again; decisions may not: choose a "
            "folder outside"
        )


def _pictures(images: str | dict[str, str] | None) -> Iterator[str]:
    """A folder that stands twice was most likely meant to be another one."""
    folders = images if isinstance(images, dict) else {} if images is None else {"": images}
    known: dict[str, str] = {}
    for name, folder in folders.items():
        key = f"images.{name}" if name else "images"
        if not folder.strip():
            yield f"{key}: it names no folder (write it like images=/path/to/pictures)"
        elif folder != folder.strip() and not os.path.isdir(folder) and os.path.isdir(folder.strip()):
            yield f"{key}: {folder!r} begins or ends with a blank, and the folder does not; write it without"
        elif (real := _real(folder)) in known:
            yield f"{key}: {folder} is the folder of {known[real]}, too; each batch has its own"
        else:
            known[real] = key


def _written_to(key: str, folder: str) -> Iterator[str]:
    first = folder.partition("/")[0]
    if os.path.exists(folder) and not os.path.isdir(folder):
        yield f"{key}: {folder} is a file, and a folder is needed"
    elif folder != folder.strip() and not os.path.isdir(folder):
        yield f"{key}: {folder!r} begins or ends with a blank; write it without"
    elif (first.startswith(("~", "$")) or "://" in folder) and not os.path.exists(first):
        yield f"{key}: {folder!r} is not the path of a folder (only a shell knows what ~name and $NAME stand for); write it in full"
    elif key != "cache" and (wrong := _UNUSABLE.search(folder)):
        yield f"{key}: {folder!r} has {wrong[0]!r} in it, which no path of Snakemake may have; choose another name"


def _real(folder: str) -> str:
    return os.path.realpath(folder.replace("\0", ""))  # no path has one
