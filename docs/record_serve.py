"""Make docs/serve.webp: from the start page to a network that reads a digit, recorded from `katas serve` in a browser.

python docs/record_serve.py     (needs Chromium; works on a copy of the committed katas)

The script types a first attempt, which fails for a batch, and then a right one. Then it writes the solutions up to
milestone1, trains the network in the page, and draws a digit. Each frame is shown long enough to be read.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from graders import catalogue, intake  # noqa: E402
from tests.browser import chromium  # noqa: E402 (the tests use it too)
from tests.serving import serving  # noqa: E402

SIZE = {"width": 1200, "height": 720}
WIDTH = 960  # of the picture
PATIENCE_MS = 60_000
HEAD = "import numpy as np\n\n\ndef affine(W, x, b):\n"
FIRST = HEAD + "    return W @ x + b\n"
SECOND = HEAD + "    W = np.asarray(W, np.result_type(W, np.float32))\n    return x @ W.T + b\n"
BRIEFLY_MS, SHORT_MS, LONG_MS = 150, 400, 3500
SLOW_FRAMES = 12
SEVEN = [(0.28, 0.24), (0.74, 0.24), (0.62, 0.45), (0.5, 0.65), (0.42, 0.84)]  # the stroke, in shares of the pad's side


class Film:
    """The frames of a page, and how long each is shown."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.times: list[int] = []

    def take(self, shown_ms: int) -> None:
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append(picture.resize((WIDTH, SIZE["height"] * WIDTH // SIZE["width"]), Image.Resampling.LANCZOS))
        self.times.append(shown_ms)

    def type(self, text: str) -> None:
        """Replace the editor's text, a few characters per frame. The pause before saving never ends in between."""
        self.page.click(".cm-content")
        self.page.keyboard.press("Control+a")
        for start in range(0, len(text), 14):
            self.page.keyboard.insert_text(text[start : start + 14])
            self.take(BRIEFLY_MS)

    def wait(self, headline: str) -> None:
        self.page.locator(".headline", has_text=headline).wait_for()
        self.take(LONG_MS)

    def train(self) -> None:
        """Train the network of the open kata: first so slowly that one can watch, then to the end."""
        self.page.get_by_role("button", name="Read", exact=True).click()  # folds the text
        self.page.get_by_role("tab", name="Train").click()
        self.take(SHORT_MS)
        self.page.get_by_role("button", name="Train", exact=True).click()
        self.page.locator(".chart canvas").first.wait_for()
        for _ in range(SLOW_FRAMES):
            self.page.wait_for_timeout(SHORT_MS)
            self.take(SHORT_MS)
        self.page.get_by_role("combobox", name="Speed").select_option("as fast as possible")
        self.page.get_by_text(re.compile(r"^done, step \d+ of \d+$")).wait_for()
        self.take(LONG_MS)

    def draw(self, stroke: list[tuple[float, float]]) -> None:
        """Draw a digit on the pad, and show what the network reads."""
        pad = self.page.locator(".field")
        self.page.locator(".chances").scroll_into_view_if_needed()
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=6)
            self.take(BRIEFLY_MS)
        self.page.mouse.up()
        self.page.wait_for_timeout(SHORT_MS)
        self.take(LONG_MS)

    def save(self, path: Path) -> None:
        first, *rest = self.frames
        first.save(path, save_all=True, append_images=rest, duration=self.times, loop=0, quality=70, method=6)


def solve(root: Path, slug: str) -> None:
    """Write the solution of a kata and of those that it builds on."""
    kata = catalogue.load(root, slug)
    for each in (*kata.earlier, kata):
        for name, data in intake.shipped(each, each.solution).items():
            (each.folder / name).write_bytes(data)


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "nn-katas"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
        environment = os.environ | {"NN_KATAS_PROGRESS": str(Path(place) / "progress.sqlite")}
        with serving(folder, environment=environment) as server, chromium() as browser:
            page = browser.new_page(viewport=SIZE)
            page.set_default_timeout(PATIENCE_MS)
            film = Film(page)
            page.goto(f"http://{server.host}/?token={server.token}")
            page.wait_for_selector(".katas li")
            film.take(LONG_MS)
            page.locator("a[href='#/exercise01']").first.click()
            film.wait("not started")
            film.type(FIRST)
            film.wait("failed, ")
            film.type(SECOND)
            film.wait("passed, ")
            solve(folder, "milestone1")
            page.goto(f"http://{server.host}/#/milestone1")
            page.wait_for_selector(".training", state="attached")
            film.train()
            film.draw(SEVEN)
            film.save(ROOT / "docs" / "serve.webp")


if __name__ == "__main__":
    main()
