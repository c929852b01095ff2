"""Rare kinds among many units: `python tests/bench/rare.py` (part of `make bench-quality`).

Thirty kinds of 5, 10 and 20 units hidden among 60 kinds (Zipf), with stations and nights, Gaussian in 64 dimensions. Of each
size the share that has a group, or a cluster, in which it is the majority: in the leaves of the tree (nearest groups, and
K-Means cells of the same number beside them), at some cuts, and where the tree is cut by itself.
"""

import argparse
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
KINDS, SIZES = 60, (5, 10, 20)


def make(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of length 1, float32 (n, 64), and their kinds; kinds from 60 on are rare, ten of each size."""
    from camtrap.cluster.scores import normalise

    rng = np.random.default_rng(seed)
    weight = 1 / np.arange(1, KINDS + 1)
    rare = np.concatenate([np.full(size, KINDS + 10 * i + j) for i, size in enumerate(SIZES) for j in range(10)])
    kind = rng.permutation(np.concatenate([rng.choice(KINDS, n - len(rare), p=weight / weight.sum()), rare]))
    centre, place, night = (s * rng.normal(size=(m, 64)) for s, m in ((1.0, KINDS + 30), (0.4, 40), (0.5, 2)))
    x = centre[kind] + place[rng.integers(0, 40, n)] + night[rng.integers(0, 2, n)] + 0.6 * rng.normal(size=(n, 64))
    return normalise(x - x.mean(0)).astype(np.float32), kind


def found(kind: np.ndarray, labels: np.ndarray) -> str:
    """Of ten kinds of each size, how many have a cluster in which they are the majority."""
    pairs = np.zeros((labels.max() + 1, kind.max() + 1), int)
    np.add.at(pairs, (labels[labels >= 0], kind[labels >= 0]), 1)
    winner = pairs.argmax(1)[2 * pairs.max(1) > pairs.sum(1)]
    return ", ".join(str(len({k for k in winner if KINDS + 10 * i <= k < KINDS + 10 * i + 10})) for i in range(3))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[4_000, 30_000])
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    from sklearn.metrics import adjusted_mutual_info_score

    from camtrap.cluster import kmeans, leaves, neighbours
    from camtrap.cluster.methods import average, consensus, graph
    from camtrap.cluster.settings import fill

    params = fill("average", {})
    for n in options.sizes:
        for seed in range(options.seeds):
            x, kind = make(n, seed)
            near = neighbours.search(x, fill("neighbours", {}), 0)[:2]
            q, links = x, graph.knn_graph(*near)
            for _ in range(params["smooth"]):
                q = average.smooth(q, links, params["own_weight"])
            begin = time.perf_counter()
            groups = leaves.small_groups(q, near[0], params["groups"])
            took = time.perf_counter() - begin
            settings = {**fill("kmeans", {}), "restarts": 1, "iterations": 10}
            cells = kmeans.kmeans(q, params["groups"], settings, 0)[0]
            print(
                f"{n} units, seed {seed}: of ten kinds of 5, 10 and 20 units each: in {groups.max() + 1} groups {found(kind, groups)} "
                f"({took:.1f} s), in K-Means cells {found(kind, cells)}"
            )
            leaf = groups if n > params["exact_up_to"] else np.arange(n)
            evidence = average.gather_evidence(q, x, links, params, 0)
            similarity, weight = average.group_similarity(q, evidence, leaf, params["evidence"])
            tree = average.average_linkage(similarity, weight)
            for k in (70, 90, 120, 160):
                print(f"  cut at {k}: {found(kind, average.cut(tree, k, len(weight))[leaf])}")
            for name, method in (("average", average.fit_average), ("consensus", consensus.fit_consensus)):
                fit = method(x, near, fill(name, {}), 0)
                ami = adjusted_mutual_info_score(kind, fit.labels)
                print(
                    f"  {name} by itself at {fit.metrics['cut']}, {fit.k} clusters: {found(kind, fit.labels)}, AMI {ami:.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
