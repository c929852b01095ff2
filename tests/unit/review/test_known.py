"""What the clustering learns of decisions."""

import numpy as np
import pyarrow as pa

from camtrap.cluster.assign import NEW, OLD, REJECTED
from camtrap.review.fits import Fit, freeze
from camtrap.review.known import known_groups
from camtrap.review.log import Log

OLD_CROPS = [f"c{number}" for number in range(8)]
NOW = pa.array([*OLD_CROPS, "n1", "n2"])


def frozen(folder, cluster):
    return freeze(folder, Fit(pa.array(OLD_CROPS), np.array(cluster, np.int32), np.ones(8, np.float32)))


def test_named_groups_come_in_the_order_of_their_names_and_unnamed_clusters_are_rivals(tmp_path):
    fit = frozen(tmp_path, [0, 0, 1, 1, 2, 2, 2, -1])
    log = Log(tmp_path)
    log.append(
        "ana",
        {"action": "name", "fit": fit, "cluster": 1, "name": "Tapir"},
        {"action": "name", "fit": fit, "cluster": 0, "name": "Puma"},
        {"action": "reject", "crops": ["c1"]},
    )
    known = known_groups(tmp_path, NOW)
    assert known.names == ["Tapir", "Puma"]
    rival = known.group[4]
    assert rival >= 2
    assert known.group.tolist() == [1, REJECTED, 0, 0, rival, rival, rival, OLD, NEW, NEW]


def test_the_clusters_of_the_last_clustering_are_the_rivals(tmp_path):
    first, second = frozen(tmp_path, [0, 0, 1, 1, 2, 2, 3, 3]), frozen(tmp_path, [0, 0, 1, 1, 1, 1, 1, 1])
    log = Log(tmp_path)
    log.append("ana", {"action": "name", "fit": first, "cluster": 0, "name": "Puma"})
    log.append("ana", {"action": "name", "fit": second, "cluster": 0, "name": "Puma"})
    group = known_groups(tmp_path, NOW).group
    assert len(set(group[2:8])) == 1
    assert (group[2:8] > 0).all()


def test_without_a_name_that_holds_there_are_no_groups(tmp_path):
    assert known_groups(tmp_path, NOW) is None
    log = Log(tmp_path)
    (made,) = log.append("ana", {"action": "name", "crops": ["c1"], "name": "Puma"})
    assert known_groups(tmp_path, NOW).names == ["Puma"]
    log.undo("ana", made.id)
    assert known_groups(tmp_path, NOW) is None


def test_parts_are_the_rivals_instead_of_the_cluster_that_was_split(tmp_path):
    whole = frozen(tmp_path, [0, 0, 1, 1, 1, 1, 2, 2])
    parts = freeze(tmp_path, Fit(pa.array(OLD_CROPS[2:6]), np.array([0, 0, 1, 1], np.int32), np.ones(4, np.float32)))
    log = Log(tmp_path)
    log.append(
        "ana",
        {"action": "name", "fit": whole, "cluster": 0, "name": "Puma"},
        {"action": "split", "fit": whole, "cluster": 1, "parts": parts},
    )
    group = known_groups(tmp_path, NOW).group
    assert len({group[2], group[4], group[6]}) == 3
    assert group[2] == group[3]
    assert group[4] == group[5]
