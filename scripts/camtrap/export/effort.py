"""Days on which a camera stood at a station: days with pictures are the least that is known; a table of stations tells the rest."""

import datetime as dt

import pandas as pd

from camtrap.metadata.deployments import Stations

__all__ = ["days_by_station"]

_MOST = 20_000  # days of one deployment; a mistyped century is not effort


def days_by_station(images: pd.DataFrame, stations: Stations | None = None) -> pd.DataFrame:
    """One row per station and day.

    Parameters
    ----------
    images : DataFrame
        One row per picture: station, datetime (NaT where the clock cannot be trusted), category.
    stations : Stations, optional
        The table of stations. Rows with a start and an end give the days between them, without those in which the camera did
        not work from morning to night.

    Returns
    -------
    DataFrame
        station, day (Timestamp at midnight), pictures (int), animals (int: pictures), deployed (bool: by the table).
        Sorted by station and day.
    """
    dated = images[images["datetime"].notna()]
    day = dated["datetime"].dt.normalize()
    found = pd.DataFrame(
        {"station": dated["station"], "day": day, "animals": (dated["category"] == "animal").astype(int)}
    )
    found = found.groupby(["station", "day"], as_index=False, observed=True).agg(
        pictures=("animals", "size"), animals=("animals", "sum")
    )
    found = found.astype({"station": object})
    rows: set[tuple[str, pd.Timestamp]] = set()
    here = set(images["station"].unique())
    spelled = {stations.known(name): name for name in sorted(here)} if stations else {}
    for deployment in stations.deployments if stations else ():
        if deployment.start and deployment.end and (deployment.end - deployment.start).days < _MOST:
            called = (deployment.station, *deployment.names)
            name = next((spelled[alias] for alias in called if alias in spelled), deployment.station)
            for date in pd.date_range(deployment.start.date(), deployment.end.date(), freq="D"):
                if not any(_idle(date, begin, end) for begin, end in deployment.problems):
                    rows.add((name, date))
    planned = pd.DataFrame(sorted(rows), columns=["station", "day"]).astype({"day": found["day"].dtype})
    found = found.merge(planned.assign(deployed=True), on=["station", "day"], how="outer")
    found["deployed"] = found["deployed"].eq(True)
    found[["pictures", "animals"]] = found[["pictures", "animals"]].fillna(0).astype(int)
    return found.sort_values(["station", "day"], ignore_index=True)


def _idle(day: pd.Timestamp, begin: dt.datetime, end: dt.datetime) -> bool:
    return begin <= day and day + pd.Timedelta(days=1) <= end + pd.Timedelta(seconds=1)
