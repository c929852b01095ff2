"""A cluster split by the workflow's own code, and the groups that come of it."""

import numpy as np
import pyarrow as pa

from camtrap.review import fits
from camtrap.review.decisions import Decision
from camtrap.review.fits import Fit
from camtrap.review.groups import groups
from camtrap.review.log import Log
from camtrap.review.split import draft, split


def kinds(sizes, seed=0, spread=0.15):
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(len(sizes), 16))
    y = np.repeat(np.arange(len(sizes)), sizes)
    return (centre[y] + rng.normal(0, spread, (len(y), 16))).astype(np.float32), y


def test_two_kinds_in_one_cluster_come_apart_the_larger_first_bursts_whole():
    x, y = kinds([30, 60])
    unit = np.arange(90) // 3 * 10
    parts = split(x, unit)
    assert parts.tolist() == (1 - y).tolist()
    assert parts.dtype == np.int32


def test_one_kind_is_shared_by_two_and_one_burst_stays_whole():
    x, _ = kinds([40])
    assert set(split(x, np.arange(40)).tolist()) == {0, 1}
    assert split(x, np.zeros(40, int)).tolist() == [0] * 40
    assert split(x[:0], np.zeros(0, int)).tolist() == []
    assert sorted(split(x[:2], np.arange(2)).tolist()) == [0, 1]


def test_more_bursts_than_the_sample_follow_their_nearest(monkeypatch):
    monkeypatch.setattr("camtrap.review.split.SAMPLE", 60)
    x, y = kinds([100, 50], spread=0.05)
    parts = split(x, np.arange(len(x)))
    assert parts.tolist() == y.tolist()


IDS = pa.array([f"c{n}" for n in range(10)])
NOW = Fit(IDS, np.array([0] * 6 + [1] * 2 + [2, -1], np.int32), np.linspace(0.1, 1, 10, dtype=np.float32))


def labels(**name):
    names = [name.get(crop) for crop in IDS.to_pylist()]
    state = ["rejected" if n == "" else "named" if n else None for n in names]
    return pa.table(
        {
            "crop_id": IDS,
            "state": pa.array(state, pa.string()),
            "name": pa.array([n or None for n in names], pa.string()),
        }
    )


def test_parts_are_groups_of_their_own_and_a_part_is_split_again(tmp_path):
    log, now = Log(tmp_path), fits.freeze(tmp_path, NOW)
    (first,) = log.append("ana", draft(tmp_path, now, 0, NOW, np.array([0, 0, 0, 0, 1, 1])))
    parts = first.more["parts"]
    inner = fits.read(tmp_path, parts)
    assert inner.probability.tolist() == NOW.probability[:6].tolist()
    (second,) = log.append("ana", draft(tmp_path, parts, 0, inner, np.array([1, 0, 0, 0])))
    known = {name: fits.read(tmp_path, name) for name in fits.known(tmp_path)}
    found = groups(labels(), log.read(), now, known)
    deep = second.more["parts"]
    assert found.names == []
    of = {pair: number for number, pairs in enumerate(found.clusters) for pair in pairs}
    wanted = [(deep, 1), *[(deep, 0)] * 3, *[(parts, 1)] * 2, *[(now, 1)] * 2, (now, 2)]
    assert found.number.tolist() == [*(of[pair] for pair in wanted), -1]
    log.undo("ana", first.id)
    assert groups(labels(), log.read(), now, known).clusters == [[(now, 0)], [(now, 1)], [(now, 2)]]


def test_names_come_first_and_what_was_said_to_be_the_same_is_one_group():
    same = Decision("1" * 32, "2026-01-01T00:00:00.000000Z", "a", "same", fit="a" * 16, cluster=1, more={"other": 2})
    found = groups(labels(c9="Puma", c0="Puma", c1=""), [same], "a" * 16, {"a" * 16: NOW})
    assert found.names == ["Puma"]
    assert found.clusters == [[("a" * 16, 0)], [("a" * 16, 1), ("a" * 16, 2)]]
    assert found.number.tolist() == [0, -1, 1, 1, 1, 1, 2, 2, 2, 0]
