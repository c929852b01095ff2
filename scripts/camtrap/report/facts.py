"""What is said of each station and each cluster, computed from the tables."""

import pandas as pd

from camtrap.cluster.scores import silhouette
from camtrap.report.gather import Survey

_SHOWN = 6  # stations and labels named for a cluster; the rest is summed
_SAMPLE = 10_000  # crops; above it the silhouette is that of a stratified sample
_ENOUGH = 5  # bursts from which a share means something


def stations(survey: Survey) -> list[dict]:
    """One row per station: name, pictures, animals, events, days, first, last, doubtful, latitude, longitude, runs.

    ``days`` counts days with a picture; ``runs`` are (first, last) days of uninterrupted spells of these; ``doubtful`` are
    pictures whose clock is not to be trusted (they have no part in the dates). Sorted by name.
    """
    counted = survey.pictures
    places = dict(iter(counted.places.groupby("station")))
    events = counted.events["station"].value_counts()
    rows = []
    for name, part in counted.days.groupby("station", sort=True):
        day = part["day"].dropna().sort_values()
        spell = (day.diff().dt.days != 1).cumsum()
        place = places.get(name)
        rows.append(
            {
                "name": name,
                "pictures": int(part["pictures"].sum()),
                "animals": int(part["animals"].sum()),
                "events": int(events.get(name, 0)),
                "days": len(day),
                "first": day.min() if len(day) else None,
                "last": day.max() if len(day) else None,
                "doubtful": int(part["doubtful"].sum()),
                "latitude": None if place is None else _median(place, "latitude"),
                "longitude": None if place is None else _median(place, "longitude"),
                "runs": [(run.iloc[0], run.iloc[-1]) for _, run in day.groupby(spell)],
            }
        )
    return rows


def _median(places: pd.DataFrame, name: str) -> float:
    """That of the pictures, not of the places."""
    return float(places[name].repeat(places["pictures"]).median())


def clocks(survey: Survey) -> list[dict]:
    """One row per station and kind of doubtful clock: station, clock, pictures, path (of the first picture), reason (its own)."""
    return [
        {
            "station": row.station,
            "clock": row.clock,
            "pictures": row.pictures,
            "path": row.path,
            "reason": row.clock_reason if isinstance(row.clock_reason, str) else "",
        }
        for row in survey.pictures.clocks.sort_values(["station", "clock"]).itertuples()
    ]


def methods(survey: Survey) -> list[dict]:
    """One row per method that was fitted: method, k, noise, silhouette in the embedding and ``umap`` in the UMAP plane (or None).

    In UMAP's space the silhouette ranks clusterings as agreement with a truth does (arXiv 2406.02465); it is shown, and chooses nothing.
    """
    rows = []
    for name, fit in survey.choice["methods"].items():
        umap = None
        if survey.plane is not None and name in survey.plane:
            kept = survey.plane[survey.plane[name] >= 0]
            umap = silhouette(kept[["umap_x", "umap_y"]].to_numpy(), kept[name].to_numpy(), _SAMPLE)
        rows.append(
            {
                "method": name,
                "k": fit["k"],
                "noise": fit.get("noise"),
                "silhouette": fit.get("silhouette"),
                "umap": umap,
            }
        )
    return rows


def clusters(survey: Survey) -> list[dict]:
    """One dict per cluster, by number; noise (-1), where there is any, is the last.

    Keys: cluster, name (the expert's, or ""), crops, pictures, bursts, events, n_stations, stations [(name, crops)], more_stations,
    night (share of crops in infrared light, None where unknown), hours (24 numbers of events by the hour of their first
    crop), dated (events with a time), first, last, said (as :func:`said`), bounds (of its names that passed an
    audit [(name, share)]), labels [(label, crops)], labelled (crops with a
    label), notes (list of sentences), suggestions (of noise: [(name of a cluster, crops)]).
    """
    inside = survey.crops[survey.crops["cluster"].notna()]
    everywhere = inside["station"].value_counts(normalize=True)
    rows = [_cluster(int(name), part, survey, everywhere) for name, part in inside.groupby("cluster")]
    return sorted(rows, key=lambda row: (row["cluster"] < 0, row["cluster"]))


def _cluster(name: int, part: pd.DataFrame, survey: Survey, everywhere: pd.Series) -> dict:
    by_station = _ranked(part["station"])
    night = part["infrared"].mean()
    start = part.groupby("event")["datetime"].min().dropna()
    labels = _labels(name, survey.confusion)
    row = {
        "cluster": name,
        "name": survey.names.get(name, ""),
        "crops": len(part),
        "pictures": int(part["path"].nunique()),
        "bursts": int(part["burst"].nunique()),
        "events": int(part["event"].nunique()),
        "n_stations": len(by_station),
        "stations": by_station[:_SHOWN],
        "more_stations": sum(crops for _, crops in by_station[_SHOWN:]),
        "night": None if pd.isna(night) else float(night),
        "hours": start.dt.hour.value_counts().reindex(range(24), fill_value=0).tolist(),
        "dated": len(start),
        "first": start.min() if len(start) else None,
        "last": part["datetime"].max() if len(start) else None,
        "labels": labels[:_SHOWN],
        "labelled": sum(crops for _, crops in labels),
        "said": (told := said(part)),
        "bounds": [(name, survey.bounds[name]) for name, _ in told["names"] if name in survey.bounds],
        "suggestions": _suggested(part, survey.names) if name < 0 else [],
        "notes": [],
    }
    if name >= 0 and row["bursts"] >= _ENOUGH and len(everywhere) > 1:
        station, crops = by_station[0]
        if crops >= 0.9 * len(part) and everywhere[station] < 0.6:
            row["notes"].append(
                f"{'All' if crops == len(part) else f'{crops} of'} its {len(part)} crops come from one station, {station}. "
                "Check whether the animal or the background made this cluster."
            )
    return row


def said(crops: pd.DataFrame) -> dict:
    """What was said of these crops.

    Returns
    -------
    dict
        ``crops``; ``named``, ``rejected``, ``unsure``, and ``open`` (nothing was said): numbers that add up to it; ``how``, the named
        ones by how [(how, crops)]; ``names`` [(name, crops)]; ``who``, sorted; ``sure``, the mean of the named crops, or None.
    """
    states = crops["state"].value_counts()
    n = {state: int(states.get(state, 0)) for state in ("named", "rejected", "unsure")}
    named = crops[crops["state"] == "named"]
    sure = named["sure"].astype(float).mean()
    return {
        "crops": len(crops),
        **n,
        "open": len(crops) - sum(n.values()),
        "how": _ranked(named["how"]),
        "names": _ranked(named["name"]),
        "who": sorted({who for who in crops["who"] if who is not None}),
        "sure": None if pd.isna(sure) else float(sure),
    }


def species(survey: Survey) -> list[dict]:
    """One row per name, commonest first (by visits): name, crops, events, stations (numbers), looked_at (crops), first, last."""
    named = survey.crops[survey.crops["state"] == "named"]
    rows = [
        {
            "name": name,
            "crops": len(part),
            "events": int(part["event"].nunique()),
            "stations": int(part["station"].nunique()),
            "looked_at": int((part["how"] == "looked at").sum()),
            "first": part["datetime"].min(),
            "last": part["datetime"].max(),
        }
        for name, part in named.groupby("name", sort=True)
    ]
    return sorted(rows, key=lambda row: (-row["events"], row["name"]))


def _ranked(values: pd.Series) -> list[tuple]:
    """Values with their counts, commonest first, then by value."""
    counts = values.value_counts()
    return sorted(((value, int(n)) for value, n in counts.items()), key=lambda item: (-item[1], item[0]))


def _suggested(part: pd.DataFrame, names: dict[int, str]) -> list[tuple]:
    nearest = _ranked(part["suggestion"][part["suggestion"] >= 0])
    return [(names.get(cluster) or f"Cluster {cluster}", crops) for cluster, crops in nearest[:_SHOWN]]


def _labels(name: int, confusion: pd.DataFrame) -> list[tuple[str, int]]:
    rows = confusion[(confusion["cluster"] == name) & (confusion["label"] != "")]
    pairs = zip(rows["label"], rows["crops"].astype(int), strict=True)
    return sorted(pairs, key=lambda item: (-item[1], item[0]))
