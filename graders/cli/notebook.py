"""`katas notebook`: a kata as a Jupyter notebook, the README around a cell to write the answer in and one to grade it.

The same kata gives the same bytes: the identifiers of the cells are their places, and no version, path or date of the
machine is in the file.
"""

from __future__ import annotations

import ast
import base64
import builtins
import html
import json
import mimetypes
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from graders import notebook
from graders.catalogue import Kata
from graders.errors import KataError

_FENCE = re.compile(r" {0,3}(```|~~~)")
_PICTURE = re.compile(r"!\[(?P<alt>[^!]*?)\]\((?P<file>[^()\s]+)\)")
_HINTS = re.compile(r"## hints?\b", re.IGNORECASE)  # from here on the README is read when one is stuck or done

ANSWER = """\
## Your answer

The next cell is the file `{name}`. Change it and run it (Shift+Enter). All that is graded stands there, imports
included; the first line says which file it is, and has to stay.\
"""

PREPARE = """\
## Before you begin

This kata is more than cells. Run the next one first, every time the kernel has started: {what}.\
"""
IMPORTABLE = "it makes `{name}` importable here, as it is for the grader"
TAKEN = (
    "it prepares the folder `{folder}/`, from which `{name}` is taken when you are graded; work on that in an editor"
)

VERDICT = """\
## The verdict

Run the next cell as often as you like; the first time it takes a second or two. It grades what you **ran** last, so run
your answer again after a change. The tests are those of `katas grade {slug}`, hidden ones included.

<details>
<summary>It says: No module named 'graders'</summary>

The notebook runs in another Python than the katas. In VS Code choose the kernel of their `.venv` (top right); Jupyter
has to be installed and started in it: `. .venv/bin/activate`, `pip install jupyterlab`, `jupyter lab`.

</details>\
"""

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "pygments_lexer": "ipython3"},
}

Cell = dict[str, Any]


def check(output: Path, *, force: bool) -> None:
    """Raise KataError for a file that is no notebook's, or that would be lost."""
    if output.suffix != ".ipynb":
        raise KataError(f"{output}: Jupyter opens no notebook of this name: let it end in .ipynb")
    if output.exists() and not force:
        raise KataError(
            f"{output}: it is there already: name another file with --output, or replace it, and lose what is in it, "
            "with --force"
        )


def written(kata: Kata, beside: Path) -> str:
    """The notebook as text, for the folder `beside`. Raises KataError where nbformat is missing or no cells will do."""
    try:
        nbformat: Any = import_module("nbformat")
    except ImportError:
        raise KataError("notebooks need nbformat: pip install 'nn-katas[notebook]'") from None
    files = notebook.cells_of(kata)
    before, after = _readme(kata)
    cells = [
        *_markdown("readme", before),
        *_preparing(kata, beside),
        *(cell for number, name in enumerate(files, start=1) for cell in _answer(kata, name, number)),
        *_code("try", _examples(kata) or [f"# Try it here: {', '.join(kata.entry_points)}"], tags=["raises-exception"]),
        *_markdown("verdict", [VERDICT.format(slug=kata.slug)]),
        *_code("grade", [_call("grade", kata, beside)]),
        *_markdown("further", after),
    ]
    page = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": METADATA, "cells": cells})
    nbformat.validate(page)
    text: str = nbformat.writes(page)
    return text


def _preparing(kata: Kata, beside: Path) -> list[Cell]:
    """For a kata that supplies something, or takes files that are no cells."""
    what = [IMPORTABLE.format(name=Path(name).stem) for name in kata.supplied if name.endswith(".py")]
    what += [TAKEN.format(folder=_folder(kata), name=name) for name in notebook.beside(kata)]
    if not what:
        return []
    text = PREPARE.format(what="; ".join(what))
    return [*_markdown("prepare", [text]), *_code("prepared", [_call("prepare", kata, beside)])]


def _call(function: str, kata: Kata, beside: Path) -> str:
    """A call of graders.notebook; the repository is named only where it would not be found from `beside`."""
    try:
        found = notebook.root_of(kata.slug, beside) == kata.root.resolve()
    except KataError:
        found = False
    words = [f'"{kata.slug}"', f'folder="{_folder(kata)}"']
    words += [] if found else [f"root={json.dumps(str(kata.root), ensure_ascii=False)}"]
    return f"from graders.notebook import {function}\n\n{function}({', '.join(words)})"


def _folder(kata: Kata) -> str:
    """Where the graded files are left, beside the notebook."""
    return f"{kata.slug}-work"


def _answer(kata: Kata, name: str, number: int) -> list[Cell]:
    """A file as the learner has it, in a cell to be worked on."""
    source = f"{notebook.first_line(name)}\n{_text(kata.folder / name)}"
    return [*_markdown("answer", [ANSWER.format(name=name)], number), *_code("file", [source], number)]


def _markdown(kind: str, sources: list[str], first: int = 1) -> list[Cell]:
    return [
        {"cell_type": "markdown", "id": f"{kind}-{number}", "metadata": {}, "source": source}
        for number, source in enumerate(sources, start=first)
    ]


def _code(kind: str, sources: list[str], first: int = 1, tags: list[str] | None = None) -> list[Cell]:
    """Cells of code, not run yet. A cell tagged raises-exception does not stop those after it."""
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
    """The README in cells: what is read before one begins, and (from the hints on) what after."""
    path = kata.folder / "README.md"
    sections = _sections(_text(path)) if path.is_file() else [f"# {kata.title}"]
    first = next((number for number, section in enumerate(sections) if _HINTS.match(section)), len(sections))
    before, after = sections[:first], sections[first:]
    return [cell for section in before for cell in _pictured(section, kata)], [
        cell for section in after for cell in _pictured(section, kata)
    ]


def _sections(text: str) -> list[str]:
    """The text parted before every heading of the second level, except in fenced code."""
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


def _pictured(section: str, kata: Kata) -> list[str]:
    """A section with its pictures inside, each in a cell of its own so that the text beside it stays easy to edit."""
    cells, end = [], 0
    for found in _PICTURE.finditer(section):
        if "://" in found["file"]:
            continue
        cells += [section[end : found.start()], _picture(kata, found["file"], found["alt"])]
        end = found.end()
    return [cell for piece in [*cells, section[end:]] if (cell := piece.strip())]


def _picture(kata: Kata, file: str, alt: str) -> str:
    """The picture as HTML that stands alone. JupyterLab shows no SVG that is attached to a cell, but shows this."""
    kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
    try:
        data = base64.b64encode((kata.folder / file).read_bytes()).decode("ascii")
    except OSError as fault:
        raise KataError(
            f"katas/{kata.slug}/README.md: it shows {file}, which cannot be read ({fault.strerror}); "
            f"draw it: katas figures {kata.slug}"
        ) from None
    return f'<img alt="{html.escape(" ".join(alt.split()))}" src="data:{kind};base64,{data}">'


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise KataError(f"{path}: it cannot be read ({fault}); restore it") from None


# ------------------------------------------------------------------------------------ cells to try it


def _examples(kata: Kata) -> list[str]:
    """For each entry point its first call in the visible tests, with all that the call needs, as a cell of code.

    Calls on inputs that are drawn, or that a probe makes, are no examples.
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
    """Every `kata.name(…)` in a statement; not inside `with`, where it is expected to fail."""
    for node in () if isinstance(statement, ast.With) else ast.walk(statement):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="kata"), attr=name)):
                yield name, node


class _Names:
    """What names stand for in a test file: the imports and the plain assignments read so far."""

    def __init__(self, source: str, outside: _Names | None = None) -> None:
        self.source = source
        self.known: dict[str, tuple[ast.stmt, str]] = dict(outside.known) if outside else {}

    def read(self, statement: ast.stmt) -> None:
        """Take note of an import or of `name = …`; of the grader's own names, a submission sees the generator alone."""
        text = self.text(statement)
        match statement:
            case ast.Import(names=[ast.alias() as alias]):
                self.known[alias.asname or alias.name] = statement, text
            case ast.Assign(targets=[ast.Name(id=name)]):
                self.known[name] = statement, text
            case ast.ImportFrom(module="graders.checks", names=names) if "generator" in {each.name for each in names}:
                self.known["generator"] = statement, "from numpy.random import default_rng as generator"

    def needed(self, node: ast.AST) -> list[str] | None:
        """The statements that the names in `node` need, imports first; None where a name is not known."""
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
