"""`katas diff`: compare your files with the solution."""

from __future__ import annotations

from graders import catalogue
from graders.cli.options import Anyway, Slug
from graders.cli.session import Invocation


def diff(slug: Slug, anyway: Anyway = False) -> None:
    """Compare your files with the solution, once you have passed."""
    from graders.learner import guidance
    from graders.learner.progress import Progress

    kata = catalogue.load(Invocation.root, slug)
    with Progress.of(Invocation.root) as progress:
        guidance.allow_solution(kata, progress, anyway=anyway)
    print(guidance.difference(kata) or f"{slug}: your files are identical to the solution")
