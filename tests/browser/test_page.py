"""What an expert does in the page, and what then stands in the log."""

import contextlib
import json
import re
import resource
import socket
import socketserver
import threading

import pytest
from conftest import name, opened_page, ready, said, serve
from PIL import Image

from camtrap.core.files import read_parquet, write_csv
from camtrap.export.suggestions import COLUMNS
from camtrap.review.decisions import in_effect
from camtrap.review.log import Log


def holds(served):
    return in_effect(Log(served.decisions.parent).read())


def names(page):
    return page.locator(".card.named .name").all_inner_texts()


def open_group(page, number=0):
    page.locator(".card").nth(number).click()
    page.wait_for_selector(".tile img[src]")


def home(page):
    page.locator("#home").click()
    page.wait_for_selector(".card")


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


def named(page, *given):
    for text in given:
        page.locator(".card.open").first.click()
        page.wait_for_selector(".tile")
        page.keyboard.press("n")
        name(page, text)
        page.wait_for_selector(f".card.named >> text={text}")


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


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(2)</script>',
    "javascript:alert(3)",
    "${alert(4)}",
    "'; DROP TABLE crops; --",
    "=cmd|' /C calc'!A0",
    "‮gnp.exe",
    "a" * 200,
    "__proto__",
]


@pytest.fixture
def refused_by_policy(errors):
    """The page says so in its console."""
    yield
    errors[:] = [text for text in errors if "Content Security Policy" not in text]


def test_hostile_names_are_text_and_run_nothing(page, served, refused_by_policy):
    log = Log(served.decisions.parent)
    rows = [page.evaluate(f"fetch('/look/{n}').then(a => a.json())")["crop"] for n in range(len(HOSTILE))]
    for text, crop in zip(HOSTILE, rows, strict=True):
        log.append("<b>eva</b>", {"action": "name", "crops": [crop], "name": text})
    page.wait_for_function("n => document.querySelectorAll('.card.named').length === n", arg=len(HOSTILE))
    assert set(names(page)) == {" ".join(text.split()) for text in HOSTILE}
    page.locator(".card.named").first.click()
    page.wait_for_selector(".tile img[src]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#looking[open] .facts-of h2")
    assert page.locator("#looking b, #looking script").count() == 0
    assert "<b>eva</b>" in page.locator("#looking").inner_text()
    page.keyboard.press("n")
    page.wait_for_selector("#naming[open]")
    assert page.locator("script[src]").count() == 1
    # what a script of a stranger would try is refused by the policy
    blocked = page.evaluate("""() => new Promise(done => {
        document.addEventListener('securitypolicyviolation', event => done(event.violatedDirective));
        const script = document.createElement('script'); script.textContent = 'alert(5)'; document.head.append(script); })""")
    assert blocked.startswith("script-src")


def test_people_are_blurred_until_asked_for(page):
    people = page.locator(".card img.person")
    page.wait_for_selector(".card img.person")
    style = "node => getComputedStyle(node).filter"
    assert "blur" in people.first.evaluate(style)
    page.keyboard.press("p")
    assert people.first.evaluate(style) == "none"


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


def test_a_full_disk_says_so_and_a_stopped_server_too(page, served, errors):
    folder = served.decisions.parent
    folder.mkdir(exist_ok=True)
    (folder / "decisions.jsonl").mkdir()  # nothing can be written there
    open_group(page)
    page.keyboard.press("x")
    page.wait_for_selector("#said.bad.shown")
    (folder / "decisions.jsonl").rmdir()
    served.stop()
    page.keyboard.press("x")
    said(page, "the server does not answer")
    page.goto("about:blank")  # it would go on asking, and every question that fails is an error
    errors.clear()


def test_a_decision_that_the_disk_has_no_room_for_is_not_said_to_be_saved(page, served, errors):
    named(page, "Deer")
    before = served.decisions.read_bytes()
    pid, none = served.process.pid, resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (len(before) + 10, none))  # the next line is cut after ten bytes
    page.locator(".card.open").first.click()
    page.wait_for_selector(".tile")
    page.keyboard.press("x")
    page.wait_for_selector("#said.bad.shown")
    assert "was not saved" in page.locator("#said").inner_text()
    assert served.decisions.read_bytes() == before
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (none, none))
    page.keyboard.press("x")
    said(page, "rejected; saved")
    assert served.decisions.read_bytes().startswith(before)
    assert [d.action for d in holds(served)] == ["name", "reject"]
    errors.clear()  # the answer that it was refused


def test_what_a_picture_says_of_itself_runs_nothing_and_is_not_passed_on(page, served):
    about = page.evaluate("fetch('/look/0').then(a => a.json())")
    path = served.results.parent / "images" / about["path"]
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = exif[0x010F] = "<script>alert(6)</script><img src=x onerror=alert(7)>"
    Image.new("RGB", (320, 240), (10, 90, 40)).save(path, exif=exif, comment=b"<script>alert(8)</script>")
    open_group(page)
    sent = page.evaluate(
        "number => fetch(`/picture/${number}`).then(a => a.blob()).then(b => b.arrayBuffer())"
        ".then(b => { const url = URL.createObjectURL(new Blob([b], { type: 'image/jpeg' })); const image = new Image();"
        " return new Promise(done => { image.onload = () => done({ width: image.naturalWidth, height: image.naturalHeight,"
        " text: new TextDecoder('latin1').decode(b) }); image.src = url; }); })",
        about["picture"],
    )
    assert (sent["width"], sent["height"]) == (240, 320)
    assert "alert" not in sent["text"]


def test_it_works_through_a_tunnel_with_another_port(served, chromium, errors):
    with tunnel(int(served.address.split(":")[2].split("/")[0])) as port:
        context = chromium.new_context(viewport={"width": 1280, "height": 720})
        page = opened_page(context, re.sub(r":\d+/", f":{port}/", served.address), errors)
        named(page, "Tapir")
        assert [d.name for d in holds(served)] == ["Tapir"]
        Log(served.decisions.parent).append(
            "eva", {"action": "name", "crops": ["0" * 16 + "-1-2-3-4"], "name": "Brocket"}
        )
        open_group(page)
        page.keyboard.press("Enter")
        page.wait_for_selector("#looking[open] .facts-of h2")
        page.goto("about:blank")
        context.close()
    assert errors == []


@contextlib.contextmanager
def tunnel(to):
    """What `ssh -L` does: whatever comes to a local port goes to another one, and back."""

    class Forward(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.create_connection(("127.0.0.1", to)) as far:
                back = threading.Thread(target=pump, args=(far, self.request), daemon=True)
                back.start()
                pump(self.request, far)
                back.join(timeout=5)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, block_on_close = True, False

    def pump(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    with Server(("127.0.0.1", 0), Forward) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_decisions_are_lines_of_json(page, served):
    named(page, "Ñandú é")
    (line,) = served.decisions.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["name"] == "Ñandú é"
