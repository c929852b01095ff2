"""Who walks past which camera, and when: the plan of a simulated survey, card by card."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from camtrap.simulate.kinds import KINDS, PERSON
from camtrap.simulate.noise import generator

STATIONS = ("Río Norte", "Laguna", "Ceiba 3", "Saladero Sur", "Loma Ñame", "Quebrada", "Trocha 7", "Mirador")
CAMERAS = (
    ("RECONYX", "HYPERFIRE 2 COVERT", "100RECNX", "RCNX{:04d}.JPG"),
    ("BROWNING", "BTC-7E-HP5", "100_BTCF", "IMG_{:04d}.JPG"),
    ("BUSHNELL", "119876C", "100EK113", "IMAG{:04d}.JPG"),
)
START, CARD_DAYS = datetime(2024, 3, 2), 21
BURST = 3


Event = tuple[int, datetime, str | None, int, str]  # station, start, kind, shots, trigger


@dataclass(frozen=True)
class Visit:
    """One trigger of one camera: an animal, a person, moving leaves (``kind`` None), or a time-lapse picture.

    ``way`` is what makes it hard for a detector (:mod:`camtrap.simulate.hard`); ``fallen``: a branch lies in view.
    """

    card: int
    station: int
    number: int
    kind: str | None
    start: datetime
    shots: int
    trigger: str
    way: str = ""
    fallen: bool = False

    @property
    def burst(self) -> str:
        """Identity of the trigger."""
        return f"c{self.card}s{self.station + 1}b{self.number:04d}"

    @property
    def infrared(self) -> bool:
        """Whether it is too dark for colour."""
        hour = self.start.hour + self.start.minute / 60
        return hour < 6.1 or hour >= 18.2


def station_name(station: int) -> str:
    """Name of the folder of a station, 0 for the first."""
    return STATIONS[station] if station < len(STATIONS) else f"Estación {station + 1}"


def camera(seed: int, station: int) -> tuple[str, str, str, str, str]:
    """Make, model, folder, file name pattern and serial of a station's camera."""
    rng = generator(seed, "camera", station)
    return (*CAMERAS[station % len(CAMERAS)], f"H{rng.integers(10**7, 10**8)}")


def _hour(kind: str | None, rng: np.random.Generator) -> float:
    """An hour of day at which this kind is about."""
    if kind is None:
        return float(rng.uniform(0, 24))
    hours = (PERSON if kind == "person" else KINDS[kind]).hours
    first, last = hours[rng.integers(len(hours))]
    return float(rng.uniform(first, last)) % 24


def plan(
    seed: int, card: int, stations: int, pictures: int, spread: bool, long_tailed: bool, spoiled: int
) -> list[Visit]:
    """List the visits of one card, by station and time. Nothing in it depends on any other card.

    Parameters
    ----------
    pictures : int
        Files on the card, of which ``spoiled`` are not visits (copies and broken files).
    spread : bool
        Every kind visits all stations and days alike; otherwise each kind prefers some stations.
    long_tailed : bool
        Kinds are as frequent as Zipf's law has it; otherwise equally frequent.
    """
    rng = generator(seed, "card", card)
    kinds = [list(KINDS)[i] for i in generator(seed, "order").permutation(len(KINDS))]
    people = max(1, round(pictures * 0.045 / BURST)) if pictures >= 20 else 0
    animals = max(1, round(pictures * 0.5 / BURST) - people)
    seen = [*_animals(seed, rng, card, kinds, animals, long_tailed), *["person"] * people]
    preference = {
        kind: 0.06 + 0.94 * generator(seed, "station", kind).dirichlet(np.full(stations, 0.9))
        for kind in [*kinds, "person"]
    }
    events: list[Event] = []
    for i, kind in enumerate(seen):
        if spread:
            turn = i // len(kinds) + (card - 1) * (animals // len(kinds) + 1)
            station = (turn + [*kinds, "person"].index(kind)) % stations
            day = (turn * 5 + 3 * (i % len(kinds))) % (CARD_DAYS - 1)
        else:
            weights = preference[kind] / preference[kind].sum()
            station, day = int(rng.choice(stations, p=weights)), int(rng.integers(CARD_DAYS - 1))
        events.append((station, _moment(card, day, _hour(kind, rng), rng), kind, BURST, "motion"))
    rest = max(0, pictures - spoiled - BURST * len(seen))
    lapses = max(rest // 4, rest % BURST)
    lapses += (rest - lapses) % BURST
    for i in range((rest - lapses) // BURST):
        day = int(rng.integers(CARD_DAYS - 1))
        events.append((i % stations, _moment(card, day, _hour(None, rng), rng), None, BURST, "motion"))
    for i in range(lapses):
        day, noon = (i // stations) % (CARD_DAYS - 1), 12 if (i // stations) % 2 else 7
        events.append((i % stations, _moment(card, day, noon, None), None, 1, "time lapse"))
    return _numbered(card, events)


def _animals(
    seed: int, rng: np.random.Generator, card: int, kinds: list[str], count: int, long_tailed: bool
) -> list[str]:
    if not long_tailed:
        first = (card - 1) * count
        return [kinds[(first + i) % len(kinds)] for i in range(count)]
    weights = 1 / np.arange(1, len(kinds) + 1)
    return [kinds[i] for i in rng.choice(len(kinds), count, p=weights / weights.sum())]


def _moment(card: int, day: int, hour: float, rng: np.random.Generator | None) -> datetime:
    jitter = 0 if rng is None else int(rng.integers(0, 1_000_000))
    return START + timedelta(days=(card - 1) * CARD_DAYS + day + 1, hours=hour, microseconds=jitter // 10000 * 10000)


def _numbered(card: int, events: list[Event]) -> list[Visit]:
    """Sort by station and time, and keep the triggers of one camera at least ten minutes apart."""
    visits: list[Visit] = []
    last: dict[int, tuple[datetime, int]] = {}
    for station, start, kind, shots, trigger in sorted(events, key=lambda e: (e[0], e[1], e[2] or "")):
        earliest = last.get(station, (start, 0))[0]
        start = max(start, earliest).replace(microsecond=start.microsecond // 10000 * 10000)
        number = last.get(station, (start, 0))[1] + 1
        last[station] = (start + timedelta(minutes=10), number)
        visits.append(Visit(card, station, number, kind, start, shots, trigger))
    return visits
