"""`katas notebook`: write a kata as a Jupyter notebook, with the README and cells for the answer and its grading.

Writing the same kata twice gives the same bytes, because cell identifiers are not random.
"""

from __future__ import annotations

import ast
import base64
import builtins
import html
import json
import mimetypes
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from graders.catalogue import Kata
from graders.errors import KataError
from graders.learner import notebook

_FENCED_OR_HEADING = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)|^## ", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"!\[([^!]*?)\]\((?!\w+://)([^()\s]+)\)")  # with its description and its file
_HINTS = re.compile(r"## hints?\b", re.IGNORECASE)  # the README from here on is for learners who are stuck or done
_SSH = re.compile(r"(?:ssh://)?[^@/\s]+@(?P<host>[^:/\s]+)(?::\d+/|[:/])(?P<path>\S+)")

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
# Run this cell first: it gives all plots of this notebook the same look. Only plots need it.
import numpy as np

try:
    import matplotlib.pyplot as plt
except ImportError:
    print("Plots need matplotlib: pip install matplotlib")
else:
    plt.style.use(["seaborn-v0_8-whitegrid", "seaborn-v0_8-colorblind"])
    plt.rcParams.update({"figure.figsize": (10, 6), "figure.dpi": 120, "font.size": 13, "lines.linewidth": 2})
    plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "savefig.bbox": "tight"})\
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

NO_ADDRESS = (
    "It has no Colab badge and no cell that installs the katas, because this repository has no address: "
    "neither a git remote `origin` on a web server nor [project.urls] in pyproject.toml."
)
INSTALL = """\
# Run this cell first on a machine without the katas, such as Google Colab. Where they are installed, it does nothing.
import importlib.util
import pathlib
import subprocess
import sys

if importlib.util.find_spec("graders") is None:
    here = pathlib.Path("nn-katas").resolve()
    if not here.is_dir():
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", {address!r}, str(here)], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--editable", str(here)], check=True)
    sys.path.insert(0, str(here))\
"""
BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"
EXAMPLE = "# An example from the tests; change it, or add your own."
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "pygments_lexer": "ipython3"},
}
CODE = ("install", "plots", "prepared", "file", "try", "grade")  # the kinds of cells that are not Markdown

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


def written_together(katas: Sequence[Kata], place: Path) -> str:
    """Return the text of one notebook for several katas, which will be written to `place`.

    A cell at the beginning installs the repository, if that has an address. Raises KataError in the same cases as
    `written`, and if two katas have files with the same name.
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
    address = address_of(katas[0].root)
    parts = [badge(katas[0].root, place, address)] if address else []
    parts += [CONTENTS.format(count=len(katas), titles=titles), WITHOUT_GRADERS]
    cells = [("contents", "\n\n".join(filter(None, parts)))]
    cells += [("install", INSTALL.format(address=address))] if address else []
    cells.append(("plots", PLOTS))
    for kata in katas:
        cells += [(f"{kata.slug}-{kind}", source) for kind, source in _cells(kata, place.absolute().parent, VERDICT)]
    return _text_of(cells)


def _text_of(cells: Iterable[Cell]) -> str:
    try:
        nbformat: Any = import_module("nbformat")
    except ImportError:
        raise KataError("notebooks need nbformat. Install it: pip install -e '.[notebook]'") from None
    made, numbers = [], Counter[str]()
    for name, source in cells:
        numbers[name] += 1
        kind = name.rpartition("-")[2]
        metadata = {"tags": ["raises-exception"]} if kind == "try" else {}  # the cells after it run even if it fails
        cell = {"id": f"{name}-{numbers[name]}", "metadata": metadata, "source": source}
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
    for example in _examples(kata) or [f"# Try it here: {', '.join(kata.entry_points)}"]:
        yield "try", example
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
            f"Draw it: katas figures {kata.slug}"
        ) from None
    return f'<img alt="{html.escape(" ".join(alt.split()))}" src="data:{kind};base64,{data}">'


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise KataError(f"{path}: the file cannot be read ({fault}). Restore it.") from None


# ------------------------------------------------------------------------------------ example cells

Known = dict[str, tuple[ast.stmt, str]]  # the statement that defines a name, and its text


def _examples(kata: Kata) -> list[str]:
    """Return a code cell for each entry point: the first call in a visible test whose inputs are written there."""
    cells: dict[str, str] = {}
    for path in kata.visible_tests:
        source = _text(path)
        outside: Known = {}
        for node in ast.parse(source).body:
            known, body = (dict(outside), node.body) if isinstance(node, ast.FunctionDef) else (outside, [node])
            for statement in body:
                for name, call in _calls(statement):
                    arguments = ast.Tuple([*call.args, *(keyword.value for keyword in call.keywords)])
                    code = (ast.get_source_segment(source, call) or "").removeprefix("kata.")
                    needed = _needed(arguments, known)
                    if name in kata.entry_points and name not in cells and needed is not None:
                        cells[name] = "\n".join([EXAMPLE, *needed, code])
                known |= _defined(statement, ast.get_source_segment(source, statement) or "")
    return [cells[name] for name in kata.entry_points if name in cells]


def _calls(statement: ast.stmt) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call `kata.name(…)`. A `with` statement is skipped, because the calls in it are expected to fail."""
    for node in () if isinstance(statement, ast.With) else ast.walk(statement):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="kata"), attr=name)):
                yield name, node


def _defined(statement: ast.stmt, text: str) -> Known:
    """Return the name that an import or an assignment defines. From the grader, only `generator` is defined."""
    match statement:
        case ast.Import(names=[ast.alias() as alias]):
            return {alias.asname or alias.name: (statement, text)}
        case ast.Assign(targets=[ast.Name(id=name)]):
            return {name: (statement, text)}
        case ast.ImportFrom(module="graders.checks", names=names) if "generator" in {each.name for each in names}:
            return {"generator": (statement, "from numpy.random import default_rng as generator")}
    return {}


def _needed(node: ast.AST, known: Known) -> list[str] | None:
    """Return the statements that define the names in `node`, imports first, or None if a name is unknown."""
    names = [name for name in ast.walk(node) if isinstance(name, ast.Name)]
    own = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    found: dict[str, None] = {}
    for name in {name.id: None for name in names if name.id not in own and not hasattr(builtins, name.id)}:
        statement, text = known.get(name, (None, ""))
        before = _needed(statement, known) if statement else None
        if before is None:
            return None
        found |= dict.fromkeys([*before, text])
    return sorted(found, key=lambda text: not text.startswith(("import ", "from ")))


# ------------------------------------------------------------------------- notebooks on other machines


def address_of(root: Path) -> str | None:
    """Return the https address of a repository, without passwords, or None if it is unknown."""
    try:
        urls = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {}).get("urls", {})
    except (OSError, ValueError):
        urls = {}
    known = {str(name).lower(): str(url) for name, url in urls.items()}
    found = [_git(root, "remote", "get-url", "origin")]
    found += [known[name] for name in ("repository", "source", "homepage") if name in known]
    return next((address for each in found if (address := _as_https(each))), None)


def badge(root: Path, notebook: Path, address: str) -> str:
    """Return a Colab badge in Markdown, which works once the notebook is pushed; empty for other places than GitHub."""
    root, notebook, place = root.resolve(), notebook.resolve(), urlsplit(address)
    if place.hostname != "github.com" or not notebook.is_relative_to(root):
        return ""
    branch = _git(root, "rev-parse", "--abbrev-ref", "origin/HEAD").removeprefix("origin/") or "main"
    path = f"{place.path}/blob/{quote(branch)}/{quote(notebook.relative_to(root).as_posix())}"
    return BADGE.format(link=f"https://colab.research.google.com/github{path}")


def _as_https(address: str) -> str | None:
    """Return an address that anybody can clone from, or None for a path or an unknown protocol."""
    address = address.strip().removesuffix("/").removesuffix(".git")
    if not address.startswith(("http://", "https://")):
        ssh = _SSH.fullmatch(address)
        return f"https://{ssh['host']}/{ssh['path']}" if ssh else None
    place = urlsplit(address)
    port = f":{place.port}" if place.port else ""
    return f"{place.scheme}://{place.hostname}{port}{place.path}" if place.hostname and len(place.path) > 1 else None


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
