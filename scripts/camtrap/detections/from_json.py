"""The detector backend ``json``: results that somebody already has become one detection file per shard.

:func:`split` reads the whole detection file once per survey, matches it to all indexed pictures and writes

* ``{out}/{shard}.json``: MegaDetector batch format 1.6 with every picture of the shard. What it holds depends on the
  shard's pictures and their results only;
* ``{out}/matching.json``: the counts, and the first of everything that did not match;
* ``{out}/matching.csv``: all of it, one row each: kind, file (as the detection file spells it), picture, reason.

Boxes and confidences are not rounded. A repeat detection keeps the negative confidence that marks it.
"""

import logging
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from camtrap.core import files
from camtrap.core.files import read_parquet
from camtrap.core.paths import Roots
from camtrap.detections import megadetector_json as md
from camtrap.detections.dialects import read
from camtrap.detections.match import Matching, match
from camtrap.detections.path_index import folder_of, in_its_folder, normal_of_ours
from camtrap.detections.records import Detection, Record, cut, no_cycle_search, to_relative
from camtrap.detections.videos import frames_of_videos, match_whole

_LISTED = 100
_REASONS = {"none": "no picture has this path", "taken": "its only picture has a result with a better matching path"}


def split(
    json_path: str | os.PathLike | Sequence[str | os.PathLike],
    index_paths: Iterable[str | os.PathLike],
    out: str | os.PathLike,
    rename: dict[str, str] | None = None,
    min_confidence: float = 0.0,
    missing: str = "failure",
    roots: Roots | None = None,
) -> dict:
    """Write a detection file for each shard from one or several detection files of any dialect.

    Parameters
    ----------
    json_path : path or list of path
        Several, if each memory card has its own.
    index_paths : iterable of path
        ``index/{shard}.parquet`` of all shards; the file's stem is the shard.
    out : path
        Folder to write to.
    rename : dict of str to str, optional
        See :func:`camtrap.detections.dialects.read`.
    min_confidence : float
        Detections below are left out.
    missing : {"failure", "empty"}
        What a picture without a result is. PyTorch-Wildlife leaves out pictures in which it sees nothing: "empty".
    roots : Roots, optional
        Where the pictures lie. A detection file among them may speak of its own folder
        (:func:`~camtrap.detections.path_index.in_its_folder`).

    Returns
    -------
    dict
        The content of ``matching.json``.

    Raises
    ------
    DetectionFileError
        A detection file cannot be read or is of no known dialect.
    ValueError
        ``missing`` is neither.
    """
    if missing not in ("failure", "empty"):
        raise ValueError(f"missing: {missing!r} is neither 'failure' nor 'empty'")
    with no_cycle_search():
        return _split(json_path, index_paths, Path(out), rename, min_confidence, missing, roots)


def split_survey(options: dict, index: Iterable[str | os.PathLike], out: str | os.PathLike, roots: Roots) -> dict:
    """:func:`split` as the configuration's ``detector`` section asks for it; says in one line what was matched."""
    chosen = options["rename"], options["min_confidence"], options["missing"]
    report = split(options["json"], index, out, *chosen, roots)
    logging.info("%s", summary(report))
    return report


def _split(
    json_path: str | os.PathLike | Sequence[str | os.PathLike],
    index_paths: Iterable[str | os.PathLike],
    out: Path,
    rename: dict[str, str] | None,
    min_confidence: float,
    missing: str,
    roots: Roots | None,
) -> dict:
    paths = [json_path] if isinstance(json_path, (str, os.PathLike)) else list(json_path)
    sources = [read(path, rename) for path in paths]
    for number, source in enumerate(sources):
        for record in source.records:
            record.source = number
    records = [record for source in sources for record in source.records]
    shards = _pictures(index_paths)
    pictures = {name: [v for columns in shards.values() for v in columns[name]] for name in _COLUMNS}
    frames = frames_of_videos(pictures["path"])
    ours = {normal_of_ours(path) for path in [*pictures["path"], *frames]}
    spelled = [
        file
        for path, source in zip(paths, sources, strict=True)
        for file in in_its_folder([r.file for r in source.records], folder_of(path, roots), ours)
    ]
    matching = match(spelled, pictures, [(r.width, r.height, r.bytes) for r in records])

    of_picture: dict[int, list[Record]] = defaultdict(list)
    for record, row in zip(records, matching.picture.tolist(), strict=True):
        if row >= 0:
            of_picture[row].append(record)
    for i, rows_of_one in match_whole(records, spelled, frames, matching).items():
        for row in rows_of_one:
            of_picture[row].append(records[i])
    shards_of = _Shards(sources, min_confidence, missing)
    start = 0
    for shard, columns in shards.items():
        data = shards_of.build(columns, [of_picture.get(start + i, []) for i in range(len(columns["path"]))])
        md.write(out / f"{shard}.json", data)
        start += len(columns["path"])

    listed = _listed(records, matching, pictures["path"])
    without = (path for row, path in enumerate(pictures["path"]) if row not in of_picture)
    listed += [("without result", "", path, md.NO_RESULT) for path in sorted(without)]
    listed += [("problem", file, "", reason) for source in sources for file, reason in source.problems]
    listed += shards_of.listed
    printable = [[_printable(text) for text in row] for row in listed]
    report = {
        "sources": [
            {"file": os.fspath(path), "dialect": s.dialect, "results": len(s.records), "detector": s.detector}
            for path, s in zip(paths, sources, strict=True)
        ],
        "shards": len(shards),
        "pictures": len(pictures["path"]),
        "results": len(records),
        "results_by_match": matching.counts(),
    }
    for kind in ("unmatched", "ambiguous", "by name and size", "without result", "duplicate", "problem"):
        rows = [row for row in printable if row[0] == kind]
        first = [{"file": f, "picture": p, "reason": r} for _, f, p, r in rows[:_LISTED]]
        report[kind.replace(" ", "_")] = {"count": len(rows), "first": first}
    files.write_csv(out / "matching.csv", ["kind", "file", "picture", "reason"], printable)
    files.write_json(out / "matching.json", report)
    return report


def summary(report: dict) -> str:
    """Return what ``matching.json`` says in one line, for a log."""
    found = sum(n for how, n in report["results_by_match"].items() if how not in ("none", "taken", "ambiguous"))
    counts = ", ".join(
        f"{report[k]['count']} {k.replace('_', ' ')}" for k in ("unmatched", "ambiguous", "without_result", "problem")
    )
    return f"{report['results']} results, {found} matched to {report['pictures']} pictures; {counts} (see matching.csv)"


_COLUMNS = ("path", "bytes", "width", "height", "status", "error")


def _pictures(index_paths: Iterable[str | os.PathLike]) -> dict[str, dict[str, list]]:

    tables = {Path(path).stem: path for path in index_paths}
    return {shard: read_parquet(tables[shard], columns=list(_COLUMNS)).to_pydict() for shard in sorted(tables)}


def _listed(records: list[Record], matching: Matching, paths: list[str]) -> list[tuple[str, str, str, str]]:
    rows = []
    for i, (record, how) in enumerate(zip(records, matching.how, strict=True)):
        if how in _REASONS:
            rows.append(("unmatched", record.file, "", _REASONS[how]))
        elif how == "ambiguous":
            could = [paths[row] for row in matching.candidates[i]]
            reason = "could be any of them" if len(could) > 1 else "several results could be this picture"
            rows.append(("ambiguous", record.file, " | ".join(could), reason))
        elif how == "name and size":
            rows.append(("by name and size", record.file, paths[matching.picture[i]], "the folders differ: check"))
    return sorted(rows)


class _Shards:
    """Builds the shards' batch files, and collects what has to be listed."""

    def __init__(self, sources: list, min_confidence: float, missing: str):
        self.sources, self.min_confidence, self.missing = sources, min_confidence, missing
        self.listed: list[tuple[str, str, str, str]] = []

    def build(self, columns: dict[str, list], found: list[list[Record]]) -> dict:
        """Return the batch file of one shard."""
        images = [self._image(i, columns, records) for i, records in enumerate(found)]
        all_detections = [d for image in images for d in image.get("detections") or ()]
        categories = md.categories_of({d.category for d in all_detections})
        number = {name: i for i, name in categories.items()}
        classes = {str(i): c for i, c in enumerate(sorted({c for d in all_detections for c, _ in d.classes}))}
        class_number = {c: i for i, c in classes.items()}
        for image in images:
            if image.get("detections"):
                image["detections"] = [
                    {
                        "category": number[d.category],
                        "conf": -d.conf if d.repeat else d.conf,
                        "bbox": d.bbox,
                        "classifications": [[class_number[c], p] for c, p in d.classes],
                    }
                    for d in image["detections"]
                ]
        used = sorted({record.source for records in found for record in records})
        return md.batch_json(images, self._info(used), categories, classes, conf_digits=None, coord_digits=None)

    def _info(self, used: list[int]) -> dict:
        infos = [self.sources[i].detector for i in used]
        names = sorted({str(info.get("detector") or "unknown") for info in infos})
        metadata = [info.get("detector_metadata") for info in infos]
        info = {
            "detector": ", ".join(names) or "unknown",
            "converted_from": sorted({self.sources[i].dialect for i in used}),
        }
        same = metadata and metadata[0] and all(m == metadata[0] for m in metadata)
        return info | ({"detector_metadata": metadata[0]} if same else {})

    def _image(self, i: int, columns: dict[str, list], records: list[Record]) -> dict:
        path = columns["path"][i]
        if not records:
            if columns["status"][i] == "failed":
                return {"file": path, "failure": columns["error"][i] or "the picture cannot be read"}
            if self.missing == "empty":
                return {"file": path, "detections": []}
            return {"file": path, "failure": md.NO_RESULT}
        results = [self._converted(r, path, columns["width"][i], columns["height"][i]) for r in records]
        good = [r for r in results if "failure" not in r]
        different = [r for n, r in enumerate(good) if r not in good[:n]]
        if len(different) > 1:
            reason = f"{len(different)} different detection results for this picture"
            self.listed.append(("duplicate", records[0].file, path, reason))
            return {"file": path, "failure": reason}
        if len(records) > 1:
            reason = f"{len(records)} results, equal or failed" if good else f"{len(records)} results, all failed"
            self.listed.append(("duplicate", records[0].file, path, reason))
        return good[0] if good else results[0]

    def _converted(self, record: Record, path: str, width: int | None, height: int | None) -> dict:
        if record.failure or record.detections is None:
            return {"file": path, "failure": record.failure or "failed"}
        detections, wrong = [], []
        for d in record.detections:
            if d.conf < self.min_confidence:
                continue
            try:
                box = _relative(d, record, width, height)
                detections.append(Detection(d.category, d.conf, box, False, d.repeat, d.classes))
            except ValueError as error:
                wrong.append(str(error))
        self.listed += [("problem", record.file, path, reason) for reason in wrong]
        if wrong and not detections:
            return {"file": path, "failure": f"unusable detection result: {wrong[0]}"}
        return {"file": path, "detections": sorted(detections, key=lambda d: (-d.conf, d.category, d.bbox))}


def _relative(d: Detection, record: Record, width: int | None, height: int | None) -> tuple:
    if not d.absolute:
        return cut(d.bbox)
    if record.width and record.height:
        if width and height and abs(record.width * height - record.height * width) > 0.01 * record.height * width:
            raise ValueError(
                f"boxes are of {record.width} x {record.height} pixels, the picture has {width} x {height}"
                " (another picture, or boxes from before EXIF rotation)"
            )
        return to_relative(d.bbox, record.width, record.height)
    if not width or not height:
        raise ValueError("a box in pixels, and the picture's size is not known")
    return to_relative(d.bbox, width, height)


def _printable(text: str) -> str:
    """A JSON file can spell half a character, which no text file can hold."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
