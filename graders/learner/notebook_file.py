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
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from graders.catalogue import Kata
from graders.errors import KataError
from graders.learner import notebook

_FENCE = re.compile(r" {0,3}(```|~~~)")
_PICTURE = re.compile(r"!\[(?P<alt>[^!]*?)\]\((?P<file>[^()\s]+)\)")
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
_BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"
_SSH = re.compile(r"(?:ssh://)?[^@/\s]+@(?P<host>[^:/\s]+)(?::\d+/|[:/])(?P<path>\S+)")

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "pygments_lexer": "ipython3"},
}

Cell = dict[str, Any]


def check(output: Path, *, force: bool) -> None:
    """Raise KataError if the file name does not end with .ipynb, or if the file exists and `force` is not set."""
    if output.suffix != ".ipynb":
        raise KataError(f"{output}: Jupyter does not open this as a notebook. End the file name with .ipynb.")
    if output.exists() and not force:
        raise KataError(f"{output}: the file exists already. Use another with --output, or overwrite it with --force.")


def written(kata: Kata, beside: Path) -> str:
    """Return the text of a notebook that will be written into the folder `beside`.

    Raises KataError if nbformat is missing, or if one of the kata's files cannot become a cell.
    """
    return _text_of(_cells(kata, beside, VERDICT + "\n\n" + WITHOUT_GRADERS))


def written_together(katas: Sequence[Kata], place: Path) -> str:
    """Return the text of one notebook for several katas, which will be written to `place`.

    It has a table of contents and a cell that sets up plots. If the repository has an address, a cell before them
    installs it where it is missing. Raises KataError in the same cases as `written`, and if two katas have files with
    the same name.
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
    address, beside = address_of(katas[0].root), place.absolute().parent
    parts = [badge(katas[0].root, place, address) if address else ""]
    parts += [CONTENTS.format(count=len(katas), titles=titles), WITHOUT_GRADERS]
    cells = _markdown("contents", ["\n\n".join(filter(None, parts))])
    cells += _code("install", [INSTALL.format(address=address)] if address else [])
    cells += _code("plots", [PLOTS])
    for kata in katas:
        cells += [{**cell, "id": f"{kata.slug}-{cell['id']}"} for cell in _cells(kata, beside, VERDICT)]
    return _text_of(cells)


def _cells(kata: Kata, beside: Path, verdict: str) -> list[Cell]:
    """Return the cells of one kata. `verdict` is the template of the text above the cell that grades the kata."""
    files = notebook.cells_of(kata)
    before, after = _readme(kata)
    return [
        *_markdown("readme", before),
        *_preparing(kata, beside),
        *(cell for number, name in enumerate(files, start=1) for cell in _answer(kata, name, number)),
        *_code("try", _examples(kata) or [f"# Try it here: {', '.join(kata.entry_points)}"], tags=["raises-exception"]),
        *_markdown("verdict", [verdict.format(slug=kata.slug)]),
        *_code("grade", [_call("grade", kata, beside)]),
        *_markdown("further", after),
    ]


def _text_of(cells: list[Cell]) -> str:
    try:
        nbformat: Any = import_module("nbformat")
    except ImportError:
        raise KataError("notebooks need nbformat. Install it: pip install -e '.[notebook]'") from None
    page = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": METADATA, "cells": cells})
    nbformat.validate(page)
    text: str = nbformat.writes(page)
    return text


def _preparing(kata: Kata, beside: Path) -> list[Cell]:
    what = [IMPORTABLE.format(name=Path(name).stem) for name in kata.supplied if name.endswith(".py")]
    what += [TAKEN.format(folder=_folder(kata), name=name) for name in notebook.other_files(kata)]
    if not what:
        return []
    text = PREPARE.format(what="; ".join(what))
    return [*_markdown("prepare", [text]), *_code("prepared", [_call("prepare", kata, beside)])]


def _call(function: str, kata: Kata, beside: Path) -> str:
    """Return a call to a function in graders.learner.notebook.

    The call names the repository only if a notebook in `beside` would not use it by default.
    """
    try:
        found = notebook.root_of(kata.slug, beside) == kata.root.resolve()
    except KataError:
        found = False
    words = [f'"{kata.slug}"', f'folder="{_folder(kata)}"']
    words += [] if found else [f"root={json.dumps(str(kata.root), ensure_ascii=False)}"]
    return f"from graders.learner.notebook import {function}\n\n{function}({', '.join(words)})"


def _folder(kata: Kata) -> str:
    return f"{kata.slug}-work"


def _answer(kata: Kata, name: str, number: int) -> list[Cell]:
    source = f"{notebook.first_line(name)}\n{_text(kata.folder / name)}"
    return [*_markdown("answer", [ANSWER.format(name=name)], number), *_code("file", [source], number)]


def _markdown(kind: str, sources: list[str], first: int = 1) -> list[Cell]:
    return [
        {"cell_type": "markdown", "id": f"{kind}-{number}", "metadata": {}, "source": source}
        for number, source in enumerate(sources, start=first)
    ]


def _code(kind: str, sources: list[str], first: int = 1, tags: list[str] | None = None) -> list[Cell]:
    """Return code cells that have not run yet.

    If a cell tagged raises-exception fails, the cells after it still run.
    """
    return [
        {
            "cell_type": "code",
            "id": f"{kind}-{number}",
            "metadata": {"tags": tags} if tags else {},
            "source": source.rstrip("\n"),
            "execution_count": None,
            "outputs": [],
        }
        for number, source in enumerate(sources, start=first)
    ]


# ------------------------------------------------------------------------------------------- the README


def _readme(kata: Kata) -> tuple[list[str], list[str]]:
    """Return the README's cells that come before the answer, and those that come after it.

    The second list starts with the hints.
    """
    path = kata.folder / "README.md"
    sections = _sections(_text(path)) if path.is_file() else [f"# {kata.title}"]
    first = next((number for number, section in enumerate(sections) if _HINTS.match(section)), len(sections))
    before, after = sections[:first], sections[first:]
    return [cell for section in before for cell in _with_pictures(section, kata)], [
        cell for section in after for cell in _with_pictures(section, kata)
    ]


def _sections(text: str) -> list[str]:
    """Split the text before every second-level heading, except in fenced code."""
    sections: list[list[str]] = [[]]
    fence = ""
    for line in text.splitlines():
        opened = _FENCE.match(line)
        if opened and fence in ("", opened[1]):
            fence = "" if fence else opened[1]
        if line.startswith("## ") and not fence:
            sections.append([])
        sections[-1].append(line)
    return [section for lines in sections if (section := "\n".join(lines).strip())]


def _with_pictures(section: str, kata: Kata) -> list[str]:
    """Return the cells of a section. Each picture is embedded in its own cell, so that the text is easy to edit."""
    cells, end = [], 0
    for found in _PICTURE.finditer(section):
        if "://" in found["file"]:
            continue
        cells += [section[end : found.start()], _picture(kata, found["file"], found["alt"])]
        end = found.end()
    return [cell for piece in [*cells, section[end:]] if (cell := piece.strip())]


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


def _examples(kata: Kata) -> list[str]:
    """Return a code cell for each entry point that the visible tests call.

    A cell contains the first suitable call and the statements that it needs. Calls with random inputs and calls made by
    a probe are not suitable.
    """
    cells: dict[str, str] = {}
    for path in kata.visible_tests:
        source = _text(path)
        outside = _Names(source)
        for node in ast.parse(source).body:
            if not isinstance(node, ast.FunctionDef):
                outside.read(node)
                continue
            inside = _Names(source, outside)
            for statement in node.body:
                for name, call in _calls(statement):
                    arguments = ast.Tuple([*call.args, *(keyword.value for keyword in call.keywords)])
                    needed = inside.needed(arguments)
                    if name in kata.entry_points and name not in cells and needed is not None:
                        cells[name] = "\n".join([EXAMPLE, *needed, inside.text(call).removeprefix("kata.")])
                inside.read(statement)
    return [cells[name] for name in kata.entry_points if name in cells]


EXAMPLE = "# An example from the tests; change it, or add your own."


def _calls(statement: ast.stmt) -> Iterator[tuple[str, ast.Call]]:
    """Yield the name and the node of each call `kata.name(…)`.

    A `with` statement is skipped, because the calls in it are expected to fail.
    """
    for node in () if isinstance(statement, ast.With) else ast.walk(statement):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="kata"), attr=name)):
                yield name, node


class _Names:
    """The names that a test file has defined so far, by imports and plain assignments."""

    def __init__(self, source: str, outside: _Names | None = None) -> None:
        self.source = source
        self.known: dict[str, tuple[ast.stmt, str]] = dict(outside.known) if outside else {}

    def read(self, statement: ast.stmt) -> None:
        """Record an import or an assignment `name = …`.

        Of the names from the grader, only `generator` works in a submission.
        """
        text = self.text(statement)
        match statement:
            case ast.Import(names=[ast.alias() as alias]):
                self.known[alias.asname or alias.name] = statement, text
            case ast.Assign(targets=[ast.Name(id=name)]):
                self.known[name] = statement, text
            case ast.ImportFrom(module="graders.checks", names=names) if "generator" in {each.name for each in names}:
                self.known["generator"] = statement, "from numpy.random import default_rng as generator"

    def needed(self, node: ast.AST) -> list[str] | None:
        """Return the statements that define the names in `node`, imports first, or None if a name is unknown."""
        names = [name for name in ast.walk(node) if isinstance(name, ast.Name)]
        own = {name.id for name in names if isinstance(name.ctx, ast.Store)}
        found: dict[str, None] = {}
        for name in (name.id for name in names):
            if name in own or hasattr(builtins, name):
                continue
            if name not in self.known:
                return None
            statement, text = self.known[name]
            before = self.needed(statement)
            if before is None:
                return None
            found |= dict.fromkeys([*before, text])
        imports = [text for text in found if text.startswith(("import ", "from "))]
        return [*imports, *(text for text in found if text not in imports)]

    def text(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.source, node) or ""


# ------------------------------------------------------------------------- notebooks on other machines


def address_of(root: Path) -> str | None:
    """Return the https address of a repository, without passwords, or None if it is unknown."""
    found = [_git(root, "remote", "get-url", "origin"), *_urls(root / "pyproject.toml")]
    return next((address for each in found if (address := _as_https(each))), None)


def badge(root: Path, notebook: Path, address: str) -> str:
    """Return a Colab badge in Markdown, or an empty string.

    Colab opens notebooks in GitHub repositories. The badge works once the notebook is committed and pushed.
    """
    notebook = notebook.resolve()
    place = urlsplit(address)
    if place.hostname != "github.com" or not notebook.is_relative_to(root.resolve()):
        return ""
    branch = _git(root, "rev-parse", "--abbrev-ref", "origin/HEAD").removeprefix("origin/") or "main"
    name = notebook.relative_to(root.resolve()).as_posix()
    link = f"https://colab.research.google.com/github{place.path}/blob/{quote(branch)}/{quote(name)}"
    return _BADGE.format(link=link)


def _as_https(address: str) -> str | None:
    """Return an address that anybody can clone from, or None for a path or an unknown protocol."""
    address = address.strip().removesuffix("/").removesuffix(".git")
    ssh = _SSH.fullmatch(address) if not address.startswith(("http://", "https://")) else None
    if ssh:
        return f"https://{ssh['host']}/{ssh['path']}"
    place = urlsplit(address)
    if place.scheme not in ("http", "https") or not place.hostname or len(place.path) < 2:
        return None
    port = f":{place.port}" if place.port else ""
    return f"{place.scheme}://{place.hostname}{port}{place.path}"


def _urls(path: Path) -> list[str]:
    try:
        urls = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {}).get("urls", {})
    except (OSError, ValueError):
        return []
    known = {str(name).lower(): str(url) for name, url in urls.items()}
    return [known[name] for name in ("repository", "source", "homepage") if name in known]


def _git(root: Path, *words: str) -> str:
    """Return what git prints, or an empty string if it fails."""
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
