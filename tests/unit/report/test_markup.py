"""The page of the report: nothing from outside gets into its markup, it loads nothing, and it stays small."""

import base64
import hashlib
import re

import pandas as pd
import pytest
from reportdata import MODEL, NASTY, NASTY_FILE, Page, crop, hostile, make, picture, write

from camtrap.export.registry import EXPORTS
from camtrap.report import thumbnails


@pytest.fixture
def survey(tmp_path):
    return hostile(tmp_path)


def test_nothing_from_outside_becomes_markup(survey):
    html, _ = make(survey)
    page = Page(html)
    assert len(page.all("script")) == 1
    assert len(page.scripts) == 1
    assert "alert" not in page.scripts[0]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    for text in (NASTY, "B & C", "<b>deer</b>", "Yasuní <2024>", NASTY_FILE, f"not a picture: {NASTY}"):
        assert text in page.text
    assert any(NASTY_FILE in image.get("title", "") for image in page.all("img"))


def test_the_page_may_run_its_own_script_only(survey):
    html, _ = make(survey)
    page = Page(html)
    policy = page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    digest = base64.b64encode(hashlib.sha256(page.scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_nothing_is_loaded_and_no_link_leads_astray(survey):
    html, _ = make(survey)
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    for tag, attributes in page.tags:
        for name in ("src", "href", "srcset", "data", "poster", "action"):
            target = attributes.get(name)
            if target is None:
                continue
            if target.startswith("#"):
                assert target[1:] in page.ids
            elif name == "href" and tag == "a":
                assert (survey / "report" / target).resolve() == (survey / "tables" / "failures.csv").resolve()
            else:
                assert re.match(r"data:image/(jpeg|png);base64,[A-Za-z0-9+/=]+$", target)
    style = re.search("<style>(.*?)</style>", html, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style
    assert not page.all("link")


def test_every_picture_has_a_text(survey):
    page = Page(make(survey)[0])
    assert len(page.all("img")) > 5
    assert all("alt" in image for image in page.all("img"))


def test_the_same_survey_gives_the_same_page(survey, tmp_path):
    first, _ = make(survey)
    for table in ("tables/images", "tables/crops", f"clusters/{MODEL}/clusters", f"clusters/{MODEL}/representatives"):
        path = survey / f"{table}.parquet"
        pd.read_parquet(path).iloc[::-1].to_parquet(path)
    second, _ = make(survey)
    made = '<time id="made"'
    assert [made in line for line in first.splitlines()].count(True) == 1

    def rest(html):
        return [line for line in html.splitlines() if made not in line]

    assert rest(second) == rest(first)
    assert "/somewhere" not in first


def test_sixty_clusters_can_be_reached(tmp_path):
    images = [picture(f"card/{n}.jpg", "animal", "A", event=f"e{n}") for n in range(60)]
    crops = [crop(n, f"card/{n}.jpg", n) for n in range(60)]
    page = Page(make(write(tmp_path, images, crops))[0])
    links = {a["href"] for a in page.all("a") if "href" in a}
    assert {f"#cluster-{n}" for n in range(60)} <= links
    assert [card["id"] for card in page.all("article")] == [f"cluster-{n}" for n in range(60)]


def test_only_the_first_failures_are_listed(tmp_path):
    failures = [(f"card/{n:04d}.jpg", "index", "failed", "empty") for n in range(1234)]
    images = [picture(path, "failed") for path, *_ in failures]
    page = Page(make(write(tmp_path, images, [], failures))[0])
    assert "1,234 files could not be used" in page.text
    assert "card/0199.jpg" in page.text
    assert "card/0200.jpg" not in page.text


def test_each_crop_is_shown_once_and_the_page_stays_small():
    roles = [("nearest", 12), ("spread", 12), ("outlier", 6)]
    twice = {("spread", 0): "nearest-0", ("outlier", 0): "nearest-0", ("spread", 3): "outlier-2"}
    rows = [
        (cluster, role, rank, f"{cluster}-{twice.get((role, rank), f'{role}-{rank}')}")
        for cluster in range(100)
        for role, n in roles
        for rank in range(n)
    ]
    table = pd.DataFrame(rows, columns=["cluster", "role", "rank", "crop_id"])
    shown = thumbnails.bands(table, dict.fromkeys(range(100), 1000))
    ids = [crop_id for bands in shown.values() for crops in bands.values() for crop_id in crops]
    assert len(ids) == len(set(ids)) <= thumbnails.MOST
    assert all(set(bands) == {"nearest", "spread", "outlier"} for bands in shown.values())
    few = thumbnails.bands(table[table["cluster"] == 0], {0: 1000})[0]
    assert [len(few[role]) for role in ("nearest", "spread", "outlier")] == [12, 6, 5]


def test_every_export_is_named_on_the_page(survey):
    page = Page(make(survey)[0])
    for name, export in EXPORTS.items():
        assert f"export/{export.file}" in page.text
        assert f"export.{name}" in page.text
