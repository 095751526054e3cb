"""Make docs/session.svg: from a clone to the first green task, recorded from a real terminal.

python docs/session.py     (from the root of the repository; it clones the committed katas)

The script types everything into a shell on a pseudo-terminal, and writes the solution's file as an editor would. Rich
draws the pictures. A style sheet shows them one after the other, or only the last one to readers who prefer reduced
motion.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.at_terminal import AtTerminal  # noqa: E402 (the terminal tests use it too)
from tests.workshop import KATAS  # noqa: E402

COLUMNS, LINES = 80, 27
FIRST = "import numpy as np\n\n\ndef affine(W, x, b):\n    return W @ x + b\n"
NAMES = {"brown": "yellow", "default": ""}  # pyte's colour names that differ from rich's
REST_S = 1.0  # a screen is complete after this long without output
SECONDS = (5, 5, 6, 6)  # how long each picture is shown
TITLE = "From a clone to the first green task: katas watch grades every time you save"


def frame(terminal: AtTerminal) -> Text:
    """Return the screen, with colours, once the output has paused."""
    before = ""
    while terminal.text() != before:
        before, started = terminal.text(), time.monotonic()
        terminal.wait(lambda _: time.monotonic() - started > REST_S)  # noqa: B023 (called before `started` is bound again)
    text = Text()
    for number, _ in enumerate(terminal.screen.display):
        row = terminal.screen.buffer[number]
        for column in range(COLUMNS):
            sign = row[column]
            colour = NAMES.get(sign.fg, sign.fg)
            colour = f"#{colour}" if re.fullmatch("[0-9a-f]{6}", colour) else colour.replace("bright", "bright_")
            style = " ".join(word for word in ("bold" * sign.bold, "reverse" * sign.reverse, colour) if word)
            text.append(sign.data, style)
        text.append("\n")
    return text


def recorded() -> list[Text]:
    """Record the four pictures: cloned, watching, first task passed, all tasks passed."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "nn-katas.git").symlink_to(ROOT)
        env = {
            "PS1": "$ ",
            "PATH": f"{Path(KATAS).parent}:/usr/bin:/bin",
            "NN_KATAS_PROGRESS": str(place / "progress.sqlite"),
        }
        with AtTerminal(["bash", "--norc", "-i"], place, columns=COLUMNS, lines=LINES, env=env) as terminal:
            terminal.wait("$")
            for typed, seen in (("git clone nn-katas.git", "done."), ("cd nn-katas", "$ cd"), ("katas next", "grade ")):
                terminal.type(f"{typed}\n")
                terminal.wait(seen)
                terminal.wait(lambda text: text.rstrip().endswith("\n$"))
            terminal.type("katas watch")
            terminal.wait("$ katas watch")
            pictures = [frame(terminal)]
            terminal.type("\n")
            terminal.wait(lambda text: "0 of 11 points" in text and "grading" not in text)
            pictures.append(frame(terminal))
            file = place / "nn-katas" / "katas" / "exercise01" / "affine.py"
            file.write_text(FIRST, encoding="utf-8")
            terminal.wait(lambda text: "✓" in text and "0 of 11 points" not in text and "grading" not in text)
            pictures.append(frame(terminal))
            file.write_bytes((ROOT / "solutions" / "exercise01" / "affine.py").read_bytes())
            terminal.wait("All tests pass.")
            terminal.wait("1 of ")
            pictures.append(frame(terminal))
    return pictures


def drawn(picture: Text, number: int) -> str:
    """Return one picture as SVG, with unique names."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(picture, no_wrap=True, end="")
    return console.export_svg(title="nn-katas", unique_id=f"session{number}")


def animated(pictures: list[str], shown: Sequence[int] = SECONDS, title: str = TITLE) -> str:
    """Return an SVG that shows the pictures one after the other, repeatedly, each for so many seconds."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', pictures[0])
    assert found is not None
    whole = sum(shown)
    rules, started = [], 0
    for number, seconds in enumerate(shown):
        on, off = 100 * started / whole, 100 * (started + seconds) / whole
        keys = [f"{on:.2f}%,{off - 0.01:.2f}%{{opacity:1}}"]
        keys += [f"0%,{on - 0.01:.2f}%{{opacity:0}}"] if on else []
        keys += [f"{off:.2f}%,100%{{opacity:0}}"] if off < 100 else []
        rules.append(f"@keyframes shown{number}{{{''.join(keys)}}}")
        rules.append(f".shown{number}{{opacity:0;animation:shown{number} {whole}s step-end infinite}}")
        started += seconds
    last = len(pictures) - 1
    still = f"*{{animation:none!important}}.shown{last}{{opacity:1}}"
    style = "".join(rules) + f"@media(prefers-reduced-motion:reduce){{{still}}}"
    groups = "".join(f'<g class="shown{number}">{picture}</g>' for number, picture in enumerate(pictures))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{found[1]}" viewBox="0 0 {found[1]} {found[2]}" role="img">'
        f"<title>{title}</title><style>{style}</style>{groups}</svg>\n"
    )


def main() -> None:
    pictures = [drawn(picture, number) for number, picture in enumerate(recorded())]
    (ROOT / "docs" / "session.svg").write_text(animated(pictures), encoding="utf-8")


if __name__ == "__main__":
    main()
