"""What was seen, crop by crop, for the tables and figures that people look at: the name, how it came, where and when."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from camtrap.core.files import read_parquet
from camtrap.export.table import joined
from camtrap.review.decisions import key

__all__ = ["HUMAN", "NO_STATION", "one_spelling", "seen"]

NO_STATION = "station unknown"
# Names that experts give to people, as :func:`camtrap.review.decisions.key` has them.
HUMAN = {
    *("human", "humans", "person", "persons", "people", "homo sapiens", "humano", "humanos", "persona", "personas"),
    *("gente", "personne", "personnes", "humain", "mensch", "menschen", "pessoa", "pessoas", "hunter", "hunters"),
}
_CROPS = ["crop_id", "path", "station", "datetime", "burst", "event", "category", "repeat", "clustered"]
_SAID = ("state", "how", "who", "sure", "suggested_name")


def seen(
    crops: Path, clusters: Path, images: Path, names: Mapping[int, str], labels: Path | None = None
) -> pd.DataFrame:
    """Read the crops with their names.

    Parameters
    ----------
    crops, clusters, images : Path
        ``tables/crops.parquet``, ``clusters.parquet``, ``tables/images.parquet``.
    names : mapping of int to str
        Names of clusters; they count only without ``labels``.
    labels : Path, optional
        ``tables/labels.parquet``.

    Returns
    -------
    DataFrame
        One row per crop, sorted by path and crop_id: crop_id, path, station (:data:`NO_STATION` where it is unknown), datetime
        (NaT where the clock cannot be trusted), burst, event, category, repeat, clustered, cluster (nullable), and, None
        where nothing was said: name (in one spelling: case and spaces do not count), state (named, rejected, unsure),
        how, who, sure, suggested_name.
    """
    table = joined(crops, clusters, _CROPS, labels).to_pandas()
    table["cluster"] = table["cluster"].astype("Int32")
    if labels is None:
        table["name"] = table["cluster"].map(lambda c: names.get(c) if pd.notna(c) else None).astype(object)
        for column in _SAID:
            table[column] = None
        named = table["name"].notna()
        table.loc[named, "state"], table.loc[named, "how"] = "named", "cluster"
    for column in ("name", *_SAID):
        if column != "sure":
            table[column] = table[column].astype(object).where(table[column].notna(), None)
    spelled = one_spelling(table["name"].dropna())
    table["name"] = table["name"].map(spelled.get).astype(object).where(table["name"].notna(), None)
    table["datetime"] = pd.to_datetime(table["datetime"])
    doubted = read_parquet(images, columns=["path", "clock"]).to_pandas()
    table.loc[table["path"].isin(doubted.loc[doubted["clock"].notna(), "path"]), "datetime"] = pd.NaT
    table["station"] = table["station"].astype(object).where(table["station"].notna(), NO_STATION)
    return table


def one_spelling(names: Iterable[str]) -> dict[str, str]:
    """Of each name the commonest spelling of those that differ in case and spaces only; the first by alphabet among equals."""
    counts = Counter(names)
    best: dict[str, str] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        best.setdefault(key(name), " ".join(name.split()))
    return {name: best[key(name)] for name in counts}
