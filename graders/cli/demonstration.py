"""`katas demo`: grade the three submissions that come with the harness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graders.errors import KataError
from graders.report import terminal

DEMO = Path(__file__).parents[1] / "demo"
EXPECTED = {"right": "passed", "wrong": "failed", "cheating": "failed"}


def demonstrate(judge: Any) -> int:
    """Grade the three submissions and show the verdicts. Return 0 if all verdicts are as expected, otherwise 2.

    Raises KataError if the submissions are missing.
    """
    if not DEMO.is_dir():
        raise KataError(
            f"{DEMO}: this copy does not include the demo's submissions. "
            "Grade your own files instead: `katas grade exercise04`."
        )
    from rich.console import Console

    console = Console()
    surprises = []
    for name, expected in EXPECTED.items():
        text = (DEMO / name / "softmax_cross_entropy.py").read_text(encoding="utf-8")
        console.print()
        console.rule(f"[bold]{name}", style="dim", align="left")
        console.print(text.splitlines()[0].strip('"'), markup=False, style="dim")
        console.print()
        verdict = judge.grade("exercise04", DEMO / name)
        terminal.print_verdict(verdict, console)
        if verdict.status != expected:
            surprises.append(f"{name}: expected {expected}, got {verdict.status} {verdict.message}")
    for line in surprises:
        console.print(line, markup=False)
    return 2 if surprises else 0
