"""Makes docs/grade.svg and docs/watch.svg: the wrong submission of the demo, really graded and watched.

python docs/screenshot.py
"""

from __future__ import annotations

import io
import time
from pathlib import Path

from rich.console import Console

from graders import catalogue
from graders.judge import Judge
from graders.progress import Standing
from graders.report import terminal
from graders.report.shown import shown
from graders.watch import view

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SLUG = "exercise04"
WRONG = ROOT / "graders" / "demo" / "wrong"
SEED = bytes(16)
COLUMNS, LINES = 80, 30


def recorder() -> Console:
    return Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")


def main() -> None:
    with Judge(ROOT) as judge:
        judge.grade(SLUG, WRONG, seed=SEED)
        begun = time.monotonic()
        verdict = judge.grade(SLUG, WRONG, seed=SEED)  # as at a save: the judge is warm
        seconds = time.monotonic() - begun
    console = recorder()
    console.print(f"$ katas grade {SLUG} --submission graders/demo/wrong", style="bold", highlight=False)
    terminal.print_verdict(verdict, console)
    console.save_svg(str(DOCS / "grade.svg"), title="katas", unique_id="katas")

    katas = catalogue.load_all(ROOT)
    standings = {kata.slug: Standing(kata.slug) for kata in katas}
    for kata in katas:
        if kata.slug in ("exercise01", "exercise02", "exercise03"):
            standings[kata.slug] = Standing(kata.slug, 1, sum(task.points for task in kata.tasks), "2026-01-01")
    state = view.State(katas, standings, next(kata for kata in katas if kata.slug == SLUG))
    state.verdict, state.seconds, state.graded_at = shown(verdict, "learner"), seconds, "14:03:12"
    standings[SLUG] = Standing(SLUG, 1, verdict.score)
    console = recorder()
    console.print(view.picture(state, console, COLUMNS, LINES))
    console.save_svg(str(DOCS / "watch.svg"), title=f"katas watch {SLUG}", unique_id="watch")


if __name__ == "__main__":
    main()
