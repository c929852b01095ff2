"""A folder a cluster, to be leafed through in any file browser. The originals are never touched."""

import errno
import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from camtrap.core.errors import UserError
from camtrap.core.files import TEMPORARY
from camtrap.core.paths import Roots, to_native
from camtrap.export.table import joined

LONGEST, NAME = 200, 60  # bytes of a file name; characters of a cluster's name in a folder's


def export(
    crops: Path,
    clusters: Path,
    crop_folder: Path,
    roots: Roots,
    names: Mapping[int, str],
    out: Path,
    mode: str,
    content: str,
) -> int:
    """Fill ``out`` with a folder a cluster; crops that were not clustered or are noise stand in ``noise``.

    Parameters
    ----------
    crops, clusters : Path
        ``tables/crops.parquet`` and ``clusters.parquet``.
    crop_folder : Path
        ``crops``, where the shards' crops lie.
    mode : {"copy", "hardlink", "symlink"}
        How whole pictures come into the folders.
    content : {"crops", "pictures"}
        Crops are written as files; of pictures, each stands once in a cluster's folder.

    Returns
    -------
    int
        Number of files.

    Raises
    ------
    UserError
        A picture is gone, or the file system cannot link.
    """
    rows = joined(crops, clusters, ["crop_id", "path", "shard", "row", "clustered"]).to_pylist()
    rows = [row for row in rows if row["clustered"]]
    temporary = out.with_name(f"{TEMPORARY}{os.getpid()}-{out.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    place = {row["crop_id"]: temporary / folder_name(row["cluster"], names) for row in rows}
    try:
        temporary.mkdir(parents=True)
        for folder in set(place.values()):
            folder.mkdir()
        if content == "crops":
            n_files = _write_crops(rows, place, crop_folder)
        else:
            wanted = sorted({(row["path"], place[row["crop_id"]]) for row in rows})
            for path, folder in wanted:
                _bring(roots.locate(_file_of(path)), folder / file_name(_file_of(path)), mode)
            n_files = len(wanted)
        shutil.rmtree(out, ignore_errors=True)
        os.replace(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return n_files


def folder_name(cluster: int | None, names: Mapping[int, str]) -> str:
    """``cluster_007``, with the name where there is one; ``noise`` for what is in none."""
    if cluster is None or cluster < 0:
        return "noise"
    name = "".join(char if char.isalnum() or char in " -" else "_" for char in names.get(cluster, "")[:NAME])
    return f"cluster_{cluster:03d}" + (f"_{name}" if name else "")


def file_name(path: str) -> str:
    """One file name for a path below the picture root: its parts joined; a very long one is cut and hashed."""
    name = to_native(path).replace("/", "__")
    if len(os.fsencode(name)) <= LONGEST:
        return name
    stem, _, suffix = name.rpartition(".")
    return f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:12]}__{stem[-40:]}.{suffix}"


def _file_of(path: str) -> str:
    """The file that a picture's path stands for: of a video's frame, the video."""
    parent, _, name = path.rpartition("/")
    is_frame = name.startswith("frame") and parent.rpartition(".")[2].lower() in (
        "mp4",
        "avi",
        "mov",
        "m4v",
        "mpg",
        "mpeg",
        "mkv",
    )
    return parent if is_frame else path


def _bring(source: str, target: Path, mode: str) -> None:
    if target.exists():
        return
    try:
        if mode == "copy":
            shutil.copy2(source, target)
        elif mode == "hardlink":
            os.link(source, target)
        else:
            os.stat(source)
            os.symlink(os.path.abspath(source), target)
    except FileNotFoundError:
        raise UserError(f"{source}: the picture is gone; run again, planning will notice") from None
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise UserError(
                f"{source}: cannot be linked to {target.parent} ({error.strerror}); set export.folders: copy"
            ) from None
        raise


def _write_crops(rows: list[dict], place: Mapping[str, Path], crop_folder: Path) -> int:
    by_shard: dict[str, list[dict]] = {}
    for row in rows:
        by_shard.setdefault(row["shard"], []).append(row)
    for shard, members in sorted(by_shard.items()):
        wanted = {row["crop_id"] for row in members}
        for batch in pq.ParquetFile(crop_folder / f"{shard}.parquet").iter_batches(256, columns=["crop_id", "image"]):
            for crop_id, image in zip(batch["crop_id"].to_pylist(), batch["image"].to_pylist(), strict=True):
                if crop_id in wanted:
                    suffix = "png" if image.startswith(b"\x89PNG") else "jpg"
                    (place[crop_id] / f"{crop_id}.{suffix}").write_bytes(image)
    return len(rows)
