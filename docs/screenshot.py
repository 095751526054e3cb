"""Draw docs/passed.svg, docs/grade.svg and docs/watch.svg from real grading runs.

passed.svg shows a first success: exercise01, solved. The other two show the demo's wrong submission, once in
`katas grade` and once in `katas watch`.

python docs/screenshot.py
"""

from __future__ import annotations

import io
import time
from pathlib import Path

from rich.console import Console

from graders import Judge, catalogue
from graders.learner.progress import Standing
from graders.learner.watch import view
from graders.learner.watch.session import State
from graders.report import terminal
from graders.report.text import shown
from graders.verdict import Verdict

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FIRST = "exercise01"
SLUG = "exercise04"
WRONG = ROOT / "graders" / "demo" / "wrong"
SEED = bytes(16)
COLUMNS, LINES = 80, 30


def recorder() -> Console:
    return Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")


def draw_grading(command: str, verdict: Verdict, name: str) -> None:
    """Draw the terminal after a command that printed this verdict."""
    console = recorder()
    console.print(f"$ {command}", style="bold", highlight=False)
    terminal.print_verdict(verdict, console)
    console.save_svg(str(DOCS / f"{name}.svg"), title="katas", unique_id="katas")


def main() -> None:
    with Judge(ROOT) as judge:
        solved = judge.grade(FIRST, ROOT / "solutions" / FIRST, seed=SEED)
        judge.grade(SLUG, WRONG, seed=SEED)
        started = time.monotonic()
        verdict = judge.grade(SLUG, WRONG, seed=SEED)  # the judge is already warm, as in `katas watch`
        seconds = time.monotonic() - started
    draw_grading(f"katas grade {FIRST}", solved, "passed")
    draw_grading(f"katas grade {SLUG} --submission graders/demo/wrong", verdict, "grade")

    katas = catalogue.load_all(ROOT)
    standings = {kata.slug: Standing(kata.slug) for kata in katas}
    for kata in katas:
        if kata.slug in ("exercise01", "exercise02", "exercise03"):
            standings[kata.slug] = Standing(kata.slug, 1, sum(task.points for task in kata.tasks), "2026-01-01")
    state = State(katas, standings, next(kata for kata in katas if kata.slug == SLUG))
    state.verdict, state.seconds, state.graded_at = shown(verdict, "learner"), seconds, "14:03:12"
    standings[SLUG] = Standing(SLUG, 1, verdict.score)
    console = recorder()
    console.print(view.picture(state, console, COLUMNS, LINES))
    console.save_svg(str(DOCS / "watch.svg"), title=f"katas watch {SLUG}", unique_id="watch")


if __name__ == "__main__":
    main()
