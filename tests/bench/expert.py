"""A simulated expert who knows the truth, and errs at one look in a hundred; and the ways in which groups get their names."""

from dataclasses import dataclass, field

import numpy as np

from camtrap.review.audit import LEVEL, plan, state, wanted
from camtrap.review.pages import following, order, searched
from camtrap.review.split import split
from camtrap.review.suggest import Means, means, mistakes, of_groups, suggest
from camtrap.review.upcoming import SEVERAL, Todo, sure, upcoming

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

    def say(self, units: np.ndarray, name: int, point: bool = True, act: bool = True) -> None:
        """One decision; without ``act`` a part of one that is counted elsewhere."""
        if not len(units):
            return
        self.decisions += act
        self.forget(units)
        self._right += int(self.survey.crops[units, name].sum())
        self._named += int(self.survey.size[units].sum())
        self.name[units] = name
        if point and act:
            self.point()

    def forget(self, units: np.ndarray) -> None:
        """These have no name any more."""
        had = units[self.name[units] >= 0]
        self._right -= int(self.survey.crops[had, self.name[had]].sum())
        self._named -= int(self.survey.size[had].sum())
        self.name[units] = -1

    def point(self) -> None:
        """A point of the curve."""
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
    """The page's order of questions (`review.upcoming`), until it has none, or until nothing comes of its answers."""
    s = desk.survey
    part = s.cluster.copy()  # the groups; parts of splits get numbers of their own
    audits: dict[int, tuple[str, int]] = {}  # of each name the state of the last audit, and how many failed
    mixed: set[int] = set()
    checked: set[int] = set()
    while True:
        known = means(s.x, desk.name, part)
        open_ = {
            int(number): np.flatnonzero((part == number) & (desk.name < 0)) for number in np.unique(part[desk.name < 0])
        }
        left = open_.pop(-1, np.zeros(0, np.int64))
        offers = _offers(desk, open_, known) if len(known.mean) else {}
        todo = [Todo(f"c:{n}", int(s.size[u].sum()), "open", n in offers and n not in mixed) for n, u in open_.items()]
        names, crops = np.unique(desk.name[desk.name >= 0], return_inverse=True)
        sizes = np.bincount(crops, weights=s.size[desk.name >= 0], minlength=len(names))
        todo += [
            Todo(f"n:{n}", int(size), "named", state=audits.get(int(n), ("", 0))[0], checked=int(n) in checked)
            for n, size in zip(names, sizes, strict=True)
        ]
        todo += [Todo("rest", int(s.size[left].sum()), "rest")]
        what, group = upcoming(todo)
        if what == "done":
            return
        number = int(group[2:]) if ":" in group else -1
        if what == "suggestions":
            _several(desk, open_, offers, mixed)
        elif what == "name":
            _card(desk, open_[number], part)
        elif what == "own":
            _own(desk, left, known)
        elif what == "audit":
            failed = audits.get(number, ("", 0))[1]
            passed = _audit(desk, np.flatnonzero(desk.name == number), number, failed)
            audits[number] = ("passed", failed) if passed else ("failed", failed + 1)
        else:
            found = _possible_mistakes(desk, number, part, known)
            checked.add(number)
            failed = audits.get(number, ("", 0))[1]
            if failed:
                audits[number] = ("open" if found and failed < 4 else "left", failed)


def _offers(desk: Desk, open_: dict[int, np.ndarray], known: Means) -> dict[int, int]:
    """Of each group whose suggestion is ticked what it is."""
    units = np.concatenate(list(open_.values())) if open_ else np.zeros(0, np.int64)
    group = np.repeat(list(open_), [len(own) for own in open_.values()]).astype(np.int64)
    return {n: name for n, name, *how in of_groups(suggest(desk.survey.x[units], known), group) if sure(*how)}


def _several(desk: Desk, open_: dict[int, np.ndarray], offers: dict[int, int], mixed: set[int]) -> None:
    """One screen: several groups, six bursts of each; those that are what is suggested are accepted at once."""
    shown = sorted((n for n in offers if n not in mixed), key=lambda n: -desk.survey.size[open_[n]].sum())[:SEVERAL]
    samples = [desk.rng.permutation(open_[n])[:6] for n in shown]
    seen = np.split(desk.look(np.concatenate(samples)), np.cumsum([len(own) for own in samples])[:-1])
    fine = [n for n, kinds in zip(shown, seen, strict=True) if (kinds == offers[n]).all()]
    mixed |= set(shown) - set(fine)
    for number in fine:
        desk.say(open_[number], offers[number], act=False)
    desk.decisions += bool(fine)
    desk.point()


def _card(desk: Desk, units: np.ndarray, part: np.ndarray) -> None:
    """The largest group without a name: a small one is seen whole; a large one is named by its card, or split where that is mixed."""
    if len(units) <= SCREEN:
        seen = desk.look(units)
        name = int(np.bincount(seen).argmax())
        desk.say(units, name)
        desk.correct(units, seen, name)
        return
    seen = desk.look(desk.rng.choice(units, CARD, replace=False))
    name = int(np.bincount(seen).argmax())
    if (seen == name).mean() >= MIXED:
        desk.say(units, name)
        return
    parts = split(desk.survey.x[units], units)
    desk.decisions += 1
    part[units] = part.max() + 1 + parts


def _own(desk: Desk, units: np.ndarray, known: Means) -> None:
    """Crops without a name, each with its own suggestion, screen by screen: what is wrong is named, the rest is taken at once."""
    s = desk.survey
    found = suggest(s.x[units], known)
    ranked = units[np.lexsort((-found.margin, found.name))]
    suggested = found.name[np.lexsort((-found.margin, found.name))]
    for start in range(0, len(ranked), SCREEN):
        screen, offer = ranked[start : start + SCREEN], suggested[start : start + SCREEN]
        _take(desk, screen, desk.look(screen), offer)


def _take(desk: Desk, screen: np.ndarray, seen: np.ndarray, offer: np.ndarray) -> None:
    """One key takes each crop's own suggestion where it is right; the others are named, a decision for each kind."""
    for name in np.unique(seen):
        desk.say(screen[(seen == name) & (offer == name)], int(name), act=False)
    desk.decisions += bool((seen == offer).any())
    for name in np.unique(seen[seen != offer]):
        desk.say(screen[(seen == name) & (offer != name)], int(name))
    desk.point()


def _audit(desk: Desk, units: np.ndarray, name: int, failed: int) -> bool:
    """Each screen is saved by one key; bursts that are marked as wrong have no name then."""
    plan_, drawn, said = plan(len(units), failed=failed), desk.rng.permutation(units), []
    pure = (desk.survey.kind[units] == name).mean()  # as it was when the audit began
    while n := wanted(plan_, said):
        n = min(n, SCREEN)
        screen = drawn[len(said) : len(said) + n]
        right = desk.look(screen) == name
        said += right.tolist()
        desk.decisions += 1
        desk.forget(screen[~right])
    if state(plan_, said) != "passed":
        return False
    desk.claims.append(bool(pure >= LEVEL))
    return True


def _possible_mistakes(desk: Desk, name: int, part: np.ndarray, known: Means) -> bool:
    """Screens of possible mistakes of a name, the most striking first, as long as one in six is a mistake; whether there were any."""
    s = desk.survey
    units = np.flatnonzero(desk.name == name)
    rows, found = mistakes(s.x[units], name, part[units], known)
    any_ = False
    for start in range(0, len(rows), SCREEN):
        screen, offer = units[rows[start : start + SCREEN]], found.name[start : start + SCREEN]
        seen = desk.look(screen)
        wrong = seen != name
        if wrong.any():
            _take(desk, screen[wrong], seen[wrong], offer[wrong])
            any_ = True
        if wrong.mean() < 1 / 6:
            break
    return any_


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
