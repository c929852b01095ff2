"""What came of a run, in the terminal: pictures by category, crops, groups, names, failures, and where the report is."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camtrap.core.files import read_json, read_parquet

# From this confidence on a box that was left out may still be an animal.
_FAINT = 0.05
_SHOWN = 8


def closing(
    results: Path, report: Path, threshold: float, passed: Mapping[str, int] | None = None, scientific: bool = False
) -> list[str]:
    """Lines for the end of a run.

    Parameters
    ----------
    results : Path
        The results folder: ``report/summary.json``, ``tables/counts.json``, and ``tables/images.parquet`` where there is no crop.
    report : Path
        The page.
    threshold : float
        ``crop.threshold``.
    passed : mapping of str to int, optional
        How many files of which format were passed over.
    scientific : bool
        An export was made that GBIF is to read: say which species of ``export/species.csv`` have no scientific name.
    """
    summary, counts = read_json(results / "report" / "summary.json"), read_json(results / "tables" / "counts.json")
    found = [f"{number:,} {name}" for name, number in counts["categories"].items() if number]
    lines = [f"{counts['found']:,} pictures: {', '.join(found) or 'none'}"]
    if passed:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in passed.items())
        lines.append(f"passed over, because this format is not read: {kinds} (convert them to JPEG)")
    if counts["clustered"]:
        lines.append(_groups(summary))
    else:
        lines.append(f"NO ANIMAL: {_why(results, counts, threshold)}")
    if doubtful := counts.get("doubtful_clocks"):
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in doubtful.items())
        lines.append(f"doubtful clocks: {kinds} (tables/images.parquet says why, in clock_reason)")
    if lost := counts.get("stations_without_pictures"):
        lines.append(
            f"no picture is of these stations of the table: {', '.join(lost[:_SHOWN])}{' …' * (len(lost) > _SHOWN)}"
        )
    if scientific and (common := _without_scientific(results)):
        lines.append(
            f"no scientific name, which GBIF needs (add rows to export.species): "
            f"{', '.join(common[:_SHOWN])}{' …' * (len(common) > _SHOWN)}"
        )
    if summary["failures"]:
        lines.append(f"{summary['failures']:,} rows of failures, each with its reason: {results}/tables/failures.csv")
    lines.append(f"report: {report}")
    return lines


def _groups(summary: dict[str, Any]) -> str:
    groups, named = summary["k"], len(summary["names"])
    noise = f", {summary['noise']:,} in none" if summary["noise"] else ""
    return f"{summary['clustered']:,} crops in {groups:,} groups{noise}; {named:,} of the groups named"


def _without_scientific(results: Path) -> list[str]:
    path = results / "export" / "species.csv"
    if not path.exists():  # export.tables: false
        return []
    with open(path, encoding="utf-8-sig", newline="") as file:
        return [row["name"] for row in csv.DictReader(file) if not row["scientific"]]


def _why(results: Path, counts: dict[str, Any], threshold: float) -> str:
    """The likely cause of a survey without a crop."""
    categories = counts["categories"]
    if counts["found"] and categories["failed"] == counts["found"]:
        return f"no picture could be read; the reasons are in {results}/tables/failures.csv"
    if counts["crops"]:
        return f"all {counts['crops']:,} crops are repeat detections (collect.repeat_detections: false keeps them)"
    best = read_parquet(results / "tables" / "images.parquet", columns=["max_conf"])["max_conf"].to_pylist()
    faint = sum(1 for conf in best if conf is not None and _FAINT <= conf < threshold)
    if faint:
        pictures = f"the best box of {faint:,} picture{'s' * (faint != 1)} lies"
        return f"{pictures} between {_FAINT} and {threshold}: lower crop.threshold"
    if categories["person"] or categories["vehicle"]:
        return "only people and vehicles were found (crop.categories says what is cropped)"
    return "the detector found nothing in any picture; is it the right one for these pictures (detector.backend)?"
