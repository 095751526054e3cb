"""`katas solution`: show the solution of a kata that you have passed."""

from __future__ import annotations

from graders import catalogue
from graders.cli.options import Anyway, Slug
from graders.cli.session import Invocation


def solution(slug: Slug, anyway: Anyway = False) -> None:
    """Show the solution, once you have passed."""
    from graders.learner import guidance
    from graders.learner.progress import Progress

    kata = catalogue.load(Invocation.root, slug)
    with Progress.of(Invocation.root) as progress:
        guidance.allow_solution(kata, progress, anyway=anyway)
    print(guidance.solution(kata).rstrip("\n"))
