"""`katas figures`: redraw the pictures in the READMEs."""

from __future__ import annotations

from graders.cli.options import Slugs, chosen_katas, one_by_one
from graders.cli.session import Invocation
from graders.errors import KataError


def figures(slugs: Slugs = None) -> None:
    """Redraw the pictures in the katas' READMEs.

    The scripts figure.py and figure_NAME.py, next to the solution, draw .svg files next to the README.
    """
    from graders.authoring.figures import drawn, picture_of, scripts_of
    from graders.output.delivery import deliver

    chosen = chosen_katas(slugs)
    lacking = [str(kata.solution / "figure.py") for kata in chosen if slugs and not scripts_of(kata)]
    if lacking:
        raise KataError(f"{', '.join(lacking)}: no such file. Write it, with a function draw(figure).")
    scripts = [(kata, script) for kata in chosen for script in scripts_of(kata)]
    for kata, script in one_by_one(scripts, "drawing"):
        text = drawn(kata, script)
        picture = picture_of(kata, script)
        same = picture.is_file() and picture.read_text(encoding="utf-8") == text
        if not same:
            deliver(text, picture)
        print(f"{picture.relative_to(Invocation.root)}: {'unchanged' if same else 'redrawn'}")
