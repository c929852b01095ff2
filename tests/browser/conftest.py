"""The page in Debian's Chromium, served by the command that users type; skipped where there is no Chromium."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import reviewdata

from camtrap.review.decisions import in_effect
from camtrap.review.log import Log

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM:
        pytest.skip("no Chromium here: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Served:
    """A running page."""

    results: Path
    process: subprocess.Popen
    address: str

    @property
    def decisions(self) -> Path:
        return Path(f"{self.results}.review") / "decisions.jsonl"

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=30)

    def next_address(self) -> str:
        """The address for another browser, which the server prints when one was used."""
        return re.search(r"http://\S+", self.process.stdout.readline())[0]


def serve(results: Path) -> Served:
    command = [sys.executable, "-m", "camtrap.review", "serve", str(results), "--no-browser", "--who", "ana"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    for line in process.stdout:
        if line.startswith("the page: "):
            address = line.split()[-1]
        if line.startswith("decisions go to"):
            return Served(results, process, address)
    raise AssertionError("the server ended")


@pytest.fixture
def results(tmp_path):
    """Six kinds; the fifth is people; two stations have odd names."""
    return reviewdata.write(tmp_path, [60, 45, 33, 30, 15, 12], noise=5, shard_size=80, person=4)


@pytest.fixture
def served(results, chromium):
    server = serve(results)
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture
def errors():
    return []


@pytest.fixture
def page(served, chromium, errors):
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    opened = opened_page(context, served.address, errors)
    served.next_address()
    yield opened
    context.close()
    assert errors == []


def opened_page(context, address, errors):
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: errors.append(f"a script ran: {dialog.message}"))
    page.goto(address)
    ready(page)
    return page


def ready(page):
    page.wait_for_selector("body[data-ready]")
    page.wait_for_selector(".card img[src]")


def said(page, text):
    """Wait for what the page says at its foot."""
    page.wait_for_function("text => document.getElementById('said').textContent.includes(text)", arg=text)


def name(page, text, merge=False):
    page.wait_for_selector("#naming[open]")
    page.locator("#naming input").fill(text)
    page.keyboard.press("Enter")
    if merge:
        page.wait_for_selector("#naming .offer button")
        page.keyboard.press("Enter")
    page.wait_for_selector("#naming", state="hidden")


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


def named(page, *given):
    for text in given:
        page.locator(".card.open").first.click()
        page.wait_for_selector(".tile")
        page.keyboard.press("n")
        name(page, text)
        page.wait_for_selector(f".card.named >> text={text}")
