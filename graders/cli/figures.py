"""`katas figures`: the pictures of the READMEs, each drawn by the script beside the kata's solution.

A script solutions/<slug>/figure.py has a function draw(figure) that draws into the matplotlib Figure it is given, with
the solution at hand as a module; the picture becomes katas/<slug>/figure.svg, that of figure_NAME.py figure_NAME.svg.
Lines, fonts and identifiers are fixed here, so that one version of matplotlib draws the same file every time.
"""

from __future__ import annotations

import io
import os
import runpy
import sys
from pathlib import Path
from typing import Any

from graders.catalogue import Kata
from graders.errors import KataError

NEEDED = "pictures need matplotlib: pip install 'nn-katas[figures]'"
LOOK: Any = {
    "svg.hashsalt": "katas",  # identifiers in the file are hashes; without it they would be random
    "svg.fonttype": "path",  # the same letters whatever fonts the reader has
    "figure.figsize": (7.6, 3.2),  # inches; GitHub shows a README some 8 inches wide
    "figure.facecolor": "white",  # readable on a dark page too
    "figure.constrained_layout.use": True,
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


def scripts_of(kata: Kata) -> list[Path]:
    """The scripts of this kata's pictures, the main one first."""
    return sorted([*kata.solution.glob("figure.py"), *kata.solution.glob("figure_*.py")], key=lambda path: path.stem)


def picture_of(kata: Kata, script: Path) -> Path:
    """Where the picture that a script draws lies."""
    return kata.folder / f"{script.stem}.svg"


def drawn(kata: Kata, script: Path) -> str:
    """A picture as SVG text. Raises KataError where matplotlib is missing or the script fails."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise KataError(NEEDED) from None
    before, known = list(sys.path), set(sys.modules)
    folders = [str(script.parent), str(kata.folder)]  # the solution comes before the stub, with what is supplied
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
