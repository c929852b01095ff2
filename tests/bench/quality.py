"""How good the clusters are on labelled sets (`labelled.py`): `python tests/bench/quality.py` (`make bench-quality`).

Methods run through the stages' own functions. Writes build/bench/quality.json, a row each.
"""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from labelled import BUILD, Labelled, Look, load_sets, write

from camtrap.cluster.methods.registry import METHODS as KNOWN
from camtrap.cluster.methods.registry import SWEEPS

METHODS = tuple(KNOWN)  # the default comes first
EFFECTS: list[tuple[str, dict]] = [
    ("as configured", {}),
    ("unit: crop", {"reduce": {"unit": "crop"}}),
    *((f"dims: {d}", {"reduce": {"dims": d}}) for d in (32, 128)),
    *((f"centre: {c}", {"reduce": {"centre": c}}) for c in ("all", "mode")),
    *((f"neighbours.k: {k}", {"neighbours": {"k": k}}) for k in (5, 10, 25)),
    *((f"coarsest within {100 * t:g} %", {"consensus": {"tolerance": t}}) for t in (0.0, 0.01, 0.05, 0.1)),
    ("less evidence", {"consensus": {"partitions": 72, "runs": 6, "resamples": 3}}),
    ("no stability", {"consensus": {"resamples": 0}}),
]


def run(data: Labelled, methods: tuple, params: dict, seed: int, ks: range = range(0)) -> dict[str, dict]:
    """Run reduce … choose; return {method: {labels, seconds, k}}, ``primary`` among them."""
    import pyarrow.parquet as pq

    from camtrap.cluster import choose, neighbours, reduce
    from camtrap.cluster.fit import fit_method, fit_sweep

    out: dict[str, dict] = defaultdict(lambda: {"seconds": 0.0})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reduced, near = folder / "r", folder / "near.npz"
        reduce.reduce(*write(data, folder), reduced, params.get("reduce"))
        neighbours.neighbours(reduced, near, params.get("neighbours"), seed)
        files: dict[str, list[Path]] = {"sweep": [], "method": []}
        for kind in SWEEPS:
            start = time.perf_counter()
            for k in ks:
                files["sweep"].append(folder / f"{kind}{k}.npz")
                fit_sweep(kind, reduced, k, files["sweep"][-1], params.get(kind), seed)
            out[kind]["seconds"] = time.perf_counter() - start
        for method in methods:
            start = time.perf_counter()
            files["method"].append(folder / f"{method}.npz")
            fit_method(method, reduced, near, files["method"][-1], params.get(method), seed)
            out[method]["seconds"] = time.perf_counter() - start
        at = folder / "choice.json", folder / "clusters.parquet"
        choice = choose.choose(reduced, near, files["sweep"], files["method"], *at, params.get("choose"))
        table = pq.read_table(at[1]).to_pandas()
        for method in [*methods, *(SWEEPS if ks else ())]:
            out[method]["labels"] = table[method].to_numpy()
        out["primary"] = {"labels": table["cluster"].to_numpy(), "seconds": out[choice["primary"]]["seconds"]}
        out["primary"]["metrics"] = choice["methods"][choice["primary"]]
        out["vectors"] = {"labels": None, "x": np.load(reduced / "vectors.npy")}
    return out


def scores(data: Labelled, labels: np.ndarray) -> dict:
    """Return AMI, ARI, V (noise as one group), purity, macro-F1, species found, and the nuisance."""
    from sklearn import metrics

    label, y = np.unique(data.y, return_inverse=True)
    table = metrics.cluster.contingency_matrix(y, labels)
    if (labels < 0).any():  # contingency's columns are sorted: the first is noise, which is not a cluster
        noise, clusters = table[:, 0], table[:, 1:]
    else:
        noise, clusters = np.zeros(len(label), int), table
    winner = clusters.argmax(0)
    predicted = np.zeros((len(label), len(label)))
    for kind, column in zip(winner, clusters.T, strict=True):
        predicted[:, kind] += column
    right, given, true = np.diag(predicted), predicted.sum(0), table.sum(1)
    found = {label[kind] for kind, column in zip(winner, clusters.T, strict=True) if 2 * column.max() > column.sum()}
    common = [kind for kind in label if len(np.unique(data.burst[data.y == kind])) >= 10]
    row = {
        "ami": metrics.adjusted_mutual_info_score(y, labels),
        "ari": metrics.adjusted_rand_score(y, labels),
        "v": metrics.v_measure_score(y, labels),
        "purity": clusters.max(0).sum() / max(clusters.sum(), 1),
        "macro_f1": float(np.mean(2 * right / np.maximum(given + true, 1))),
        "species_found": len(found & set(common)),
        "species": len(common),
        "k": clusters.shape[1],
        "noise": int(noise.sum()),
    }
    if len(np.unique(data.station)) > 1:
        row["ami_station"] = metrics.adjusted_mutual_info_score(data.station, labels)
        row["ami_station_truth"] = metrics.adjusted_mutual_info_score(data.station, y)
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}


def plateau(data: Labelled, metrics: dict) -> None:
    """Draw silhouette and stability of the cuts of the tree: build/bench/cuts_{set}.png and .svg."""
    from camtrap.show import plots

    rows = [{"method": "consensus", **row} for row in metrics["cuts"]]
    figure = plots.sweep(rows, {"consensus": metrics.get("cut")})
    plots.save(figure, [BUILD / f"cuts_{data.name}.{kind}" for kind in ("png", "svg")])


def given_true_k(data: Labelled, x: np.ndarray, seed: int) -> dict[str, tuple[np.ndarray, float]]:
    """Return labels and seconds of scikit-learn's K-Means and mixtures with the true number of kinds."""
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.mixture import GaussianMixture

    k, out = len(np.unique(data.y)), {}
    fits = {
        "K-Means, raw": (KMeans(k, n_init=10, random_state=seed), data.x),
        "K-Means, one start": (KMeans(k, random_state=seed), x),
        "K-Means": (KMeans(k, n_init=10, random_state=seed), x),
        **{
            f"GMM {c}": (GaussianMixture(k, covariance_type=c, n_init=3, reg_covar=1e-4, random_state=seed), x)
            for c in ("full", "tied", "diag")
        },
    }
    for name, (model, vectors) in fits.items():
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out[name] = model.fit_predict(vectors), time.perf_counter() - start
    return out


def seeds_way(x: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """Return labels and seconds of K-Means on the embeddings as they are, with the k of 2 to 30 of the highest silhouette."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    start = time.perf_counter()
    fits = [KMeans(k, random_state=seed).fit_predict(x) for k in range(2, min(31, len(x) // 2))]
    return max(fits, key=lambda labels: silhouette_score(x, labels)), time.perf_counter() - start


def main() -> None:
    """Measure everything, print the table, write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--surveys", type=int, default=2, help="simulated surveys")
    parser.add_argument("--pictures", type=int, default=900, help="of a simulated survey")
    parser.add_argument("--embedder", default=Look.embedder)
    parser.add_argument("--fill", default=Look.fill)
    parser.add_argument(
        "--no-flip", action="store_true", help="vectors of the crops alone, without their mirror images"
    )
    parser.add_argument(
        "--no-effects", action="store_true", help="leave out the effect of each choice alone, and other methods"
    )
    parser.add_argument("--effects", nargs="*", help="only the effect of each choice alone, of all or of those named")
    parser.add_argument("--sets", nargs="*", help="only sets whose names begin so")
    parser.add_argument("--out", type=Path, default=BUILD / "quality.json")
    options = parser.parse_args()
    rows: list[dict] = []

    def add(data, method, choice, labels, seconds, **more):
        rows.append(
            {
                "set": data.name,
                "method": method,
                "choice": choice,
                **scores(data, labels),
                "seconds": round(seconds, 2),
                **more,
            }
        )
        row = rows[-1]
        print(
            f"{data.name:<12} {method:<20} {choice:<20} AMI {row['ami']:.3f}  ARI {row['ari']:.3f}  V {row['v']:.3f}  "
            f"purity {row['purity']:.3f}  F1 {row['macro_f1']:.3f}  species {row['species_found']}/{row['species']}  "
            f"k {row['k']}  noise {row['noise']}  {seconds:.1f} s" + "".join(f"  {k} {v}" for k, v in more.items()),
            flush=True,
        )

    from camtrap.cluster.scores import adjusted_rand

    def told() -> dict:
        """Write what is known after each set: a run of hours that is cut off has not been for nothing."""
        options.out.parent.mkdir(parents=True, exist_ok=True)
        found = {"rows": rows, "goals": goals(rows), "left out": left_out(rows)}
        options.out.write_text(json.dumps(found, indent=1) + "\n")
        return found

    wanted = None if options.effects is None else [e for e in EFFECTS if not options.effects or e[0] in options.effects]
    for data in load_sets(options.surveys, options.pictures, Look(options.embedder, options.fill, not options.no_flip)):
        if options.sets is not None and not data.name.startswith(tuple(options.sets)):
            continue
        if wanted is not None:
            for name, params in wanted:
                fit = run(data, METHODS[:1], params, 0)["primary"]
                add(data, "effect", name, fit["labels"], fit["seconds"])
            told()
            continue
        whole = not options.no_effects
        fitted = run(data, METHODS if whole else METHODS[:3], {}, 0, range(2, 41) if whole else range(0))
        plateau(data, fitted["primary"]["metrics"])
        for seed in range(options.seeds):
            for method, (labels, seconds) in given_true_k(data, fitted["vectors"]["x"], seed).items():
                add(data, method, "true k", labels, seconds, seed=seed)
        add(data, "seeds' way", "silhouette", *seeds_way(data.x, 0))
        for method in (*SWEEPS, *METHODS[1:]) if whole else METHODS[1:3]:
            add(data, method, "chosen", fitted[method]["labels"], fitted[method]["seconds"])
        seeds = [fitted["primary"], *(run(data, METHODS[:1], {}, seed)["primary"] for seed in range(1, options.seeds))]
        pairs = [adjusted_rand(a["labels"], b["labels"]) for i, a in enumerate(seeds) for b in seeds[:i]]
        for seed, fit in enumerate(seeds):
            add(
                data,
                "primary: auto",
                f"seed {seed}",
                fit["labels"],
                fit["seconds"],
                seed_ari=round(float(np.mean(pairs)), 3),
            )
        for name, params in EFFECTS if whole else []:
            fit = run(data, METHODS[:1], params, 0)["primary"]
            add(data, "effect", name, fit["labels"], fit["seconds"])
        if whole:
            for resolution in (0.5, 1.0, 2.0, 4.0):
                fit = run(
                    data, ("leiden",), {"leiden": {"resolutions": [resolution]}, "choose": {"primary": "leiden"}}, 0
                )["primary"]
                add(data, "leiden", f"resolution {resolution:g}", fit["labels"], fit["seconds"])
        told()
    found = told()
    print(json.dumps({key: found[key] for key in ("goals", "left out")}, indent=1))
    print(f"written to {options.out}")


def left_out(rows: list[dict]) -> dict:
    """Of each family of sets: the choice that is best on all other families, and its AMI on this one.

    Beside it that of what is configured, and ``best``, the highest, which only the truth knows.
    """
    effects: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["method"] == "effect":
            effects[row["set"].partition("-")[0]][row["choice"]].append(row["ami"])
    mean = {family: {name: float(np.mean(v)) for name, v in found.items()} for family, found in effects.items()}
    out = {}
    for family, own in mean.items():
        others = [found for name, found in mean.items() if name != family]
        shared = [name for name in own if all(name in found for found in others)]
        if others and "as configured" in shared:
            best = max(shared, key=lambda name: np.mean([found[name] for found in others]))
            out[family] = {
                "choice": best,
                "ami": round(own[best], 4),
                "configured": round(own["as configured"], 4),
                "best": round(max(own[name] for name in shared), 4),
            }
    return out


def goals(rows: list[dict]) -> dict:
    """Return, for each set, primary's AMI less that of the better of K-Means and GMM given the true k, and the species found.

    Means of the seeds on both sides; ``best_of_all_fits`` is the luckiest fit of all.
    """
    out: dict = {}
    for name in dict.fromkeys(row["set"] for row in rows):
        own = [row for row in rows if row["set"] == name]
        primary = [row for row in own if row["method"] == "primary: auto"]
        if not primary:
            continue
        given: dict[str, list[float]] = defaultdict(list)
        for row in own:
            if row["choice"] == "true k":
                given[row["method"]].append(row["ami"])
        best = max(float(np.mean(values)) for values in given.values())
        out[name] = {
            "ami": round(float(np.mean([row["ami"] for row in primary])), 4),
            "best_given_true_k": round(best, 4),
            "best_of_all_fits": max(max(values) for values in given.values()),
            "gain": round(float(np.mean([row["ami"] for row in primary])) - best, 4),
            "species_found": round(
                float(np.mean([row["species_found"] / max(row["species"], 1) for row in primary])), 3
            ),
            "seed_ari": primary[0]["seed_ari"],
            "clusters": [row["k"] for row in primary],
            "leiden": next(row["ami"] for row in own if row["method"] == "leiden" and row["choice"] == "chosen"),
            "seeds_way": next(row["ami"] for row in own if row["method"] == "seeds' way"),
        }
        if "ami_station" in primary[0]:
            out[name]["station_above_truth"] = round(max(r["ami_station"] - r["ami_station_truth"] for r in primary), 4)
    return out


if __name__ == "__main__":
    main()
