"""Makes docs/grade.svg, the picture in the README: a real grading of the wrong submission of the demo.

python docs/screenshot.py
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from graders.judge import Judge
from graders.report import terminal

ROOT = Path(__file__).parents[1]


def main() -> None:
    with Judge(ROOT, resident=False) as judge:
        verdict = judge.grade("exercise04", ROOT / "graders" / "demo" / "wrong", seed=bytes(16))
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print("$ katas grade exercise04 --submission graders/demo/wrong", style="bold", highlight=False)
    terminal.print_verdict(verdict, console)
    console.save_svg(str(ROOT / "docs" / "grade.svg"), title="katas", unique_id="katas")


if __name__ == "__main__":
    main()
