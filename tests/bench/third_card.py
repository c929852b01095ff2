"""What the third card does to names: `python tests/bench/third_card.py RESULTS TRUTH` (a simulated survey of three cards).

Every cluster of the first two cards is named by its commonest kind, then the third card is added: with the kinds as they are, and
with each kind in turn seen on the third card only. It all runs through the stages' own functions. Writes build/bench/third_card.json.

The survey of docs/review.md: `python -m camtrap.simulate demo --seed 5 --cards 3 --pictures 1500 --spread`, then the workflow
with config/demo.yaml.
"""

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from camtrap.cluster import choose, neighbours, reduce
from camtrap.cluster.assign import Known
from camtrap.cluster.fit import fit_method
from camtrap.cluster.reduced import Reduced
from camtrap.config.complete import complete
from camtrap.core.files import write_json
from camtrap.review import fits
from camtrap.review.known import known_groups
from camtrap.review.label import label
from camtrap.review.log import Log

LAST = "card3"
NO_KIND = "empty"  # the simulator's word for a picture of leaves: a false box is nothing that has a name
FEWEST = 6  # crops of a kind on the last card, for it to be the new one


def cluster(folder: Path, files: list[Path], crops: pa.Table, review: Path | None = None) -> None:
    """Reduce, fit and choose as the workflow does by default, but with one method; labels where there are decisions."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(crops, folder / "crops.parquet")
    reduce.reduce(files, folder / "crops.parquet", folder / "reduced")
    neighbours.neighbours(folder / "reduced", folder / "near.npz", None, 42)
    fit_method("consensus", folder / "reduced", folder / "near.npz", folder / "consensus.npz", None, 42)
    finish(folder, None)
    if review is None:
        return
    known = known_groups(review, Reduced(folder / "reduced").ids("crop_id")["crop_id"].combine_chunks())
    for mode in ("refit", "assign"):
        finish(folder, known if mode == "assign" else None)
        inputs = (folder / name for name in ("crops.parquet", "clusters.parquet", "choice.json"))
        label(review, *inputs, folder / f"{mode}.parquet", folder / f"{mode}.json")


def finish(folder: Path, known: Known | None) -> None:
    """Write choice.json and clusters.parquet."""
    out = (folder / "choice.json", folder / "clusters.parquet")
    settings = complete({})["cluster"]
    fitted = [folder / "consensus.npz"]
    choose.choose(folder / "reduced", folder / "near.npz", [], fitted, *out, None, known, settings, 42)


def name_all(clusters: Path, review: Path, kind: dict[str, str]) -> None:
    """Name each cluster by its commonest kind."""
    fit = fits.of_table(clusters)
    inside: dict[int, Counter] = defaultdict(Counter)
    for crop, number in zip(fit.crop_id.to_pylist(), fit.cluster.tolist(), strict=True):
        inside[number][kind[crop]] += 1
    frozen = fits.freeze(review, fit)
    said = {number: min(kinds, key=lambda k: (-kinds[k], k)) for number, kinds in inside.items() if number >= 0}
    drafts = ({"action": "name", "fit": frozen, "cluster": number, "name": name} for number, name in said.items())
    Log(review).append("expert", *drafts)


def judge(folder: Path, mode: str, before: dict[str, str | None], kind: dict[str, str], novel: str | None) -> dict:
    """Shares of crops: old ones that kept their name; new ones of known kinds right, wrong, without one; the new kind's without one."""
    found = pq.read_table(folder / f"{mode}.parquet").to_pandas()
    name, crop = found["name"].to_numpy(object), found["crop_id"].to_numpy(object)
    old, had = np.isin(crop, list(before)), np.isin(crop, [c for c, n in before.items() if n])
    true = np.array([kind[c] for c in crop], object)
    named = np.array([isinstance(n, str) for n in name])
    known = ~old & np.isin(true, list({n for n in before.values() if n} - {NO_KIND}))
    new = ~old & (true == novel)
    return {
        "old": int(old.sum()),
        "kept": float(np.mean([name[i] == before[crop[i]] for i in np.flatnonzero(had)])),
        "known": int(known.sum()),
        "right": float((name[known] == true[known]).mean()),
        "wrong": float((named & (name != true))[known].mean()),
        "new": int(new.sum()),
        "in_new": float((~named)[new].mean()) if new.any() else None,
    }


def main() -> None:
    """Print a row per survey and mode, and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--new", nargs="+", help="only these kinds, each as the new one; '-' is not a new kind (all)")
    asked = parser.parse_args()
    truth = pd.read_csv(asked.truth)
    crops = pq.read_table(asked.results / "tables" / "crops.parquet")
    crops = crops.filter(crops["clustered"])
    files = sorted(asked.results.glob("embeddings/*/*.parquet"))
    of_path = dict(zip(truth["path"], truth["kind"].fillna(NO_KIND), strict=True))
    kinds = np.array([of_path.get(path, NO_KIND) for path in crops["path"].to_pylist()], object)
    kind = dict(zip(crops["crop_id"].to_pylist(), kinds, strict=True))
    old = np.array(crops["batch"].to_pylist(), object) != LAST
    often = [k for k, n in sorted(Counter(kinds[~old]).items()) if n >= FEWEST and k in kinds[old] and k != NO_KIND]
    rows = []
    for novel in [None, *often]:
        if asked.new and (novel or "-") not in asked.new:
            continue
        with tempfile.TemporaryDirectory() as name:
            folder, review = Path(name), Path(name) / "results.review"
            first = old & (kinds != novel)
            cluster(folder / "two", files, crops.filter(pa.array(first)))
            name_all(folder / "two" / "clusters.parquet", review, kind)
            inputs = (folder / "two" / name for name in ("crops.parquet", "clusters.parquet", "choice.json"))
            label(review, *inputs, folder / "two.parquet", folder / "two.json")
            told = pq.read_table(folder / "two.parquet")
            before = dict(zip(told["crop_id"].to_pylist(), told["name"].to_pylist(), strict=True))
            cluster(folder / "three", files, crops.filter(pa.array(first | ~old)), review)
            for mode in ("assign", "refit"):
                row = {"new kind": novel, "mode": mode, **judge(folder / "three", mode, before, kind, novel)}
                rows.append(row)
                print(json.dumps(row), flush=True)
    table = pd.DataFrame(rows)
    print(
        table.groupby("mode")[["kept", "right", "wrong", "in_new"]].agg(["mean", "min", "max"]).round(3).T.to_string()
    )
    write_json(Path("build/bench/third_card.json"), rows)


if __name__ == "__main__":
    main()
