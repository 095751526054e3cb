"""Draw the pictures for READMEs with the scripts in solutions/.

The script solutions/<slug>/figure.py draws katas/<slug>/figure.svg, and figure_NAME.py draws figure_NAME.svg. A script
defines a function draw(figure), which draws into a matplotlib Figure, and it may import the solution.
graders.output.plotting fixes the line styles, fonts and identifiers, so that a given version of matplotlib always
writes the same file.
"""

from __future__ import annotations

import io
import os
import runpy
import sys
from pathlib import Path

from graders.catalogue import Kata
from graders.errors import KataError
from graders.extras import missing
from graders.output.delivery import deliver
from graders.output.plotting import LOOK


def scripts_of(kata: Kata) -> list[Path]:
    """Return the scripts that draw a kata's pictures."""
    return sorted(kata.solution.glob("figure*.py"), key=lambda path: path.stem)


def redraw(kata: Kata, script: Path) -> str:
    """Redraw a picture, and return a line that says whether it has changed."""
    text, picture = drawn(kata, script), kata.folder / f"{script.stem}.svg"
    same = picture.is_file() and picture.read_text(encoding="utf-8") == text
    if not same:
        deliver(text, picture)
    return f"{picture.relative_to(kata.root)}: {'unchanged' if same else 'redrawn'}"


def drawn(kata: Kata, script: Path) -> str:
    """Draw a picture and return it as SVG text. Raises KataError if matplotlib is missing or the script fails."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise KataError(missing("matplotlib")) from None
    before, known = list(sys.path), set(sys.modules)
    folders = [
        str(script.parent),
        str(kata.folder),
        *(str(script.parent.parent / other.slug) for other in kata.earlier),
        *(str(other.folder) for other in kata.earlier if other.supplied),
    ]  # the solution's folder comes first; the katas' folders hold the supplied files
    sys.path[:0] = folders
    try:
        with matplotlib.rc_context(LOOK):
            figure = Figure()
            runpy.run_path(str(script))["draw"](figure)
            text = io.StringIO()
            figure.savefig(text, format="svg", metadata={"Date": None})
    except Exception as fault:
        raise KataError(f"{script}: {type(fault).__name__}: {fault}") from fault
    finally:
        sys.path[:] = before
        for name in set(sys.modules) - known:  # the next kata's solution may have a module of the same name
            if os.path.dirname(str(getattr(sys.modules[name], "__file__", ""))) in folders:
                del sys.modules[name]
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"
