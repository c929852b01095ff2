"""One folder per cluster, or per name where experts decided, to look through in any file browser. The originals are never touched."""

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from camtrap.core.files import open_parquet, replacing_folder, write_csv
from camtrap.core.paths import Roots, to_native, to_text
from camtrap.export.copies import bring, change_of
from camtrap.export.privacy import OPEN, Privacy
from camtrap.export.table import joined
from camtrap.pictures.frames import is_video, split_frame

LONGEST, NAME = 200, 60  # bytes of a file name; characters of a cluster's name in a folder's


def export(
    crops: Path,
    clusters: Path,
    crop_files: Iterable[Path],
    roots: Roots,
    names: Mapping[int, str],
    out: Path,
    mode: str,
    content: str,
    labels: Path | None = None,
    private: Privacy = OPEN,
    places: Mapping[str, tuple[float, float] | None] | None = None,
) -> int:
    """Fill ``out`` with one folder per cluster; crops that are noise or have no cluster go into ``noise``.

    Parameters
    ----------
    crops, clusters : Path
        ``tables/crops.parquet`` and ``clusters.parquet``.
    crop_files : iterable of Path
        ``crops/{shard}.parquet`` of all shards.
    mode : {"copy", "hardlink", "symlink"}
        How whole pictures come into the folders.
    content : {"crops", "pictures"}
        Crops are written as files; of pictures, each stands once in a cluster's folder; a video in the
        noise only where none of its frames is in a cluster.
    private : Privacy
        Pictures with people are left out or blurred, and all their crops are left out; the coordinates in copies.
    places : mapping, optional
        Of each picture's path its place as it is told.

    Returns
    -------
    int
        Number of files.

    Raises
    ------
    UserError
        A picture is gone, or the file system cannot link.
    """
    table = joined(crops, clusters, ["crop_id", "path", "shard", "row", "clustered"], labels)
    rows = table.sort_by([("path", "ascending"), ("crop_id", "ascending")]).to_pylist()
    rows = [row for row in rows if row["clustered"] or row.get("name")]
    if content == "crops":
        rows = [row for row in rows if not private.withholds_crop(row["path"])]
    else:
        rows = [row for row in rows if not private.withholds(_file_of(row["path"], roots))]
    of_name = name_folders({row["name"] for row in rows if row["name"]}) if labels else {}
    with replacing_folder(out) as whole:
        place = {row["crop_id"]: whole / _folder(row, of_name, names) for row in rows}
        for folder in set(place.values()):
            folder.mkdir()
        if content == "crops":
            n_files = _write_crops(rows, place, crop_files)
        else:
            wanted = _files(rows, place, roots)
            for path, folder in wanted:
                target = folder / file_name(path)
                if target.exists():  # another picture, where the file system makes no difference between A and a
                    target = folder / _hashed(to_native(path))
                change = None if is_video(path) else change_of(private, path, (places or {}).get(path))
                bring(roots.locate(path), target, mode, change)
            n_files = len(wanted)
        _write_contents(whole, rows, place, content, roots, {} if labels else names)
    return n_files


def _write_contents(
    whole: Path,
    rows: list[dict],
    place: Mapping[str, Path],
    content: str,
    roots: Roots,
    names: Mapping[int, str],
) -> None:
    """What lies where: edited folders are read back by it (`camtrap.review.back_folders`)."""
    written: dict[str, set[str]] = {}

    def listed() -> Iterable[list[str]]:
        for row in rows:
            folder = place[row["crop_id"]]
            there = written.setdefault(folder.name, set(os.listdir(folder)))
            path = _file_of(row["path"], roots)
            spellings = (
                [f"{row['crop_id']}.{suffix}" for suffix in ("jpg", "png")]
                if content == "crops"
                else [_hashed(to_native(path)), file_name(path)]
            )
            file = next((spelled for spelled in spellings if spelled in there), None)
            if file is not None:  # of a video in the noise, another folder has the file
                name = row.get("name") or names.get(row["cluster"]) or ""
                yield [folder.name, to_text(file), name, row["crop_id"]]

    write_csv(whole / "contents.csv", ["folder", "file", "name", "crop_id"], listed())


def folder_name(cluster: int | None, names: Mapping[int, str]) -> str:
    """``cluster_007``, with the name where there is one; ``noise`` for what is in none."""
    if cluster is None or cluster < 0:
        return "noise"
    name = _plain(names.get(cluster, ""))
    return f"cluster_{cluster:03d}" + (f"_{name}" if name else "")


def name_folders(names: Collection[str]) -> dict[str, str]:
    """A folder's name for each expert's name, each another, also where case does not count, and none that a cluster has."""
    found: dict[str, str] = {}
    taken = {"noise", "rejected"}
    for name in sorted(names):
        folder = _plain(name).strip()
        if folder.casefold() in taken or not folder or folder.startswith("cluster_"):
            folder = f"{folder}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        found[name] = folder
        taken.add(folder.casefold())
    return found


def _folder(row: Mapping, of_name: Mapping[str, str], names: Mapping[int, str]) -> str:
    if row.get("state") == "rejected":
        return "rejected"
    return of_name[row["name"]] if row.get("name") else folder_name(row["cluster"], {} if of_name else names)


def _plain(name: str) -> str:
    return "".join(char if char.isalnum() or char in " -" else "_" for char in name[:NAME])


def _files(rows: list[dict], place: Mapping[str, Path], roots: Roots) -> list[tuple[str, Path]]:
    """Whole files and the folders in which they stand. Of a video, frames that are noise do not count beside others that are not."""
    wanted: set[tuple[str, Path]] = set()
    noise: set[tuple[str, Path]] = set()
    grouped: set[str] = set()
    for row in rows:
        path = _file_of(row["path"], roots)
        entry = path, place[row["crop_id"]]
        if path == row["path"] or (row["cluster"] is not None and row["cluster"] >= 0):
            wanted.add(entry)
            grouped.add(path)
        else:
            noise.add(entry)
    return sorted(wanted | {entry for entry in noise if entry[0] not in grouped})


def _file_of(path: str, roots: Roots) -> str:
    """The file that a picture's path stands for: of a video's frame, the video. (A folder may be called x.mp4, too.)"""
    video, _ = split_frame(path)
    return video if video and not os.path.isfile(roots.locate(path)) else path


def file_name(path: str) -> str:
    """One file name for a path below the picture root, another for each path.

    Its parts are joined by two underscores. Where these would not lead back to the path (``a__b/c.jpg``), or the name would be
    too long, the path's hash is in it.
    """
    native = to_native(path)
    name = native.replace("/", "__")
    return name if name.split("__") == native.split("/") and len(os.fsencode(name)) <= LONGEST else _hashed(native)


def _hashed(native: str) -> str:
    stem, suffix = os.path.splitext(native.replace("/", "__"))
    return f"{stem[-40:]}~{hashlib.sha256(os.fsencode(native)).hexdigest()[:12]}{suffix[:20]}"


def _write_crops(rows: list[dict], place: Mapping[str, Path], crop_files: Iterable[Path]) -> int:
    by_shard: dict[str, set[str]] = {}
    for row in rows:
        by_shard.setdefault(row["shard"], set()).add(row["crop_id"])
    for file in crop_files:
        wanted = by_shard.get(Path(file).stem)
        if not wanted:
            continue
        for batch in open_parquet(file).iter_batches(256, columns=["crop_id", "image"]):
            for crop_id, image in zip(batch["crop_id"].to_pylist(), batch["image"].to_pylist(), strict=True):
                if crop_id in wanted:
                    suffix = "png" if image.startswith(b"\x89PNG") else "jpg"
                    (place[crop_id] / f"{crop_id}.{suffix}").write_bytes(image)
    return len(rows)
