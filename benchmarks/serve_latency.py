"""Measure how long a learner waits from a key press to the verdict in `katas serve`, in a real browser.

    python benchmarks/serve_latency.py [--rounds 30]

A headless Chromium has a kata's page open, in a copy of this repository. The script types a wrong and a right answer in
turns. Two clocks run in the page until it shows the complete verdict:

- saved: from the key press Ctrl-S
- typed: from the last key press of a change; this includes the pause of 0.4 s after which the page saves by itself

The katas are exercise01 and the first bug of challenge5, where only the tasks of the saved file are graded again. The
figures are the median and the 95th percentile.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import chromium  # noqa: E402 (a script's folder is on the path, not its repository)
from tests.serving import serving  # noqa: E402

PATIENCE_MS = 600_000
MEASURE = """
(wanted) => new Promise((resolve) => {
    const started = performance.now();
    const looks = setInterval(() => {
        const done = document.querySelector(".headline").textContent.match(wanted);
        const busy = document.querySelector(".verdict").textContent.includes("being graded");
        if (done && !busy) {
            clearInterval(looks);
            resolve(performance.now() - started);
        }
    }, 2);
})
"""


def answers(folder: Path, slug: str) -> dict[str, str]:
    """Return the texts to type into the kata's first file, by what the headline shows for them."""
    name = {"exercise01": "affine.py", "challenge5": "bug1_never_learning.py"}[slug]
    right = (folder / "solutions" / slug / name).read_text(encoding="utf-8")
    if slug == "challenge5":
        stub = (folder / "katas" / slug / name).read_text(encoding="utf-8")
        return {"^failed, [1-9]": right, "^failed, 0 of": stub + "# begun\n"}
    return {"^failed": right.replace("return ", "return 2.0 * ", 1), "^passed": right}


def measured(page: Any, texts: dict[str, str], rounds: int, *, save: bool) -> list[float]:
    """Return the seconds from a key press to the verdict, for each round but the first."""
    found = []
    for number in range(rounds + len(texts)):
        wanted, text = list(texts.items())[number % len(texts)]
        page.click(".cm-content")
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(text)
        waiting = page.evaluate_handle(f"(wanted) => ({{ result: ({MEASURE})(wanted) }})", wanted)
        if save:
            page.keyboard.press("Control+s")
        found.append(page.evaluate("(waiting) => waiting.result", waiting) / 1000)
    return found[len(texts) :]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30, help="saves of each kind (default 30)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "katas"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".venv", ".git", "node_modules", "build"))
        environment = os.environ | {"NN_KATAS_PROGRESS": str(Path(place) / "progress.sqlite")}
        with serving(folder, environment=environment) as server, chromium() as browser:
            page = browser.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.goto(f"http://{server.host}/?token={server.token}")
            for slug, count in (("exercise01", rounds), ("challenge5", max(rounds // 5, 4))):
                page.goto(f"http://{server.host}/#/{slug}")
                page.wait_for_selector(".cm-content")
                texts = answers(folder, slug)
                for kind, save in (("saved", True), ("typed", False)):
                    seconds = sorted(measured(page, texts, count, save=save))
                    last = seconds[math.ceil(0.95 * len(seconds)) - 1]
                    print(
                        f"{slug:12} {kind}: median {1000 * median(seconds):.0f} ms, 95 % {1000 * last:.0f} ms",
                        flush=True,
                    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
