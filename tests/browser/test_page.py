"""What an expert does in the page, and what then stands in the log."""

import json

import pytest
from conftest import holds, home, name, named, names, open_group, opened_page, ready, said, serve

from camtrap.core.files import read_parquet, write_csv
from camtrap.export.suggestions import COLUMNS
from camtrap.review.log import Log


def test_a_group_is_named_and_the_name_is_there_after_a_reload_and_a_restart(page, served, chromium, errors):
    assert page.locator(".card").count() == 7
    open_group(page)
    assert page.locator("h2").first.inner_text() == "Group 1: 60 crops, 20 bursts"
    page.get_by_role("button", name="Name all").click()
    name(page, "Leopardus pardalis")
    page.wait_for_selector(".card.named")
    assert names(page) == ["Leopardus pardalis"]
    assert [(d.action, d.name, d.cluster) for d in holds(served)] == [("name", "Leopardus pardalis", 0)]
    page.reload()
    ready(page)
    assert names(page) == ["Leopardus pardalis"]
    page.goto("about:blank")  # it would ask the server that is gone, and say so
    served.stop()
    again = serve(served.results)
    try:
        other = opened_page(chromium.new_context(), again.address, errors)
        assert names(other) == ["Leopardus pardalis"]
        other.context.close()
    finally:
        again.stop()


def test_a_known_name_offers_the_merge_and_undo_unmerges(page):
    open_group(page, 0)
    page.keyboard.press("n")
    name(page, "Puma")
    page.wait_for_selector(".card.named")
    page.locator(".card.open").first.click()
    page.wait_for_selector(".tile")
    page.keyboard.press("n")
    page.wait_for_selector("#naming[open]")
    page.locator("#naming input").fill("  puma")
    page.keyboard.press("Enter")
    assert "would join its 60 crops" in page.locator("#naming .offer").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector(".card.named >> text=105 crops")
    page.keyboard.press("z")
    page.wait_for_selector(".card.named >> text=60 crops")
    page.keyboard.press("Shift+Z")
    page.wait_for_selector(".card.named >> text=105 crops")


def test_chosen_crops_are_moved_and_rejected_and_all_comes_back(page, served):
    open_group(page)
    tiles = page.locator(".tile")
    tiles.nth(1).click()
    tiles.nth(3).click(modifiers=["Shift"])
    assert page.locator(".chosen-count").inner_text() == "3 crops selected"
    page.keyboard.press("n")
    name(page, "Tapir")
    page.wait_for_function("() => document.querySelector('h2').textContent.startsWith('Group 1: 57 crops')")
    tiles.nth(0).click()
    page.keyboard.press("x")
    page.wait_for_function("() => document.querySelector('h2').textContent.startsWith('Group 1: 56 crops')")
    assert [(d.action, len(d.crops)) for d in holds(served)] == [("name", 3), ("reject", 1)]
    page.keyboard.press("z")
    page.keyboard.press("z")
    page.wait_for_function("() => document.querySelector('h2').textContent.startsWith('Group 1: 60 crops')")
    assert holds(served) == []


def test_the_keyboard_does_it_all(page, served):
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")  # opens a group
    page.wait_for_selector(".tile img[src]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert page.locator(".tile[aria-selected=true]").count() == 2
    page.keyboard.press("u")
    said(page, "2 crops put aside")
    page.keyboard.press("Enter")  # enlarges
    page.wait_for_selector("#looking[open] .facts-of h2")
    page.keyboard.press("w")
    page.wait_for_selector("#looking .box.own")
    assert page.locator("#looking .times button").count() > 1
    page.wait_for_function("() => document.querySelector('#looking .frame img').naturalWidth === 320")
    page.keyboard.press("Escape")
    page.wait_for_selector("#looking", state="hidden")
    page.keyboard.press("n")
    name(page, "Ocelot")
    page.wait_for_selector(".card.named")
    page.keyboard.press("?")
    assert "undo, redo" in page.locator("#keys").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert [d.action for d in holds(served)] == ["unsure", "name"]


def test_a_split_is_tried_kept_and_undone(page, served):
    open_group(page)
    page.keyboard.press("s")
    page.wait_for_selector("#asking[open] >> text=Part 2", timeout=60_000)
    assert holds(served) == []
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.card.open').length > 6")
    assert [d.action for d in holds(served)] == ["split"]
    page.keyboard.press("z")
    page.wait_for_function("() => document.querySelectorAll('.card.open').length === 6")


def test_an_audit_passes_and_one_error_asks_for_more(page, served):
    named(page, "Deer")
    page.locator(".card.named").click()
    page.wait_for_selector(".tile")
    page.keyboard.press("v")
    page.wait_for_selector("#asking[open] .burst")
    first = page.locator(".burst").count()
    page.locator(".burst").nth(2).click()
    page.locator("#asking").get_by_role("button", name="Save").click()
    page.wait_for_selector("#asking .burst[aria-pressed=false], #asking .failed, #asking .passed")
    said(page, "audit saved")
    audits = [d for d in holds(served) if d.action == "audit"]
    assert len(audits) == first
    assert [d.more["right"] for d in audits].count(False) == 1
    page.locator("#asking").get_by_role("button", name="Leave").click()
    page.keyboard.press("z")
    said(page, "taken back: the audit of “Deer”; saved")
    assert [d.action for d in holds(served)] == ["name"]
    page.keyboard.press("v")
    page.wait_for_selector("#asking[open] .burst")
    page.locator("#asking").get_by_role("button", name="Save").click()
    page.wait_for_selector("#asking .passed")
    page.locator("#asking").get_by_role("button", name="Leave").click()
    page.keyboard.press("Escape")
    page.wait_for_selector(".card.named >> text=audit: at least 90 % right")


def test_crops_are_moved_to_a_group_without_a_name_and_get_the_name_that_it_gets(page, served):
    open_group(page)
    tiles = page.locator(".tile")
    tiles.nth(0).click()
    tiles.nth(2).click(modifiers=["Shift"])
    page.keyboard.press("o")
    page.wait_for_selector("#asking[open] .row >> text=Group 2")
    page.locator("#asking .row", has_text="Group 2").focus()
    page.keyboard.press("Enter")
    said(page, "3 crops moved to Group 2; saved")
    page.wait_for_function("() => document.querySelector('h2').textContent.startsWith('Group 1: 57 crops')")
    home(page)
    page.locator(".card", has_text="Group 2").click()
    page.wait_for_function("() => document.querySelector('h2').textContent.startsWith('Group 2: 48 crops')")
    page.keyboard.press("n")
    name(page, "Coati")
    page.wait_for_selector(".card.named >> text=48 crops")
    page.locator(".card.named").click()  # and out of a group with a name
    page.wait_for_selector(".tile img[src]")
    tiles.nth(0).click()
    page.keyboard.press("o")
    page.locator("#asking .row", has_text="Group 1").click()
    page.wait_for_function("() => document.querySelector('h2').textContent.startsWith('Coati: 47 crops')")
    assert [d.action for d in holds(served)] == ["same", "name", "clear", "same"]
    page.keyboard.press("z")
    said(page, "taken back: the move; saved")
    page.wait_for_function("() => document.querySelector('h2').textContent.startsWith('Coati: 48 crops')")
    assert [d.action for d in holds(served)] == ["same", "name"]


def test_all_good_doubles_and_names_what_was_good(page, served):
    open_group(page)
    page.keyboard.press("g")
    name(page, "Agouti")
    page.wait_for_selector("#asking[open] >> text=Page 1 of 2")
    page.keyboard.press("y")
    page.wait_for_selector("#asking[open] >> text=Page 2 of 2")
    page.keyboard.press("n")
    said(page, "to look at one by one")
    assert {(d.action, d.name) for d in holds(served)} == {("name", "Agouti")}
    page.wait_for_function("() => document.querySelector('h2').textContent.startsWith('Group 1: 21 crops')")


def test_questions_same_as_suggestions_and_mistakes(page, served):
    named(page, "Deer", "Puma")
    page.keyboard.press("q")
    page.wait_for_selector("#asking[open] .pair img[src]")
    asked = page.locator("#asking").inner_text()
    page.keyboard.press("n")
    page.wait_for_function("asked => document.getElementById('asking').innerText !== asked", arg=asked)
    page.keyboard.press("Escape")
    page.wait_for_selector("#asking", state="hidden")
    page.keyboard.press("j")
    page.wait_for_selector("#asking[open] .suggested .row")
    page.locator("#asking input[type=checkbox]").first.check()
    page.locator("#asking").get_by_role("button", name="Accept").click()
    said(page, "named; saved")
    actions = [d.action for d in holds(served)]
    assert actions[:3] == ["name", "name", "different"]
    assert set(actions[3:]) == {"name"}
    page.keyboard.press("z")
    said(page, "taken back")
    assert [d.action for d in holds(served)] == ["name", "name", "different"]


def test_the_next_question_and_own_suggestions(page, served):
    page.keyboard.press(".")
    page.wait_for_selector("h2 >> text=Group 1: 60 crops")
    page.keyboard.press("n")
    name(page, "Deer")
    page.wait_for_selector(".card.named")
    page.keyboard.press(".")
    page.wait_for_selector("h2 >> text=Group 2: 45 crops")
    page.keyboard.press("i")
    page.wait_for_selector(".tile .badge >> text=Deer")
    page.locator(".tile").nth(0).click()
    page.keyboard.press("t")
    said(page, "1 crop named anew; saved")
    assert [(d.action, d.name, len(d.crops)) for d in holds(served)] == [("name", "Deer", 0), ("name", "Deer", 1)]


def test_what_another_classifier_says_is_offered_on_cards_in_suggestions_and_when_a_group_is_named(page, served):
    hostile = "<img src=x onerror=alert(1)>"
    table = read_parquet(served.results / "clusters/net/clusters.parquet").to_pylist()
    of = {row["cluster"]: row["crop_id"] for row in table}
    rows = [
        [0, "Leopardus pardalis", of[0], 60, 57, "0.950", "0.910", "", ""],
        [1, hostile, of[1], 45, 27, "0.600", "0.700", "Cow", "0.200"],
    ]
    (served.results / "export").mkdir()
    write_csv(served.results / "export/suggestions.csv", COLUMNS, rows, encoding="utf-8-sig")
    page.goto("about:blank")
    served.stop()
    again = serve(served.results)
    try:
        page.goto(again.address)
        ready(page)
        card = page.locator(".card.open", has_text="Group 1")
        assert "the other classifier: Leopardus pardalis, 95 %" in card.inner_text()
        page.keyboard.press("j")
        page.wait_for_selector("#asking[open] .suggested .row img[src]")
        told = page.locator("#asking .suggested .row")
        assert [("says the other classifier" in text, hostile in text) for text in told.all_inner_texts()] == [
            (True, False),
            (True, True),
        ]
        assert told.locator("input").evaluate_all("boxes => boxes.map(box => box.checked)") == [True, False]
        page.locator("#asking").get_by_role("button", name="Accept").click()
        said(page, "60 crops named; saved")
        page.wait_for_selector(".card.named")
        assert names(page) == ["Leopardus pardalis"]
        page.locator(".card.open", has_text="Group 2").click()
        page.wait_for_selector(".tile img[src]")
        page.keyboard.press("n")
        page.wait_for_selector("#naming[open]")
        assert page.locator("#completions li").first.inner_text().split("\n") == [hostile, "says the other classifier"]
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.querySelectorAll('.card.named').length === 2")
        assert [d.name for d in holds(served)] == ["Leopardus pardalis", hostile]
        page.goto("about:blank")
    finally:
        again.stop()


def test_two_windows_see_each_other(page, served, errors):
    other = page.context.new_page()
    other.goto(served.address.partition("?")[0])
    ready(other)
    named(page, "Deer")
    other.wait_for_selector(".card.named >> text=Deer", timeout=1_500)
    crop = Log(served.decisions.parent)
    crop.append("eva", {"action": "name", "crops": ["0" * 16 + "-1000-2000-3000-4000"], "name": "Brocket"})
    other.wait_for_selector(".card.named >> text=Brocket", timeout=1_500)


def test_the_lasso_selects_and_what_is_seen_is_read_aloud(page):
    page.wait_for_selector("body[data-map]")
    open_group(page)
    box = page.locator("#lasso").bounding_box()
    page.keyboard.press("l")
    x, y, w, h = box["x"] + 4, box["y"] + 4, box["width"] - 8, box["height"] - 8
    page.mouse.move(x, y)
    page.mouse.down()
    for to in ((x + w, y), (x + w, y + h), (x, y + h), (x, y)):
        page.mouse.move(*to, steps=4)
    page.mouse.up()
    assert page.locator(".chosen-count").inner_text() == "60 crops selected"
    labels = page.locator(".tile").first.get_attribute("aria-label")
    assert labels.startswith("crop 1 of 60")
    assert page.locator(".field").get_attribute("role") == "listbox"


def test_decisions_are_lines_of_json(page, served):
    named(page, "Ñandú é")
    (line,) = served.decisions.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["name"] == "Ñandú é"


@pytest.mark.parametrize("width", [800, 1280, 1920])
def test_no_button_is_cut_off(page, width):
    page.set_viewport_size({"width": width, "height": 720})
    beyond = """() => [...document.querySelectorAll('button')].filter(one => one.checkVisibility())
        .filter(one => { const at = one.getBoundingClientRect(); return at.left < 0 || at.right > innerWidth; })
        .map(one => one.textContent)"""
    assert page.evaluate(beyond) == []
    open_group(page)
    assert page.evaluate(beyond) == []
