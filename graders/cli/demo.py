"""`katas demo`: grade three bundled submissions."""

from __future__ import annotations

from graders import catalogue
from graders.cli.session import Invocation
from graders.errors import CatalogueError


def demo() -> int:
    """Grade a right, a wrong and a cheating submission.

    All three are for exercise04.

    Exit status: 0 if each verdict is the expected one, 2 if not.
    """
    from graders.cli.demonstration import demonstrate

    if "exercise04" not in catalogue.slugs(Invocation.root):
        raise CatalogueError(
            f"{Invocation.root}: the demo grades exercise04, which is missing here. Use a full checkout: --root DIR"
        )
    with Invocation.judge(resident=True) as judge:
        return demonstrate(judge)
