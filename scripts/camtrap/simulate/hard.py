"""Visits that detectors find hard: close animals, animals that stand, moving shadows, changing light, a branch that stays.

They are those of cameras of their own beside a survey's: no picture of the survey changes.
"""

from dataclasses import replace
from datetime import timedelta

import cv2
import numpy as np

from camtrap.simulate.noise import generator
from camtrap.simulate.plants import SHIFT
from camtrap.simulate.scene import Scene
from camtrap.simulate.survey import BURST, START, Visit

VISITS = {"close": 40, "shadows": 28, "light": 28, "": 24, "stands": 24}  # of one camera on one card
ANIMALS = {"shadows": 0.2, "light": 0.2, "": 0.2}  # share of such visits with an animal
LARGE = ("deer", "jaguar", "peccary", "giant anteater")
SUN = 8.0, 16.0  # hours


def plan(seed: int, card: int, station: int) -> list[Visit]:
    """List the visits of one camera, in order of time.

    ``close``: an animal of any size, up to one that fills the picture and is cut by its border. ``stands``: an animal that stands
    for hours and moves its head. ``shadows``: the sun through leaves in wind. ``light``: clouds, and an exposure that is off. The
    rest is as in any survey. In the second half a branch lies in view.
    """
    rng = generator(seed, "hard", card, station)
    ways = [way for way, number in VISITS.items() if way != "stands" for _ in range(number)]
    ways = [ways[i] for i in rng.permutation(len(ways))]
    half = len(ways) // 2
    ways[half:half] = ["stands"] * VISITS["stands"]
    visits, when = [], START
    for number, way in enumerate(ways, 1):
        when += timedelta(minutes=float(rng.uniform(8, 16) if way == "stands" else rng.uniform(60, 240)))
        hour = when.hour + when.minute / 60
        if way == "shadows" and not SUN[0] <= hour <= SUN[1]:
            when += timedelta(hours=(SUN[0] - hour) % 24 + float(rng.uniform(0, SUN[1] - SUN[0])))
        animal = rng.random() < ANIMALS.get(way, 1.0)
        kind = "deer" if way == "stands" else str(rng.choice(LARGE)) if animal else None
        shots = 1 if way == "stands" else BURST
        start = when.replace(microsecond=0)
        visits.append(Visit(card, station, number, kind, start, shots, "motion", way, number > len(ways) // 2))
    return visits


def with_branch(scene: Scene, seed: int, card: int, station: int) -> Scene:
    """Return the view with a branch that fell before the camera: twigs across it, close and out of focus."""
    rng = generator(seed, "branch", card, station)
    height, width = scene.distance.shape
    cover, front = np.zeros((height, width), np.uint8), scene.front.copy()
    angle, thick = rng.uniform(-0.6, 0.6), max(2, round(0.012 * width))
    foot = np.array([rng.choice([0.0, 1.0]) * width, rng.uniform(0.35, 0.7) * height])
    along = np.array([np.cos(angle) * (1 if foot[0] == 0 else -1), np.sin(angle)])
    tip = foot + along * rng.uniform(0.35, 0.6) * width
    lines = [(foot, tip, thick)]
    for _ in range(7):
        start = foot + (tip - foot) * rng.uniform(0.3, 0.95)
        turn = along @ np.array([[np.cos(t := rng.uniform(-1, 1)), -np.sin(t)], [np.sin(t), np.cos(t)]])
        lines.append((start, start + turn * rng.uniform(0.05, 0.15) * width, max(1, thick // 2)))
    for start, end, size in lines:
        a, b = ((int(v[0] * 8), int(v[1] * 8)) for v in (start, end))
        cv2.line(cover, a, b, 255, size, cv2.LINE_AA, SHIFT)
    alpha = cv2.GaussianBlur(cover.astype(np.float32) / 255, (0, 0), 0.003 * width)[..., None]
    wood = np.array([0.30, 0.24, 0.17, 0.45], np.float32)
    front[..., :4] += (wood - front[..., :4]) * alpha
    front[..., 4:] = np.maximum(front[..., 4:], alpha)
    return replace(scene, front=front)
