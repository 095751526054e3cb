"""Make docs/report.webp: screenshots of a page, on a desktop and on a phone, light and dark.

python docs/pages.py     (needs chromium)

It is the report on a wrong answer to exercise05.
"""

from __future__ import annotations

import html
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from graders import Judge, catalogue
from graders.report import render

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "report.webp"
SIZES = (1280, 1280), (360, 1280)  # pixels: a screen and a phone
GAP = 40
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "chromium")


def report(judge: Judge) -> str:
    """Return the HTML report of a verdict that has array differences."""
    kata = catalogue.load(ROOT, "exercise05")
    solution = {name: (kata.solution / name).read_bytes() for name in kata.files}
    wrong = next(each for each in kata.wrong if each.path.stem == "batch_averaged")
    with tempfile.TemporaryDirectory() as folder:
        for name, data in {**solution, wrong.replaces: wrong.applied(solution)}.items():
            Path(folder, name).write_bytes(data)
        return render([judge.grade("exercise05", Path(folder), seed=bytes(16))], "html", "learner")


def pictured(page: str) -> Image.Image:
    """Return the page at every size, light and then dark, side by side."""
    shots = [_shot(page, *size, dark) for size in SIZES for dark in (False, True)]
    sheet = Image.new("RGB", (sum(each.width for each in shots) + GAP * 3, SIZES[0][1]), "#888888")
    left = 0
    for shot in shots:
        sheet.paste(shot, (left, 0))
        left += shot.width + GAP
    return sheet.resize((sheet.width // 2, sheet.height // 2), Image.Resampling.LANCZOS)


def _shot(page: str, width: int, height: int, dark: bool) -> Image.Image:
    with tempfile.TemporaryDirectory() as folder:
        file, picture = Path(folder, "page.html"), Path(folder, "page.png")
        # Chromium's windows cannot be as narrow as a phone, so the page is put into a frame.
        frame = f'<iframe width="{width}" height="{height}" style="border:0" srcdoc="{html.escape(page)}"></iframe>'
        file.write_text(f'<!doctype html><body style="margin:0">{frame}', encoding="utf-8")
        command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [
            f"--window-size={max(width, 500)},{height}",
            f"--screenshot={picture}",
            "--virtual-time-budget=5000",
        ]
        command += ["--blink-settings=preferredColorScheme=0"] if dark else []
        subprocess.run([*command, file.as_uri()], check=True, capture_output=True, timeout=120)
        with Image.open(picture) as image:
            return image.convert("RGB").crop((0, 0, width, height))


def main() -> None:
    with Judge(ROOT) as judge:
        pictured(report(judge)).save(PICTURE, quality=60)
    print(f"written: {PICTURE}, {PICTURE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
