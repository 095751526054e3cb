"""Make docs/serve.webp: from the start page to the first passed kata, recorded from `katas serve` in a real browser.

python docs/record_serve.py     (needs Chromium; works on a copy of the committed katas)

The script types a first attempt, which fails for a batch, and then a right one. Each frame is shown long enough to be
read.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import chromium  # noqa: E402 (the tests use it too)
from tests.serving import serving  # noqa: E402

SIZE = {"width": 1200, "height": 720}
WIDTH = 960  # of the picture
PATIENCE_MS = 60_000
HEAD = "import numpy as np\n\n\ndef affine(W, x, b):\n"
FIRST = HEAD + "    return W @ x + b\n"
SECOND = HEAD + "    W = np.asarray(W, np.result_type(W, np.float32))\n    return x @ W.T + b\n"
BRIEFLY_MS, LONG_MS = 150, 3500


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

    def save(self, path: Path) -> None:
        first, *rest = self.frames
        first.save(path, save_all=True, append_images=rest, duration=self.times, loop=0, quality=70, method=6)


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
            page.get_by_role("link", name="Start").click()
            film.wait("not started")
            film.type(FIRST)
            film.wait("failed, ")
            film.type(SECOND)
            film.wait("passed, ")
            film.save(ROOT / "docs" / "serve.webp")


if __name__ == "__main__":
    main()
