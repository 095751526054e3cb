"""`katas next`: recommend a kata to do next."""

from __future__ import annotations

from graders.cli.options import chosen_katas
from graders.cli.session import Invocation


def next_() -> None:
    """Recommend the next kata, and say why."""
    import datetime

    from graders.learner.again import suggestion
    from graders.learner.guidance import advice
    from graders.learner.progress import Progress

    katas = chosen_katas(None)
    with Progress.of(Invocation.root) as progress:
        print(advice(katas, progress.standings([kata.slug for kata in katas])))
        if repeat := suggestion(katas, progress, datetime.datetime.now().astimezone().date()):
            print(repeat)
