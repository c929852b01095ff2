"""How fast the page of the experts is: 10,000, 200,000 and 1,000,000 simulated crops with real small pictures, in headless Chromium.

python tests/bench/review.py [10000 200000 1000000]

Prints a table and writes build/bench/review.json. The time of the server's start is told by itself: the page is asked for when it is up.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "unit"), str(ROOT / "tests" / "browser")]

import reviewdata  # noqa: E402
import simplejpeg  # noqa: E402
from conftest import ARGUMENTS, CHROMIUM  # noqa: E402
from PIL import Image  # noqa: E402

from camtrap.simulate import picture, recording, scene, survey  # noqa: E402
from camtrap.simulate.kinds import KINDS  # noqa: E402

BIG = 20_000  # crops of the largest group
GROUPS = 200
LIMITS = {10_000: 2.0, 200_000: 3.0, 1_000_000: 6.0}  # seconds until the page is usable


def pool(n: int = 36) -> list[bytes]:
    """Small pictures of simulated animals, as the rule thumbs makes them."""
    from datetime import datetime

    size, found = (480, 360), []
    kinds = sorted(KINDS)
    for number in range(n):
        visit = survey.Visit(
            1, number % 3, number, kinds[number % len(kinds)], datetime(2024, 3, 9, number % 24), 1, "motion"
        )
        view = scene.build(7, number % 3, 1, *size)
        image, box = picture.photograph(7, view, visit, *size, recording.strip_height(size[1]))[0]
        pixels = np.asarray(image)
        x, y, w, h = box
        crop = pixels[int(y * size[1]) : int((y + h) * size[1]) + 1, int(x * size[0]) : int((x + w) * size[0]) + 1]
        small = Image.fromarray(crop)
        small.thumbnail((96, 96))
        found.append(simplejpeg.encode_jpeg(np.ascontiguousarray(np.asarray(small)), quality=80))
    return found


def material(folder: Path, n: int, jpegs: list[bytes]) -> Path:
    """A survey of n crops whose small pictures are there already, as the workflow makes them of a large survey."""
    rng = np.random.default_rng(3)
    big = min(BIG, n // 2)
    rest = rng.multinomial(n - big - n // 50, rng.dirichlet(np.full(GROUPS, 1.0)))
    sizes = [big, *sorted((int(size) for size in rest if size), reverse=True)]
    results = reviewdata.write(folder, sizes, n - sum(sizes), 1_000, pictures=False, jpegs=[b""])
    (results / "thumbs").mkdir()
    lengths = np.array([len(one) for one in jpegs])
    for crops in (results / "crops").iterdir():
        held = 1_000 if n >= 1_000 else n
        which = rng.integers(0, len(jpegs), held)
        ends = np.zeros(held + 1, "<u8")
        ends[0] = 24 + ends.nbytes
        ends[1:] = ends[0] + np.cumsum(lengths[which]).astype(np.uint64)
        data = (
            b"camtrap thumbs 1" + np.array([held], "<u8").tobytes() + ends.tobytes() + b"".join(jpegs[k] for k in which)
        )
        (results / "thumbs" / f"{crops.stem}.bin").write_bytes(data)
    return results


def memory(process: int) -> dict[str, float]:
    """Gigabytes of a process: all of it, and without the files that it maps (which the system takes back at will)."""
    status = Path(f"/proc/{process}/status").read_text()
    return {name: int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1e6 for name in ("VmRSS", "RssAnon", "VmHWM")}


EMPTY = """() => { const box = document.querySelector('.grid').getBoundingClientRect();
  return [...document.querySelectorAll('.tile')].some(tile => { const place = tile.getBoundingClientRect();
    return place.bottom > box.top && place.top < box.bottom && !tile.querySelector('img[src]'); }); }"""
MAP = """async () => { const { chart } = await import('/page/main.js');
  const middle = act => { const times = [];
    for (let n = 0; n < 5; n++) { const start = performance.now(); act(); times.push(performance.now() - start); }
    return times.sort((a, b) => a - b)[2]; };
  const { width, height } = chart.over, line = [];
  for (let n = 0; n < 80; n++) line.push({ px: width * (0.5 + Math.cos(n / 12.7) / 3), py: height * (0.5 + Math.sin(n / 12.7) / 3) });
  return { recolour: middle(() => chart.recolour()), lasso: middle(() => chart.inside(line)) }; }"""


def measured(results: Path, browser) -> dict[str, float]:
    """Everything that is promised, once."""
    command = [sys.executable, "-m", "camtrap.review", "serve", str(results), "--no-browser", "--who", "bench"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "PYTHONUNBUFFERED": "1"}
    start = time.monotonic()
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    for line in server.stdout:
        if line.startswith("the page: "):
            address = line.split()[-1]
        if line.startswith("decisions go to"):
            break
    found = {"server s": time.monotonic() - start}
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(120_000)
    try:
        time.sleep(3)  # nobody is faster between the terminal and the browser
        start = time.monotonic()
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        page.wait_for_selector(".card img[src]")
        found["page usable s"] = time.monotonic() - start
        page.wait_for_selector("body[data-map]")
        found["map there s"] = time.monotonic() - start
        page.wait_for_timeout(500)
        largest = page.locator(".card").first
        start = time.monotonic()
        largest.click()
        page.wait_for_selector(".tile img[src]")
        page.wait_for_function(f"() => !({EMPTY})()")
        found["group open s"] = time.monotonic() - start
        worst = 0.0
        for step in range(25):
            page.evaluate(
                "step => { const box = document.querySelector('.grid'); box.scrollTop += step % 5 ? 600 : 20000; }",
                step,
            )
            start = time.monotonic()
            while page.evaluate(EMPTY):
                pass
            worst = max(worst, time.monotonic() - start)
        found["longest empty tile s"] = worst
        found |= {f"{name} ms": value for name, value in page.evaluate(MAP).items()}
        group = page.evaluate(
            "async () => (await import('/page/store.js')).store.open ?? decodeURIComponent(location.hash.slice(4))"
        )
        start = time.monotonic()
        said = page.evaluate(
            "async group => { const start = performance.now(); const answer = await fetch('/decide', { method: 'POST', "
            "body: JSON.stringify({ action: 'name', name: 'Tapirus', group }) }).then(a => a.json()); "
            "return { ms: performance.now() - start, crops: answer.crops }; }",
            group,
        )
        found["decision (cluster) s"], found["crops of it"] = said["ms"] / 1000, said["crops"]
        page.wait_for_timeout(4_000)  # the page shows it; a person would look at that, too
        said = page.evaluate(
            "async n => { const rows = Array.from({ length: n }, (_, row) => row), start = performance.now(); "
            "const body = JSON.stringify({ action: 'name', name: 'Puma', rows, looked: true }); "
            "const answer = await fetch('/decide', { method: 'POST', body }).then(a => a.json()); "
            "return { ms: performance.now() - start, crops: answer.crops }; }",
            said["crops"],
        )
        found["decision (listed) s"] = said["ms"] / 1000
        start = time.monotonic()
        page.goto(address.partition("?")[0])
        page.wait_for_selector(".card.named")
        found["page again s"] = time.monotonic() - start
        found |= {f"{name} GB": value for name, value in memory(server.pid).items()}
    finally:
        page.close()
        server.terminate()
        server.communicate(timeout=60)
    return found


def main() -> None:
    """Measure the sizes that are asked for."""
    from playwright.sync_api import sync_playwright

    sizes = [int(text) for text in sys.argv[1:]] or list(LIMITS)
    jpegs, rows = pool(), {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for n in sizes:
            with tempfile.TemporaryDirectory() as folder:
                results = material(Path(folder), n, jpegs)
                os.sync()  # what was written for the bench is on the disk; else the first decision would wait for it
                rows[n] = {name: round(value, 3) for name, value in measured(results, browser).items()}
            print(f"{n:,}: {rows[n]}", flush=True)
        browser.close()
    out = ROOT / "build" / "bench" / "review.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({str(n): row for n, row in rows.items()}, indent=1) + "\n")
    names = list(next(iter(rows.values())))
    print("| |" + "|".join(f" {n:,} " for n in sizes) + "|\n|---|" + "---|" * len(sizes))
    for name in names:
        print(f"| {name} |" + "|".join(f" {rows[n][name]} " for n in sizes) + "|")


if __name__ == "__main__":
    main()
