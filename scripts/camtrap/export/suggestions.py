"""What other classifiers call the groups (SpeciesNet, AddaxAI, any MegaDetector file with classifications): suggestions, no names.

Their results come in with the detections (``detector.backend: json``). The table has the columns of ``export/clusters.csv``, so that a
copy that somebody looked through and corrected is taken in by ``python -m camtrap.review import``.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from camtrap.core.files import read_parquet, write_csv
from camtrap.crop.geometry import crop_id
from camtrap.detections import megadetector_json as md
from camtrap.export.privacy import LEAVE_OUT, OPEN, Privacy

__all__ = ["COLUMNS", "export"]

COLUMNS = ["cluster", "name", "crop_id", "crops", "with_name", "share", "mean_score", "second", "second_share"]
# Classes that say nothing of which animal it is.
_NO_NAME = {"", "animal", "blank", "empty", "unknown", "no cv result", "person", "human", "vehicle"}


def export(
    images: str | os.PathLike,
    clusters: str | os.PathLike,
    representatives: str | os.PathLike,
    detections: Iterable[str | os.PathLike],
    out: str | os.PathLike,
    crops: str | os.PathLike | None = None,
    private: Privacy = OPEN,
) -> int:
    """Write the table: one row per cluster whose crops have classes; their number is returned.

    Parameters
    ----------
    images : path
        ``tables/images.parquet``: of each path its image_id.
    clusters, representatives : path
        ``clusters.parquet`` and ``representatives.parquet``.
    detections : iterable of path
        ``detections/{shard}.json`` of all shards; one is held at a time.
    out : path
        CSV: the name that most crops of the cluster have as their best class, the crop nearest to the centre, how many crops
        there are, the share of them with this name and its mean score; and the second name.
    crops : path, optional
        ``tables/crops.parquet``, where crops may be hidden.
    private : Privacy
        Another crop of the cluster stands for one of a picture that is hidden; none where all are.
    """
    table = read_parquet(clusters, columns=["crop_id", "cluster"])
    cluster = dict(zip(table["crop_id"].to_pylist(), table["cluster"].to_pylist(), strict=True))
    named = read_parquet(images, columns=["path", "image_id", "shard"])
    of_shard: dict[str, dict[str, str]] = defaultdict(dict)
    for path, image_id, shard in zip(*(column.to_pylist() for column in named.columns), strict=True):
        if image_id is not None:
            of_shard[shard][path] = image_id
    sizes: dict[int, int] = defaultdict(int)
    for number in cluster.values():
        sizes[number] += 1
    scores: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for file in detections:
        for crop, name, score in _classes(file, of_shard.get(Path(file).stem, {})):
            if (number := cluster.get(crop, -1)) >= 0:
                scores[number][name].append(score)
    shown = read_parquet(representatives).to_pylist()
    centre = {row["cluster"]: row["crop_id"] for row in shown if row["role"] == "nearest" and row["rank"] == 0}
    if crops and private.of_people == LEAVE_OUT:
        _hide(centre, cluster, crops, private)
    rows = []
    for number in sorted(scores):
        best, *rest = sorted(scores[number].items(), key=lambda item: (-len(item[1]), item[0]))
        second = (rest[0][0], f"{len(rest[0][1]) / sizes[number]:.3f}") if rest else ("", "")
        n = len(best[1])
        mean = f"{sum(best[1]) / n:.3f}"
        rows.append(
            [number, best[0], centre.get(number, ""), sizes[number], n, f"{n / sizes[number]:.3f}", mean, *second]
        )
    write_csv(out, COLUMNS, rows, encoding="utf-8-sig")
    return len(rows)


def _hide(centre: dict[int, str], cluster: Mapping[str, int], crops: str | os.PathLike, private: Privacy) -> None:
    """Put a crop that may be named into the place of each that may not."""
    table = read_parquet(crops, columns=["crop_id", "path"])
    pairs = zip(table["crop_id"].to_pylist(), table["path"].to_pylist(), strict=True)
    hidden = {crop for crop, path in pairs if private.hides(path)}
    wanted = {number for number, crop in centre.items() if crop in hidden}
    for number in wanted:
        del centre[number]
    for crop in sorted(cluster):
        if cluster[crop] in wanted and crop not in hidden:
            centre.setdefault(cluster[crop], crop)


def _classes(file: str | os.PathLike, image_ids: dict[str, str]) -> Iterable[tuple[str, str, float]]:
    """Of each detection with a class: the id that its crop has, the class's name, its score."""
    found = md.read(file)
    names = found.get("classification_categories") or {}
    for image in found["images"]:
        image_id = image_ids.get(image["file"])
        for detection in image.get("detections") or () if image_id else ():
            for number, score in sorted(detection.get("classifications") or (), key=lambda one: -one[1])[:1]:
                name = " ".join(str(names.get(number, "")).split())
                if name.casefold() not in _NO_NAME:
                    yield crop_id(image_id or "", detection["bbox"]), name, float(score)
