"""`katas reset`: restore the original stubs."""

from __future__ import annotations

from graders import catalogue
from graders.cli.options import Slug
from graders.cli.session import Invocation


def reset(slug: Slug) -> None:
    """Restore a kata's original stubs, so that you can start again.

    Your version is saved in .katas/backup/.
    """
    from graders.learner import guidance

    print("\n".join(guidance.reset(catalogue.load(Invocation.root, slug, complete=False))))
