"""What comes in while the expert is at something else takes no click and leads nobody away."""

from conftest import name, open_group, said


def test_a_click_counts_though_the_groups_are_drawn_anew_under_it(page):
    box = page.locator(".card").first.bounding_box()
    last = page.locator(".card.open").last.get_attribute("data-id")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate(
        "group => fetch('/decide', { method: 'POST', body: JSON.stringify({ action: 'name', name: 'Puma', group }) })",
        last,
    )
    page.wait_for_selector(".card.named >> text=Puma")
    page.mouse.up()
    page.wait_for_selector("h2 >> text=Group 1: 60 crops")


def test_a_late_answer_does_not_lead_back_to_the_groups(page):
    held = []
    page.route("**/decide", lambda route: held.append((route, route.fetch())))
    open_group(page)
    page.keyboard.press("n")
    name(page, "Deer")
    page.wait_for_selector(".card.named")  # the page heard of it by itself
    page.keyboard.press(".")
    page.wait_for_selector("h2 >> text=Group 2: 45 crops")
    ((route, answer),) = held
    route.fulfill(response=answer)
    said(page, "60 crops named “Deer”; saved")
    page.wait_for_timeout(300)
    assert page.locator("h2").first.inner_text().startswith("Group 2: 45 crops")
