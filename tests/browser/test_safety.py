"""What comes from outside runs nothing in the page, and what is not on the disk is not said to be saved."""

import contextlib
import re
import resource
import socket
import socketserver
import threading

import pytest
from conftest import holds, named, names, open_group, opened_page, said
from PIL import Image

from camtrap.review.log import Log

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
