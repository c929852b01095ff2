"""The read-only copy, opened from a file."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import reviewdata

from camtrap.core.files import read_parquet
from camtrap.export.explorer import export
from camtrap.review.thumbs import make

HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    results = reviewdata.write(tmp_path_factory.mktemp("copy é"), [300, 30, 12], noise=4, shard_size=80, person=2)
    shards = sorted((results / "crops").glob("*.parquet"))
    thumbs = [results / "thumbs" / f"{shard.stem}.bin" for shard in shards]
    for shard, out in zip(shards, thumbs, strict=True):
        make(shard, out)
    model = results / "clusters/net"
    out = results / "export/explorer"
    export(
        results / "tables/crops.parquet",
        model / "clusters.parquet",
        model / "project.parquet",
        {1: HOSTILE},
        thumbs,
        out,
        f"Survey {HOSTILE}",
    )
    return out


def test_it_opens_from_a_file_and_shows_map_groups_and_sheets(folder, chromium):
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    errors, asked = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "index.html").as_uri())
    page.wait_for_selector(".card")
    assert page.locator(".card").count() == 4
    assert page.locator("#title").inner_text() == f"Survey {HOSTILE}"
    assert HOSTILE in page.locator(".card").nth(1).inner_text()
    page.locator(".card").first.click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.sheet')].length === 2 && document.querySelector('.sheet').naturalWidth === 1152"
    )
    painted = page.evaluate(
        "() => { const map = document.getElementById('map'); "
        "return map.getContext('2d').getImageData(0, 0, map.width, map.height).data.some(value => value) }"
    )
    assert painted
    page.keyboard.press("Escape")
    page.locator("#find").fill("onerror=alert(1)>")
    assert page.locator(".card").count() >= 1
    assert errors == []
    assert all(url.startswith(("file://", "data:")) for url in asked)
    page.close()


def test_a_crop_has_the_name_that_was_decided_of_it(folder, tmp_path):
    results = folder.parents[1]
    crops = read_parquet(results / "tables/crops.parquet", columns=["crop_id"])["crop_id"].to_pylist()
    state = ["named" if n < 5 else "rejected" if n < 9 else None for n in range(len(crops))]
    labels = {
        "crop_id": crops,
        "state": pa.array(state),
        "name": pa.array(["Ñandú" if n < 5 else None for n in range(len(crops))]),
    }
    pq.write_table(pa.table(labels), tmp_path / "labels.parquet")
    model = results / "clusters/net"
    thumbs = sorted((results / "thumbs").iterdir())
    export(
        results / "tables/crops.parquet",
        model / "clusters.parquet",
        model / "project.parquet",
        {},
        thumbs,
        tmp_path / "explorer",
        "x",
        tmp_path / "labels.parquet",
    )
    data = (tmp_path / "explorer/data.js").read_text()
    groups = json.loads(data.partition("= ")[2].rstrip(";\n"))["groups"]
    assert {(g["name"], g["crops"]) for g in groups} >= {("Ñandú", 5), ("Rejected", 4)}
