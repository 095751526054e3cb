"""`katas notebook`: write a kata as a Jupyter notebook, with the README and cells for the answer and its grading.

Writing the same kata twice gives the same bytes, because cell identifiers are not random.
"""

from __future__ import annotations

import base64
import html
import json
import mimetypes
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

from graders.catalogue import Kata
from graders.errors import KataError
from graders.learner import notebook

_FENCED_OR_HEADING = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)|^## ", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"!\[([^!]*?)\]\((?!\w+://)([^()\s]+)\)")  # with its description and its file
_HINTS = re.compile(r"## hints?\b", re.IGNORECASE)  # the README from here on is for learners who are stuck or done

ANSWER = """\
## Your answer

The next cell is the file `{name}`. Change it and run it (Shift+Enter). Only that cell is graded, so it
needs its own imports. Keep its first line, which names the file.\
"""

PREPARE = """\
## Before you begin

This kata needs more than its cells. Run the next cell first, each time the kernel starts: {what}.\
"""
IMPORTABLE = "it makes `{name}` importable here, as it is when you are graded"
TAKEN = "it prepares the folder `{folder}/`, where you write `{name}` in an editor and where the grader reads it"

CONTENTS = """\
# {count} exercises in one notebook

{titles}

Each exercise has its text, a cell for your answer, and a cell that grades it. You can do the exercises in any order.\
"""
PLOTS = """\
# Run this cell first: it imports NumPy, gives all plots of this notebook the same look, and seeds np.random.
import numpy as np

HAS_SNS = False
try:
    import matplotlib as mpl
    import matplotlib.pyplot as plt
except ImportError:
    print("Plots need matplotlib: pip install matplotlib")
else:
    try:
        import seaborn as sns

        sns.set_theme(style="whitegrid", palette="colorblind")
        HAS_SNS = True
    except ImportError:
        plt.style.use(["seaborn-v0_8-whitegrid", "seaborn-v0_8-colorblind"])  # matplotlib's copies of the same
    mpl.rcParams.update({"figure.figsize": (10, 6), "figure.dpi": 120, "font.size": 13, "lines.linewidth": 2.0})
    mpl.rcParams.update({"axes.titlesize": 15, "axes.labelsize": 13, "xtick.labelsize": 11, "ytick.labelsize": 11})
    mpl.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "savefig.bbox": "tight"})
    mpl.rcParams.update({"legend.fontsize": 11, "legend.framealpha": 0.85, "savefig.dpi": 150})
    print("Plot setup complete.")
np.random.seed(42)  # for your own experiments; no exercise draws from it\
"""

CLOSING = """\
# Closing reflection

A loss that doesn't fall says that something is wrong, but not where. What you can look at is on the way from the input
to the loss and back: shapes, activations and gradients, one layer after another. Think of the last fault that you had
to find. Which of the functions above would have shown it, and where will you look first next time?\
"""

SHORT = """\
# Neural networks in ten exercises

Each exercise takes a few lines, with numbers that you can check by hand. The first cell is for your answer, the second
one has a solution. JupyterLab folds the solution's code (click the three dots to read it) and shows its output, so that
you can compare. The kata named below an exercise asks for the whole function, and grades it.\
"""
SHORT_EXERCISE = """\
## Exercise {number}: {title}

{asks}

Its kata: `katas notebook {kata}`\
"""

VERDICT = """\
## The verdict

Run the next cell as often as you like; the first time it takes a second or two. It grades what you last **ran**, so run
your answer again after a change. The tests are those of `katas grade {slug}`, hidden ones included.\
"""
WITHOUT_GRADERS = """\
<details>
<summary>If it says: No module named 'graders'</summary>

The notebook and the katas use different Pythons. In VS Code, choose the kernel of the katas' `.venv` (top right). For
Jupyter, install and start it in that environment: `. .venv/bin/activate`, `pip install jupyterlab`, `jupyter lab`.

</details>\
"""

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "pygments_lexer": "ipython3"},
}
CODE = ("plots", "prepared", "file", "try", "grade", "starter", "solution")  # the kinds of cells that are not Markdown
MARKED = {
    "try": {"tags": ["raises-exception"]},  # the cells after it run even if it fails
    "solution": {"jupyter": {"source_hidden": True}},  # folded
}

Cell = tuple[str, str]  # the kind of a cell, and its source


def check(output: Path, *, force: bool) -> None:
    """Raise KataError if the file name does not end with .ipynb, or if the file exists and `force` is not set."""
    if output.suffix != ".ipynb":
        raise KataError(f"{output}: Jupyter does not open this as a notebook. End the file name with .ipynb.")
    if output.exists() and not force:
        raise KataError(f"{output}: the file exists already. Use another with --output, or overwrite it with --force.")


def written(kata: Kata, beside: Path) -> str:
    """Return the text of a notebook for the folder `beside`. Raises KataError if a file cannot become a cell."""
    return _text_of(_cells(kata, beside, VERDICT + "\n\n" + WITHOUT_GRADERS))


def written_together(katas: Sequence[Kata], beside: Path) -> str:
    """Return the text of one notebook for several katas, for the folder `beside`.

    Raises KataError in the same cases as `written`, and if two katas have files with the same name.
    """
    owners: dict[str, str] = {}
    for kata in katas:
        for name in notebook.cells_of(kata):
            if owners.setdefault(name, kata.slug) != kata.slug:
                raise KataError(
                    f"{kata.slug}: {name} is also a file of {owners[name]}, and one notebook cannot hold both. "
                    "Write a notebook for each kata."
                )
    titles = "\n".join(f"{number}. {kata.title} (`{kata.slug}`)" for number, kata in enumerate(katas, start=1))
    contents = f"{CONTENTS.format(count=len(katas), titles=titles)}\n\n{WITHOUT_GRADERS}"
    cells = [("contents", contents), ("plots", PLOTS)]
    for kata in katas:
        cells += [(f"{kata.slug}-{kind}", source) for kind, source in _cells(kata, beside, VERDICT)]
    return _text_of([*cells, ("closing", CLOSING)])


def written_short() -> str:
    """Return the text of the notebook of the ten short exercises, which needs no kata and grades nothing."""
    text = Path(__file__).with_name("ten_exercises.toml").read_text(encoding="utf-8")
    cells = [("short", SHORT), ("plots", PLOTS)]
    for number, each in enumerate(tomllib.loads(text)["exercises"], start=1):
        cells.append(("exercise", SHORT_EXERCISE.format(number=number, **each)))
        for kind, first in (("starter", "# Your answer"), ("solution", "# Solution")):
            given = f"{each['given'].strip()}\n\n".lstrip()
            cells.append((kind, f"{first}\n{given}{each[kind].strip()}\n{each['shown'].strip()}"))
    return _text_of([*cells, ("closing", CLOSING)])


def _text_of(cells: Iterable[Cell]) -> str:
    nbformat: Any = import_module("nbformat")
    made, numbers = [], Counter[str]()
    for name, source in cells:
        numbers[name] += 1
        kind = name.rpartition("-")[2]
        cell = {"id": f"{name}-{numbers[name]}", "metadata": MARKED.get(kind, {}), "source": source}
        code: dict[str, Any] = {"source": source.rstrip("\n"), "execution_count": None, "outputs": []}
        made.append({"cell_type": "markdown", **cell} if kind not in CODE else {"cell_type": "code", **cell, **code})
    page = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": METADATA, "cells": made})
    nbformat.validate(page)
    text: str = nbformat.writes(page)
    return text


def _cells(kata: Kata, beside: Path, verdict: str) -> Iterator[Cell]:
    """Yield the cells of one kata. `verdict` is the template of the text above the cell that grades the kata."""
    files, folder = notebook.cells_of(kata), f"{kata.slug}-work"
    path = kata.folder / "README.md"
    sections = _sections(_text(path)) if path.is_file() else [f"# {kata.title}"]
    hints = next((number for number, section in enumerate(sections) if _HINTS.match(section)), len(sections))
    for section in sections[:hints]:
        yield from (("readme", piece) for piece in _with_pictures(section, kata))
    needed = [IMPORTABLE.format(name=Path(name).stem) for name in kata.supplied if name.endswith(".py")]
    needed += [TAKEN.format(folder=folder, name=name) for name in notebook.other_files(kata)]
    if needed:
        yield "prepare", PREPARE.format(what="; ".join(needed))
        yield "prepared", _call("prepare", kata, folder, beside)
    for name in files:
        yield "answer", ANSWER.format(name=name)
        yield "file", f"# file: {name}\n{_text(kata.folder / name)}"
    yield "try", f"# Try it here: {', '.join(kata.entry_points)}"
    yield "verdict", verdict.format(slug=kata.slug)
    yield "grade", _call("grade", kata, folder, beside)
    for section in sections[hints:]:
        yield from (("further", piece) for piece in _with_pictures(section, kata))


def _call(function: str, kata: Kata, folder: str, beside: Path) -> str:
    """Return a call that names the repository only if a notebook in `beside` would not use it by default."""
    try:
        found = notebook.root_of(kata.slug, beside) == kata.root.resolve()
    except KataError:
        found = False
    root = "" if found else f", root={json.dumps(str(kata.root), ensure_ascii=False)}"
    return f'from graders.learner.notebook import {function}\n\n{function}("{kata.slug}", folder="{folder}"{root})'


# ------------------------------------------------------------------------------------------- the README


def _sections(text: str) -> list[str]:
    starts = [found.start() for found in _FENCED_OR_HEADING.finditer(text) if found[0] == "## "]
    pieces = (text[start:end].strip() for start, end in pairwise([0, *starts, len(text)]))
    return [piece for piece in pieces if piece]


def _with_pictures(section: str, kata: Kata) -> list[str]:
    """Return the cells of a section. Each picture is embedded in its own cell, so that the text is easy to edit."""
    pieces = _PICTURE.sub(lambda found: f"\0{_picture(kata, found[2], found[1])}\0", section).split("\0")
    return [piece.strip() for piece in pieces if piece.strip()]


def _picture(kata: Kata, file: str, alt: str) -> str:
    """Return the picture as self-contained HTML. JupyterLab can show this, unlike an SVG attached to a cell."""
    kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
    try:
        data = base64.b64encode((kata.folder / file).read_bytes()).decode("ascii")
    except OSError as fault:
        raise KataError(
            f"katas/{kata.slug}/README.md: the picture {file} cannot be read ({fault.strerror}). "
            f"Draw it: katas show {kata.slug} --readme"
        ) from None
    return f'<img alt="{html.escape(" ".join(alt.split()))}" src="data:{kind};base64,{data}">'


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise KataError(f"{path}: the file cannot be read ({fault}). Restore it.") from None
