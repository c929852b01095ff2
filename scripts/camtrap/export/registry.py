"""The exports: one line each, and a rule of rules/export.smk that writes the file. Nothing heavy is imported here.

The key is the setting below ``export``. A switch that is either on or off needs no line in the schema of the configuration.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Export(NamedTuple):
    """A file (or folder) below ``export/``, what it is, whether it is made where the configuration says nothing, and others with it."""

    file: str
    about: str
    default: bool = False
    beside: tuple[str, ...] = ()


EXPORTS = {
    "csv": Export("crops.csv", "one row per crop, for spreadsheets and R", True),
    "tables": Export(
        "pictures.csv",
        "one row per picture, with species.csv, species_by_station.csv and lists of empty pictures and the like beside it",
        True,
        ("species.csv", "species_by_station.csv", "lists"),
    ),
    "pictures": Export("pictures", "one folder per species and station, for any file browser and photo program"),
    "figures": Export(
        "figures", "activity, species by station, accumulation of species and calendar, as SVG and PNG", True
    ),
    "folders": Export("folders", "one folder per cluster, for any file browser"),
    "megadetector": Export(
        "megadetector.json", "clusters as classifications, for Timelapse and MegaDetector's tools", True
    ),
    "explorer": Export(
        "explorer",
        "a read-only folder for colleagues: map, groups and small pictures, opened from a file in any browser",
    ),
    "yasuni": Export(
        "yasuni.json",
        "the records of the Yasuní notebooks, with yasuni_features.jsonl beside it",
        beside=("yasuni_features.jsonl",),
    ),
    "camtrap_dp": Export("camtrap_dp", "Camtrap DP 1.0.2, the format of GBIF, camtrapdp and camtrapR"),
    "r_tables": Export("r", "tables for R: records, camera operation, detection histories and effort"),
    "suggestions": Export("suggestions.csv", "what SpeciesNet, AddaxAI or another classifier calls each cluster"),
    "darwin_core": Export("darwin_core.csv", "Darwin Core occurrences, one row per named species and event"),
}


def wanted(settings: Mapping[str, object]) -> list[str]:
    """The files that the section ``export`` of a complete configuration asks for."""
    return [export.file for name, export in EXPORTS.items() if settings[name] not in (False, "none")]


def beside(settings: Mapping[str, object]) -> list[str]:
    """The files that are made with those of :func:`wanted`."""
    return [name for key, export in EXPORTS.items() if settings[key] not in (False, "none") for name in export.beside]


def switches() -> dict[str, dict]:
    """The schema of each export's setting: a switch. (The schema itself holds those that are more than that.)"""
    return {
        name: {"type": "boolean", "default": export.default, "description": f"`export/{export.file}`: {export.about}."}
        for name, export in EXPORTS.items()
    }
