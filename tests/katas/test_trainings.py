"""The progress display during a challenge's training, and what Ctrl-C keeps."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.at_terminal import AtTerminal
from tests.workshop import write

SUPPLIED = sorted(Path(__file__).parents[2].glob("katas/*/progress.py"))
PROGRAM = """
import time
from progress import shown

done = []
with shown("feature extraction", total=400, unit="images", each=300) as tell:
    for step in range(400):
        time.sleep(0.25)
        done.append(step)
        tell(step + 1, 2.3 / (step + 1), 0.5)
print(f"after {len(done)} steps the program went on")
"""


def test_every_kata_supplies_the_same_progress_module() -> None:
    assert len(SUPPLIED) >= 2
    assert len({path.read_text(encoding="utf-8") for path in SUPPLIED}) == 1


def learning(folder: Path) -> list[str]:
    """Return the command of a program that trains for longer than the test waits."""
    write(folder / "progress.py", SUPPLIED[0].read_text(encoding="utf-8"))
    write(folder / "learn.py", PROGRAM)
    return [sys.executable, "learn.py"]


@pytest.mark.deep
def test_a_terminal_shows_progress_and_ctrl_c_keeps_the_steps(tmp_path: Path) -> None:
    with AtTerminal(learning(tmp_path), cwd=tmp_path) as terminal:
        # The time left appears after a few steps, and the loss is below 1 from the third step on.
        whole = re.compile(r"^feature extraction .*/400 loss 0\.\d+, 50\.0% right, \S+ images/s .*\d:\d\d$", re.M)
        text = terminal.wait(lambda text: bool(whole.search(text)))
        assert "…" not in whole.search(text)[0]
        terminal.type("\x03")
        done = terminal.end()
    assert done.status == 0, done.said
    assert "of 400; the training so far is kept" in terminal.text()
    assert "steps the program went on" in terminal.text()
    assert "after 400 steps" not in terminal.text()


def test_without_a_terminal_nothing_is_shown(tmp_path: Path) -> None:
    program = PROGRAM.replace("time.sleep(0.25)", "")
    command = learning(tmp_path)
    write(tmp_path / "learn.py", program)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=True)
    assert done.stdout == "after 400 steps the program went on\n"
    assert done.stderr == ""
