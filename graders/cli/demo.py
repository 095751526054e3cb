"""`katas demo`: grade three bundled submissions."""

from __future__ import annotations

from pathlib import Path

from graders import catalogue
from graders.cli.session import Invocation
from graders.errors import CatalogueError, KataError

DEMO = Path(__file__).parents[1] / "demo"
EXPECTED = {"right": "passed", "wrong": "failed", "cheating": "failed"}


def demo() -> int:
    """Grade a right, a wrong and a cheating submission.

    All three are for exercise04.

    Exit status: 0 if each verdict is the expected one, 2 if not.
    """
    from rich.console import Console

    from graders.report.terminal import print_verdict

    if "exercise04" not in catalogue.slugs(Invocation.root):
        fault = "the demo grades exercise04, which is missing here. Use a full checkout: --root DIR"
        raise CatalogueError(f"{Invocation.root}: {fault}")
    if not DEMO.is_dir():
        fault = "this copy does not include the demo's submissions"
        raise KataError(f"{DEMO}: {fault}. Grade your own files instead: `katas grade exercise04`.")
    console = Console()
    surprises = []
    with Invocation.judge(resident=True) as judge:
        for name, expected in EXPECTED.items():
            text = (DEMO / name / "softmax_cross_entropy.py").read_text(encoding="utf-8")
            console.print()
            console.rule(f"[bold]{name}", style="dim", align="left")
            console.print(text.splitlines()[0].strip('"'), markup=False, style="dim")
            console.print()
            verdict = judge.grade("exercise04", DEMO / name)
            print_verdict(verdict, console)
            if verdict.status != expected:
                surprises.append(f"{name}: expected {expected}, got {verdict.status} {verdict.message}")
    for line in surprises:
        console.print(line, markup=False)
    return 2 if surprises else 0
