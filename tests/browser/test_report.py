"""The report in Debian's Chromium, opened from a file."""

import pytest
from reportdata import hostile, make


@pytest.mark.parametrize("width", [1920, 1280, 900])
def test_every_link_of_the_bar_is_seen_and_nothing_runs(tmp_path, chromium, width):
    survey = hostile(tmp_path)
    make(survey)
    page = chromium.new_page(viewport={"width": width, "height": 720}, reduced_motion="reduce")
    said = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(f"a script ran: {dialog.message}"))
    page.goto((survey / "report" / "report.html").as_uri())
    links = page.locator("nav.top a")
    assert links.count() > 6
    for place in [link.bounding_box() for link in links.all()]:
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    links.last.click()
    heading = page.locator("#provenance")
    bar = page.locator("nav.top").bounding_box()
    assert bar["y"] + bar["height"] <= heading.bounding_box()["y"] < 720, "the bar covers what was asked for"
    assert said == []
    page.close()
