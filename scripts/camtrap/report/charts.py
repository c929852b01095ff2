"""Geometry of the small drawings that the template writes as SVG: numbers only, no text of the survey's."""

import math

import pandas as pd

LABELLED = 30  # stations up to which the map names them


def hours(counts: list[int], width: float = 240, height: float = 54) -> list[dict]:
    """Bars of an activity histogram: x, y, width, height of each of the 24 hours, the highest filling the height."""
    top = max(counts) or 1
    step = width / len(counts)
    return [
        {
            "x": round(i * step + 0.5, 2),
            "y": round(height * (1 - n / top), 2),
            "width": round(step - 1, 2),
            "height": round(height * n / top, 2),
            "n": n,
        }
        for i, n in enumerate(counts)
    ]


def timeline(stations: list[dict], width: float = 280) -> dict | None:
    """Strips of the days with pictures, one per station, all on one scale.

    Returns
    -------
    dict or None
        ``strips``: of each station a list of (x, width); ``ticks``: (x, date) of some first days of months or years;
        ``unit`` how to write them; ``first``, ``last``. None if no station has a date.
    """
    dated = [row for row in stations if row["runs"]]
    if not dated:
        return None
    first, last = min(row["first"] for row in dated), max(row["last"] for row in dated)
    scale = width / ((last - first).days + 1)
    strips = [
        [
            (round((a - first).days * scale, 2), round(max(1.5, ((b - a).days + 1) * scale), 2))
            for a, b in _few(row["runs"], scale)
        ]
        for row in stations
    ]
    days = (last - first).days
    every, unit, gap = ("MS", "%b %Y", 58) if days <= 730 else ("YS", "%Y", 34)
    ticks: list[tuple[float, pd.Timestamp]] = []
    for day in pd.date_range(first, last, freq=every):
        x = (day - first).days * scale
        # The first date is always written, at the left.
        if (ticks[-1][0] + gap if ticks else 78) <= x <= width - gap:
            ticks.append((round(x, 2), day))
    return {"strips": strips, "ticks": ticks, "unit": unit, "first": first, "last": last, "width": width}


def _few(runs: list[tuple], scale: float) -> list[tuple]:
    """Spells of days, joined where the gap between them would be less than half a pixel."""
    joined = [runs[0]] if runs else []
    for a, b in runs[1:]:
        if ((a - joined[-1][1]).days - 1) * scale < 0.5:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return joined


def station_map(stations: list[dict], width: float = 560, margin: float = 46) -> dict | None:
    """Circles at the stations' places, their area by pictures with animals; a scale bar.

    Returns
    -------
    dict or None
        ``points``: x, y, r, name, animals, anchor; ``width``, ``height``; ``bar``: (pixels, metres). None where fewer
        than two stations have coordinates. Equirectangular at the middle latitude, north is up.
    """
    placed = [row for row in stations if row["latitude"] is not None]
    if len({(row["latitude"], row["longitude"]) for row in placed}) < 2:
        return None
    latitudes, longitudes = [row["latitude"] for row in placed], [row["longitude"] for row in placed]
    middle = math.radians((min(latitudes) + max(latitudes)) / 2)
    metre_x, metre_y = 111_320 * max(0.01, math.cos(middle)), 110_574
    wide = (max(longitudes) - min(longitudes)) * metre_x
    tall = (max(latitudes) - min(latitudes)) * metre_y
    inner = width - 2 * margin
    scale = min(inner / max(wide, 1e-9), 0.75 * inner / max(tall, 1e-9))
    height = max(140, tall * scale + 2 * margin)
    most = max(1, *(row["animals"] for row in placed))
    points = []
    for row in placed:
        x = width / 2 + ((row["longitude"] - (min(longitudes) + max(longitudes)) / 2) * metre_x) * scale
        y = height / 2 - ((row["latitude"] - (min(latitudes) + max(latitudes)) / 2) * metre_y) * scale
        radius = 4 + 14 * math.sqrt(row["animals"] / most)
        points.append(
            {
                "x": round(x, 1),
                "y": round(y, 1),
                "r": round(radius, 1),
                "text_x": round(x + (radius + 4) * (1 if x < 0.7 * width else -1), 1),
                "anchor": "start" if x < 0.7 * width else "end",
                "name": row["name"] if len(placed) <= LABELLED else "",
                "animals": row["animals"],
            }
        )
    return {"points": points, "width": width, "height": round(height, 1), "bar": _bar(scale)}


def _bar(scale: float) -> tuple[float, float]:
    """(pixels, metres) of a round length that takes 40 to 100 pixels or so."""
    metres = 10 ** math.floor(math.log10(100 / scale))
    for factor in (5, 2):
        if metres * factor * scale <= 100:
            metres *= factor
            break
    return round(metres * scale, 1), metres
