"""A simulated expert who knows the truth, and errs at one look in a hundred; and the ways in which groups get their names."""

import heapq
from dataclasses import dataclass, field

import numpy as np

from camtrap.review.audit import LEVEL, plan, state, wanted
from camtrap.review.pages import following, order, searched
from camtrap.review.split import split
from camtrap.review.suggest import means, mistakes, suggest

SCREEN = 31  # bursts on a screen
CARD = 12  # of a group's card
ERRS = 0.01  # of looks
MIXED = 0.75  # a card with less of one kind than this is split, not named


@dataclass
class Survey:
    """Bursts: vectors (m, d) of length 1, crops of each kind (m, k), the cluster of each (-1 none)."""

    name: str
    x: np.ndarray
    crops: np.ndarray
    cluster: np.ndarray
    kind: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.kind = self.crops.argmax(1)
        self.size = self.crops.sum(1)


class Desk:
    """The expert's desk: what has which name, and how many looks and decisions it took."""

    def __init__(self, survey: Survey, seed: int) -> None:
        self.survey, self.rng = survey, np.random.default_rng(seed)
        self.name = np.full(len(survey.x), -1)
        self.looks = self.decisions = 0
        self.curve: list[tuple[int, int, float, float]] = []
        self.claims: list[bool] = []
        self._right = self._named = 0

    def look(self, units: np.ndarray) -> np.ndarray:
        """One screen: the kind of each burst as the expert sees it. At one look in a hundred one burst is seen wrong."""
        self.looks += 1
        seen = self.survey.kind[units].copy()
        if len(seen) and self.rng.random() < ERRS:
            seen[self.rng.integers(len(seen))] = self.rng.choice(self.survey.kind)
        return seen

    def say(self, units: np.ndarray, name: int, point: bool = True) -> None:
        """One decision."""
        if not len(units):
            return
        self.decisions += 1
        old, crops = self.name[units], self.survey.crops[units]
        had = old >= 0
        self._right += int(crops[:, name].sum() - crops[had, old[had]].sum())
        self._named += int(self.survey.size[units[~had]].sum())
        self.name[units] = name
        if point:
            n = self.survey.size.sum()
            self.curve.append((self.looks, self.decisions, self._right / n, self._right / max(self._named, 1)))

    def correct(self, units: np.ndarray, seen: np.ndarray, name: int) -> None:
        """Those of a screen that are something else get their own name: a decision for each kind."""
        for kind in np.unique(seen[seen != name]):
            self.say(units[seen == kind], int(kind))


def by_size(survey: Survey, cluster: np.ndarray) -> list[np.ndarray]:
    """The clusters, the one of most crops first."""
    found = [np.flatnonzero(cluster == number) for number in range(cluster.max(initial=-1) + 1)]
    return sorted((units for units in found if len(units)), key=lambda units: -survey.size[units].sum())


def page(desk: Desk) -> None:
    """The page's order: the largest group without a name: its card is named or split, then audited; a failed audit splits; then what is
    in no group by suggestions, then possible mistakes of each name."""
    s = desk.survey
    heap = [(-int(s.size[units].sum()), number, 0, units) for number, units in enumerate(by_size(s, s.cluster))]
    heapq.heapify(heap)
    part = np.full(len(s.x), -1)
    left: list[np.ndarray] = [np.flatnonzero(s.cluster < 0)]
    count = len(heap)
    while heap:
        _, number, depth, units = heapq.heappop(heap)
        part[units] = number
        if len(units) <= SCREEN:
            seen = desk.look(units)
            name = int(np.bincount(seen).argmax())
            desk.say(units, name)
            desk.correct(units, seen, name)
            continue
        seen = desk.look(desk.rng.choice(units, CARD, replace=False))
        name = int(np.bincount(seen).argmax())
        if (seen == name).mean() >= MIXED or depth >= 4:
            desk.say(units, name)
            if _audit(desk, units, name):
                continue
        if depth >= 4:  # what does not come apart is gone through page by page
            ranked = units[order(s.x[units], units)]
            for start in range(0, len(ranked), SCREEN):
                screen = ranked[start : start + SCREEN]
                desk.correct(screen, desk.look(screen), name)
            continue
        parts = split(s.x[units], units)
        desk.decisions += 1
        for p in range(parts.max() + 1):
            inside = units[(parts == p) & ((desk.name[units] < 0) | (desk.name[units] == name))]
            if len(inside):
                count += 1
                heapq.heappush(heap, (-int(s.size[inside].sum()), count, depth + 1, inside))
    _by_suggestion(desk, np.concatenate(left), part)
    _possible_mistakes(desk, part)


def _audit(desk: Desk, units: np.ndarray, name: int) -> bool:
    plan_, drawn, said = plan(len(units)), desk.rng.permutation(units), []
    while n := wanted(plan_, said):
        n = min(n, SCREEN)
        screen = drawn[len(said) : len(said) + n]
        seen = desk.look(screen)
        said += (seen == name).tolist()
        desk.correct(screen, seen, name)
    if state(plan_, said) != "passed":
        return False
    desk.decisions += 1
    pure = desk.survey.kind[units] == name  # as it was when the audit began
    desk.claims.append(bool(pure.mean() >= LEVEL))
    return True


def _by_suggestion(desk: Desk, units: np.ndarray, part: np.ndarray) -> None:
    """Screens of bursts with one suggestion, the surest first; what is right is accepted at once, the others named."""
    s = desk.survey
    found = suggest(s.x[units], means(s.x, desk.name, part))
    for name in np.unique(found.name[found.name >= 0]):
        own = np.flatnonzero(found.name == name)
        own = units[own[np.argsort(-found.margin[own], kind="stable")]]
        for start in range(0, len(own), SCREEN):
            screen = own[start : start + SCREEN]
            seen = desk.look(screen)
            desk.say(screen[seen == name], int(name))
            desk.correct(screen, seen, int(name))


def _possible_mistakes(desk: Desk, part: np.ndarray) -> None:
    """Screens of possible mistakes of each name, the most striking first, as long as one in six is a mistake."""
    s = desk.survey
    for _ in range(2):
        known = means(s.x, desk.name, part)
        before = desk.decisions
        for name in np.argsort(-np.bincount(desk.name[desk.name >= 0])):
            units = np.flatnonzero(desk.name == name)
            rows, _found = mistakes(s.x[units], int(name), part[units], known)
            for start in range(0, len(rows), SCREEN):
                screen = units[rows[start : start + SCREEN]]
                seen = desk.look(screen)
                desk.correct(screen, seen, int(name))
                if (seen != name).mean() < 1 / 6:
                    break
        if desk.decisions == before:
            return


def clusters_only(desk: Desk) -> None:
    """One look at each cluster's card, and its name."""
    for units in by_size(desk.survey, desk.survey.cluster):
        seen = desk.look(desk.rng.choice(units, min(CARD, len(units)), replace=False))
        desk.say(units, int(np.bincount(seen).argmax()))


def crop_by_crop(desk: Desk) -> None:
    """A look and a decision for each crop, by chance. (A point of the curve at each hundredth.)"""
    s = desk.survey
    at = desk.rng.permutation(len(s.x))
    done = np.linspace(0, len(at), 101).astype(int)[1:]
    for number, unit in enumerate(at, 1):
        seen = desk.look(at[number - 1 : number])
        desk.looks += int(s.size[unit]) - 1
        desk.say(at[number - 1 : number], int(seen[0]), point=bool(np.isin(number, done)))
        desk.decisions += int(s.size[unit]) - 1


def morphocluster(desk: Desk) -> None:
    """MorphoCluster's rule (Schröder and others 2020): the pure head of each cluster is kept and named, by doubling and bisection; then
    each name grows by what is left and most alike, by the same rule; the rest is clustered again, and so on."""
    s, cluster = desk.survey, desk.survey.cluster.copy()
    for _ in range(6):
        for units in by_size(s, cluster):
            ranked = units[order(s.x[units], units)]
            seen = desk.look(ranked[:SCREEN])
            name = int(np.bincount(seen).argmax())
            head = _head(desk, ranked, name, seen)
            desk.say(head, name)
        rest = np.flatnonzero(desk.name < 0)
        if not len(rest) or (desk.name < 0).all():
            return
        found = suggest(s.x[rest], means(s.x, desk.name, np.where(desk.name >= 0, 0, -1)))
        for name in np.unique(found.name):
            own = np.flatnonzero(found.name == name)
            ranked = rest[own[np.argsort(-found.cosine[own], kind="stable")]]
            desk.say(_head(desk, ranked, int(name), None), int(name))
        rest = np.flatnonzero(desk.name < 0)
        if len(rest) < 2:
            return
        cluster = np.full(len(s.x), -1)
        cluster[rest] = split(s.x[rest], rest)


def _head(desk: Desk, ranked: np.ndarray, name: int, first: np.ndarray | None) -> np.ndarray:
    """The pages that are all of this kind (nine in ten bursts are), by doubling and bisection."""
    n, answers = -(-len(ranked) // SCREEN), []
    if first is not None:
        answers.append((0, bool((first == name).mean() >= 0.9)))
    while (number := following(searched(n, answers))) is not None:
        seen = desk.look(ranked[number * SCREEN : (number + 1) * SCREEN])
        answers.append((number, bool((seen == name).mean() >= 0.9)))
    return ranked[: searched(n, answers).good * SCREEN]


WAYS = {
    "page": page,
    "clusters only": clusters_only,
    "crop by crop": crop_by_crop,
    "MorphoCluster's rule": morphocluster,
}
