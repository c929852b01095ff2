"""How many looks and decisions an expert needs: `python tests/bench/effort.py` (RESULTS and TRUTH of a simulated survey are optional).

A simulated expert (`expert.py`) works through the page's order of questions (`review.upcoming`),
one screen of 31 bursts at a look; beside it: naming clusters only, crop by crop, and MorphoCluster's rule.
Until 50, 80, 90, 95 and 99 % of the crops have the right name, while 95 % of what is named is right.
On ca01 and animals22 (shared/data, left out where it is absent), a simulated survey, and 100,000 simulated crops.
Writes build/bench/effort.json and effort.png.

    python tests/bench/effort.py --only 100000
    python tests/bench/effort.py --survey demo/results demo/truth.csv
"""

import argparse
import csv
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from expert import WAYS, Desk, Survey
from labelled import BUILD, SHARED, Labelled, Look, folder, write

from camtrap.cluster import choose, neighbours, reduce
from camtrap.cluster.fit import fit_method
from camtrap.cluster.reduced import Reduced
from camtrap.core.files import write_json
from camtrap.review.audit import plan, state, wanted

SHARES = (0.5, 0.8, 0.9, 0.95, 0.99)
PURE = 0.95
SECONDS = 2  # a look, and a decision
METHOD = "consensus"  # the clusterer of new surveys


def survey_of(name: str, units: np.ndarray, unit: np.ndarray, kind: np.ndarray, cluster: np.ndarray) -> Survey:
    """Bursts of crops: ``unit``, ``kind``, ``cluster`` of each crop; a burst is in the cluster of its first crop."""
    kinds, y = np.unique(kind, return_inverse=True)
    crops = np.zeros((len(units), len(kinds)), np.int64)
    np.add.at(crops, (unit, y), 1)
    _, first = np.unique(unit, return_index=True)
    return Survey(name, units, crops, cluster[first])


def clustered(files: list[Path], crops: Path, out: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Units' vectors, each crop's unit and cluster, its id: by the stages' own functions."""
    import pyarrow.parquet as pq

    reduce.reduce(files, crops, out / "reduced")
    neighbours.neighbours(out / "reduced", out / "near.npz", None, 42)
    fit_method(METHOD, out / "reduced", out / "near.npz", out / f"{METHOD}.npz", None, 42)
    chosen = out / "choice.json", out / "clusters.parquet"
    choose.choose(out / "reduced", out / "near.npz", [], [out / f"{METHOD}.npz"], *chosen)
    table = pq.read_table(chosen[1])
    reduced = Reduced(out / "reduced")
    return reduced.units(), reduced.unit(), table["cluster"].to_numpy(), table["crop_id"].to_pylist()


def of_labelled(data: Labelled) -> Survey:
    """A labelled set (`labelled.py`)."""
    with tempfile.TemporaryDirectory() as name:
        files, crops = write(data, Path(name))
        units, unit, cluster, ids = clustered(files, crops, Path(name))
        return survey_of(data.name, units, unit, data.y[[int(i) for i in ids]], cluster)


def of_results(results: Path, truth: Path) -> Survey:
    """A simulated survey that was worked through up to its embeddings; a false box is one of leaves."""
    import pyarrow.parquet as pq

    with open(truth, newline="") as file:
        of_path = {row["path"]: row["kind"] or "empty" for row in csv.DictReader(file)}
    table = pq.read_table(results / "tables" / "crops.parquet", columns=["crop_id", "path"]).to_pydict()
    kind = {crop: of_path.get(path, "empty") for crop, path in zip(table["crop_id"], table["path"], strict=True)}
    with tempfile.TemporaryDirectory() as name:
        files = sorted(results.glob("embeddings/*/*.parquet"))
        units, unit, cluster, ids = clustered(files, results / "tables" / "crops.parquet", Path(name))
    return survey_of("simulated survey", units, unit, np.array([kind[crop] for crop in ids]), cluster)


def simulated(n: int, seed: int, spread: float = 1.5) -> Survey:
    """About n crops in bursts of one to five: 60 kinds (Zipf) and 30 rare ones, by day and night, at 40 stations; 5 % false boxes."""
    from camtrap.cluster.methods.registry import METHODS
    from camtrap.cluster.scores import normalise
    from camtrap.cluster.settings import fill

    rng, m, kinds, rare = np.random.default_rng(seed), n // 3, 60, 30
    weight = np.r_[1 / np.arange(1, kinds + 1), np.full(rare, 0.004)]
    kind = rng.choice(kinds + rare, m, p=weight / weight.sum())
    centre, place, night = (
        s * rng.normal(size=(k, 64)) for s, k in ((1.0, kinds + rare), (0.4, 40), (0.5, 2 * (kinds + rare)))
    )
    dark = rng.integers(0, 2, m)
    x = centre[kind] + place[rng.integers(0, 40, m)] + night[2 * kind + dark] + spread * rng.normal(size=(m, 64))
    false = rng.random(m) < 0.05
    kind[false] = kinds + rare
    x[false] = 1.2 * rng.normal(size=(false.sum(), 64))
    x = normalise(x - x.mean(0)).astype(np.float32)
    near = neighbours.search(x, fill("neighbours", {}), 0)[:2]
    label = METHODS[METHOD].load()(x, near, fill(METHOD, {}), 0).labels
    crops = np.zeros((m, int(kind.max()) + 1), np.int64)
    crops[np.arange(m), kind] = rng.integers(1, 6, m)
    name = f"{n:,} simulated crops" + (f", set {seed + 1}" if seed else "")
    return Survey(name, x, crops, label)


def sets_of(wanted_: list[str], results: list[Path] | None, size: int, drawn: int) -> Iterator[Survey]:
    """The sets, one after the other; embeddings are kept below build/bench for the next time."""
    if "survey" in wanted_ and results:
        yield of_results(*results)
    for name in ("ca01", "animals22"):
        if name not in wanted_:
            continue
        if not (SHARED / "crops" / name).exists():
            print(f"left out: {SHARED / 'crops' / name} is not there")
            continue
        look = Look()
        file = BUILD / f"{name}-{look.embedder}-{look.fill}.npz"  # that of labelled.load_sets
        if not file.exists():
            BUILD.mkdir(parents=True, exist_ok=True)
            np.savez(file, **{key: value for key, value in vars(folder(name, look)).items() if key != "name"})
        with np.load(file, allow_pickle=False) as data:
            yield of_labelled(Labelled(name, **{key: data[key] for key in data.files}))
    if "100000" in wanted_:
        yield from (simulated(size, seed) for seed in range(drawn))


def reached(curve: list[tuple[int, int, float, float]]) -> dict[str, dict | None]:
    """Looks and decisions until each share is right, at :data:`PURE` of what is named."""
    out: dict[str, dict | None] = {}
    for share in SHARES:
        at = next((point for point in curve if point[2] >= share and point[3] >= PURE), None)
        hours = at and {"hours of looks": at[0] * SECONDS / 3600, "hours": (at[0] + at[1]) * SECONDS / 3600}
        out[f"{share:g}"] = at and {"looks": at[0], "decisions": at[1], **{k: round(v, 4) for k, v in hours.items()}}
    return out


def audits(surveys: int = 1_000, errs: float = 0.01, seed: int = 0) -> dict[str, float]:
    """Surveys of one group each, a little purer or less than 0.9: how often a bound is claimed, and how often what is claimed holds."""
    rng, claimed, false = np.random.default_rng(seed), 0, 0
    for _ in range(surveys):
        n = int(rng.integers(20, 2_000))
        wrong = int(np.ceil(n * rng.uniform(0.02, 0.2)))
        failed = 0
        for _ in range(3):  # after a failed round the wrong bursts that were seen are corrected, and another is tried
            plan_ = plan(n, failed=failed)
            right, said = rng.permutation(n) >= wrong, []
            while k := wanted(plan_, said):
                said += right[len(said) : len(said) + k].tolist()
                if rng.random() < errs:
                    said[-1 - rng.integers(k)] ^= True
            if state(plan_, said) == "passed":
                claimed += 1
                false += (n - wrong) / n < 0.9
                break
            wrong, failed = wrong - (~right[: len(said)]).sum(), failed + 1
            n = n - (~right[: len(said)]).sum()
    return {
        "surveys": surveys,
        "claimed": claimed,
        "hold": round(1 - false / surveys, 4),
        "claims_hold": round(1 - false / claimed, 4),
    }


def draw(rows: list[dict], path: Path) -> None:
    """One panel for each set: share of crops with the right name over looks."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    sets = list(dict.fromkeys(row["set"] for row in rows))
    figure, panels = plt.subplots(1, len(sets), figsize=(4.2 * len(sets), 3.6), sharey=True, squeeze=False)
    for panel, name in zip(panels[0], sets, strict=True):
        for row in (row for row in rows if row["set"] == name):
            points = np.array(row["curve"])
            panel.plot(points[:, 0], points[:, 2], label=row["way"])
        panel.axhline(0.95, color="grey", linewidth=0.6, linestyle=":")
        panel.set(xscale="log", xlabel="looks", title=name, ylim=(0, 1))
    panels[0][0].set_ylabel("share of crops with the right name")
    panels[0][-1].legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=130)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--survey", type=Path, nargs=2, metavar=("RESULTS", "TRUTH"))
    parser.add_argument("--only", nargs="*", help="ca01, animals22, survey, 100000")
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--drawn", type=int, default=1, help="so many sets of simulated crops (1)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of an expert on each set (3)")
    options = parser.parse_args()
    wanted_ = options.only or ["survey", "ca01", "animals22", "100000"]
    rows = []
    for survey in sets_of(wanted_, options.survey, options.size, options.drawn):
        majority = np.array([survey.crops[survey.cluster == k].sum(0) for k in range(survey.cluster.max() + 1)])
        print(
            f"{survey.name}: {survey.size.sum():,} crops, {len(survey.x):,} bursts, {len(majority)} clusters, purity "
            f"{majority.max(1).sum() / majority.sum():.3f}, {survey.size[survey.cluster < 0].sum():,} in none",
            flush=True,
        )
        for way, function in WAYS.items():
            runs = []
            for seed in range(options.seeds if way != "crop by crop" else 1):
                desk = Desk(survey, seed)
                function(desk)
                runs.append(desk)
            middle = sorted(runs, key=lambda d: (reached(d.curve)["0.95"] or {"looks": 10**9})["looks"])[len(runs) // 2]
            claims = [claim for desk in runs for claim in desk.claims]
            end = middle.curve[-1]
            row = {"set": survey.name, "crops": int(survey.size.sum()), "way": way, "reached": reached(middle.curve)}
            row |= {
                "end": {"looks": end[0], "decisions": end[1], "right": round(end[2], 4), "purity": round(end[3], 4)}
            }
            row |= {"audits": len(claims), "hold": round(float(np.mean(claims)), 4) if claims else None}
            print(json.dumps(row), flush=True)
            rows.append({**row, "curve": middle.curve[:: max(1, len(middle.curve) // 2_000)]})
    found = audits()
    print(json.dumps({"audits": found}))
    out = BUILD / "effort.json"
    if out.exists():  # sets that were not asked for this time stay
        done = {row["set"] for row in rows}
        rows = [row for row in json.loads(out.read_text())["rows"] if row["set"] not in done] + rows
    write_json(out, {"rows": rows, "audits": found})
    draw(rows, BUILD / "effort.png")


if __name__ == "__main__":
    main()
