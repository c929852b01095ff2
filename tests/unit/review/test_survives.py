"""Another embedder, and another detector, with the same decisions: through the stages' own functions."""

from pathlib import Path

import clusterdata
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from camtrap.cluster import choose, neighbours, reduce
from camtrap.cluster.fit import fit_method
from camtrap.cluster.reduced import Reduced
from camtrap.config.complete import complete
from camtrap.review import fits
from camtrap.review.known import known_groups
from camtrap.review.label import label
from camtrap.review.log import Log

SIZES = (60, 45, 30)
KINDS = ("Puma", "Tapir", "Ocelot")


def boxes(n, shift=0):
    """Ids of crops as the cropper makes them: the picture, and its box."""
    return [f"{number:016x}-{1000 + shift}-{2000 - shift}-1500-{1200 + shift}" for number in range(n)]


def clustered(folder, x, ids, review=None):
    """Embeddings to labels, as the workflow does it: ``assign`` where there are decisions."""
    files, crops = clusterdata.survey(folder, x)
    names = pa.array(ids, pa.string())
    for file in [*files, crops]:
        table = pq.read_table(file)
        rows = pa.array([int(old.split("-")[0]) for old in table["crop_id"].to_pylist()])
        pq.write_table(table.set_column(0, "crop_id", names.take(rows)), file)
    reduce.reduce(files, crops, folder / "reduced")
    neighbours.neighbours(folder / "reduced", folder / "near.npz", None, 0)
    fit_method("average", folder / "reduced", folder / "near.npz", folder / "average.npz", None, 0)
    out = folder / "choice.json", folder / "clusters.parquet"
    of_now = Reduced(folder / "reduced").ids("crop_id")["crop_id"].combine_chunks()
    known = known_groups(review, of_now) if review else None
    fit = [folder / "average.npz"]
    choose.choose(folder / "reduced", folder / "near.npz", [], fit, *out, None, known, complete({})["cluster"], 0)
    if review is None:
        return None
    label(review, crops, out[1], out[0], folder / "labels.parquet", folder / "labels.json")
    table = pq.read_table(folder / "labels.parquet")
    return dict(zip(table["crop_id"].to_pylist(), table["name"].to_pylist(), strict=True))


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A survey whose clusters were named by their commonest kind: its review folder, kinds, and names by picture."""
    folder = tmp_path_factory.mktemp("survives")
    x, y = clusterdata.blobs(SIZES, spread=0.5)
    ids = boxes(len(y))
    clustered(folder / "first", x, ids)
    fit = fits.of_table(folder / "first" / "clusters.parquet")
    review = folder / "results.review"
    frozen = fits.freeze(review, fit)
    kind = y[[ids.index(crop) for crop in fit.crop_id.to_pylist()]]
    drafts = [
        {
            "action": "name",
            "fit": frozen,
            "cluster": number,
            "name": KINDS[int(np.bincount(kind[fit.cluster == number]).argmax())],
        }
        for number in range(int(fit.cluster.max()) + 1)
    ]
    Log(review).append("ana", *drafts)
    before = clustered(folder / "again", x, ids, review)
    return folder, review, x, y, {crop[:16]: name for crop, name in before.items()}


def kept(before, after):
    """Share of the crops that had a name and have the same one."""
    now = {crop[:16]: name for crop, name in after.items()}
    had = [picture for picture, name in before.items() if name and picture in now]
    assert len(had) > 0.9 * sum(SIZES)
    return np.mean([now[picture] == before[picture] for picture in had])


def test_another_embedder_changes_no_name_and_its_new_crops_find_their_group(named):
    """Other features: another length, turned, stretched, with noise of their own; and a fifth more crops."""
    folder, review, x, _, before = named
    rng = np.random.default_rng(7)
    more, kinds = clusterdata.blobs(tuple(size // 5 for size in SIZES), spread=0.5)
    both = np.concatenate([x, more])
    other = np.tanh(both @ rng.normal(size=(x.shape[1], 48))) + 0.1 * rng.normal(size=(len(both), 48))
    after = clustered(folder / "embedder", other.astype(np.float32), boxes(len(both)), review)
    old = {crop: name for crop, name in after.items() if crop[:16] in before}
    assert kept(before, old) == 1
    new = [(after[crop], KINDS[kind]) for crop, kind in zip(boxes(len(both))[len(x) :], kinds, strict=True)]
    assert np.mean([name == kind for name, kind in new]) >= 0.95
    assert set(after.values()) <= {*KINDS, None}


def test_another_detector_draws_other_boxes_and_the_names_go_with_them(named):
    folder, review, x, y, before = named
    after = clustered(folder / "detector", x, boxes(len(y), shift=90), review)
    assert kept(before, after) == 1
    table = pq.read_table(Path(folder / "detector" / "labels.parquet"))
    assert pc.unique(table["how"].drop_null()).to_pylist() == ["carried over"]
    # boxes that overlap too little are other crops; where no old one is left, nothing is guessed
    assert set(clustered(folder / "far", x, boxes(len(y), shift=900), review).values()) == {None}
