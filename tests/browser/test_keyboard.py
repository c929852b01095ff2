"""Keyboards differ: Caps Lock, other alphabets, names without their accents, words that are composed."""

import pytest
from conftest import name, opened_page, said, serve

NAMED = "n => document.querySelectorAll('.card.named').length === n"
OPEN = NAMED.replace("named", "open")


def pressed(page, key, code, **more):
    """A key of a keyboard that writes another alphabet."""
    page.evaluate(
        "([key, code, more]) => document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {key, code, bubbles: true, cancelable: true, ...more}))",
        [key, code, more],
    )


def test_keys_work_with_caps_lock_and_where_the_keyboard_writes_another_alphabet(page):
    page.keyboard.press("N")  # as Caps Lock makes it
    name(page, "Puma")
    page.wait_for_selector(".card.named")
    page.locator(".card.open").first.focus()
    pressed(page, "т", "KeyN")  # where N is on a Russian keyboard
    name(page, "Tapir")
    page.wait_for_function(NAMED, arg=2)
    pressed(page, "я", "KeyZ")
    page.wait_for_function(NAMED, arg=1)
    page.locator(".card.open").first.click()
    page.wait_for_selector(".tile img[src]")
    page.keyboard.press("S")
    page.wait_for_selector("#asking[open]")
    pressed(page, "т", "KeyN")  # no such answer here
    assert page.locator("#asking h2").inner_text().startswith("Group 2 would be")


@pytest.fixture
def listed(results, chromium, errors):
    """The page beside a list of species with accents."""
    folder = results.parent / f"{results.name}.review"
    folder.mkdir()
    text = "scientific,es,pt,zh\nCuniculus paca,majaz,paca,无尾刺豚鼠\nDasyprocta fuliginosa,añuje,cutia,黑刺豚鼠\n"
    (folder / "species.csv").write_text(text, encoding="utf-8")
    server = serve(results)
    page = opened_page(chromium.new_context(viewport={"width": 1280, "height": 720}), server.address, errors)
    yield page
    page.context.close()
    server.stop()
    assert errors == []


def test_a_name_is_found_without_its_accents_and_enter_of_a_composed_word_is_not_the_answer(listed):
    page = listed
    page.keyboard.press("n")
    page.wait_for_selector("#naming[open]")
    field = page.locator("#naming input")
    field.fill("anuje")
    assert page.locator("#completions li").all_inner_texts() == ["Dasyprocta fuliginosa\nañuje · cutia · 黑刺豚鼠"]
    field.fill("刺豚")
    pressed(page, "Enter", "Enter", isComposing=True)
    assert page.locator("#naming[open]").count() == 1
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#naming", state="hidden")
    page.wait_for_selector(".card.named")
    assert page.locator(".card.named .name").inner_text() in ("Cuniculus paca", "Dasyprocta fuliginosa")
    said(page, "saved")


def test_another_name_of_a_species_that_is_there_offers_to_join_it(listed):
    page = listed
    page.keyboard.press("n")
    name(page, "Cuniculus paca")
    page.wait_for_selector(".card.named")
    for answer in ("Enter", "Tab"):  # join, or keep apart
        left = page.locator(".card.open").count()
        page.locator(".card.open").first.focus()
        page.keyboard.press("n")
        page.wait_for_selector("#naming[open]")
        page.locator("#naming input").fill("Majaz")
        page.keyboard.press("Enter")
        assert "the same species in your list" in page.locator("#naming .offer").inner_text()
        page.keyboard.press(answer)
        if answer == "Tab":
            page.keyboard.press("Enter")
        page.wait_for_selector("#naming", state="hidden")
        page.wait_for_function(OPEN, arg=left - 1)
    page.wait_for_function(NAMED, arg=2)
    assert sorted(page.locator(".card.named .name").all_inner_texts()) == ["Cuniculus paca", "Majaz"]
    assert "105 crops" in page.locator(".card.named >> text=Cuniculus paca").locator("xpath=../..").inner_text()
