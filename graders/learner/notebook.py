"""Grade a kata from a notebook, whose cells contain the kata's files.

    from graders.learner.notebook import grade

    grade("exercise03", folder="exercise03-work")

A cell whose first line is `# file: two_layer.py` contains that file. It runs like any other cell, so code completion
and the debugger work. `grade` uses the text that the cell had when it last ran.
"""

from __future__ import annotations

import ast
import atexit
import re
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import StringIO
from pathlib import Path

from msgspec.structs import replace

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import KataError
from graders.intake.notebooks import FIRST_LINE
from graders.judge.client import Judge
from graders.verdict import Verdict

INSTALLED = Path(__file__).parents[2]  # the repository that contains the grader, if it was installed from a clone
_UNPARSABLE = (SyntaxError, ValueError, MemoryError, RecursionError)  # null characters, or code nested too deeply

_judges: dict[Path, Judge] = {}  # one judge per repository, kept alive so that only the first call is slow


class NotebookError(KataError):
    """A problem that the learner can fix. The notebook shows it as one sentence, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows instead of a traceback."""
        return textwrap.wrap(f"katas: {self}", 79, break_long_words=False, break_on_hyphens=False)


def grade(slug: str, folder: str | Path | None = None, *, root: str | Path | None = None) -> None:
    """Grade the cells that contain the kata's files, and print the official verdict, hidden tests included.

    If `folder` is given, the graded files are saved there, and can be submitted. `root` is the repository of katas. By
    default, it is the nearest repository at or above the working folder that has this kata, or else the repository that
    contains the grader. Raises NotebookError.
    """
    with _errors_explained(), ExitStack() as stack:
        kata = _kata(slug, root)
        if folder is None and other_files(kata):
            raise KataError(
                f'{slug}: this kata also needs {", ".join(other_files(kata))}. Name their folder: folder="{slug}-work".'
            )
        sources = {name: _last_run(name) for name in cells_of(kata)}
        place = Path(folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="katas-")))
        for name, (_, source) in sources.items():
            _save(place, name, source)
        if kata.root not in _judges:  # it ends with the kernel, even if that is killed: its socket is closed then
            _judges[kata.root] = Judge(kata.root, first=slug)
            atexit.register(_judges[kata.root].close)
        verdict = _judges[kata.root].grade(slug, place, impatient=True)
    print(_page(verdict, kata))
    for name, (number, _) in sources.items():
        print(f"  Graded: {name} as last run in cell [{number}]{f', saved in {folder}/' if folder else ''}")


def prepare(slug: str, folder: str | Path, *, root: str | Path | None = None) -> None:
    """Make the supplied modules importable, and copy the kata's files that are not cells to `folder`.

    Files that are already in `folder` are left alone. `root` has the same meaning as in `grade`. Raises NotebookError.
    """
    with _errors_explained():
        kata = _kata(slug, root)
        if kata.supplied and str(kata.folder) not in sys.path:
            sys.path.append(str(kata.folder))
        for name in other_files(kata):
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not catalogue.is_glob(name):
                if new := not path.exists():
                    path.write_bytes((kata.folder / name).read_bytes())
                print(f"{path} was created" if new else f"{path} exists already and was not changed")


def root_of(slug: str, start: Path) -> Path:
    """Return the repository that a notebook in the folder `start` uses by default. Raises KataError."""
    start = start.resolve()
    for place in (start, *start.parents, INSTALLED):
        if _has(place, slug):
            return place
    raise KataError(
        f"{slug}: there is no folder katas/{slug} in {start}, above it, or in {INSTALLED} (the grader's folder). "
        f'Specify the repository of katas in this cell: grade("{slug}", root="DIR")'
    )


def cells_of(kata: Kata) -> tuple[str, ...]:
    """Return the names of the files that become cells. Raises KataError if a file cannot become a cell."""
    names = tuple(name for name in kata.files if name.endswith(".py"))
    modules = {Path(name).stem for name in names}
    for name in names:
        others = sorted(modules & _imported(kata.folder / name))
        if others or "/" in name:
            why = f"it imports {others[-1]}" if others else "it is in a package"
            raise KataError(
                f"{kata.slug}: {name} cannot be a notebook cell, because {why}. "
                f"Work on the files instead: pytest katas/{kata.slug}"
            )
    return names


def other_files(kata: Kata) -> tuple[str, ...]:
    """Return the file names and patterns that do not become cells."""
    return tuple(name for name in kata.files if not name.endswith(".py"))


def _imported(path: Path) -> set[str]:
    try:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8-sig"))))
    except (OSError, *_UNPARSABLE):
        return set()
    found = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    found += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in found}


@contextmanager
def _errors_explained() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise NotebookError("interrupted; nothing was graded") from None
    except KataError as fault:
        raise NotebookError(str(fault)) from None
    except OSError as fault:
        raise NotebookError(f"{fault.filename}: {fault.strerror}. Choose another folder in this cell.") from None


def _kata(slug: str, root: str | Path | None) -> Kata:
    place = Path(root).expanduser().resolve() if root else root_of(slug, Path.cwd())
    if not _has(place, slug):
        raise KataError(f'root="{root}": it contains no katas/{slug}. Correct the root in this cell.')
    return catalogue.load(place, slug)


def _has(root: Path, slug: str) -> bool:
    return (root / "katas" / slug / "kata.toml").is_file()


def _last_run(name: str) -> tuple[int, str]:
    """Return the number and the text of the most recently run cell that contains this file."""
    for number, source in reversed(list(enumerate(_inputs()))):
        if (found := FIRST_LINE.match(source)) and found[1] == name:
            return number, _python(name, source.rstrip("\n") + "\n")
    raise KataError(
        f"{name}: no cell that begins with `# file: {name}` has been run since the kernel started. "
        "Run the cell that holds your answer, then this one."
    )


def _python(name: str, source: str) -> str:
    """Return the source. Raises KataError if it has an IPython command. The judge reports other syntax errors."""
    try:
        ast.parse(source)
    except _UNPARSABLE as fault:
        line = (getattr(fault, "text", "") or "").strip()
        if isinstance(fault, SyntaxError) and line.startswith(("%", "!")):
            raise KataError(
                f"{name}, line {fault.lineno}: `{line}` is an IPython command, not Python. Move it to another cell."
            ) from None
    return source


def _inputs() -> Sequence[str]:
    """Return the source of each cell that has been run, by number."""
    # Without a notebook, IPython is not even imported.
    ipython = sys.modules.get("IPython.core.getipython")
    history = getattr(ipython.get_ipython() if ipython else None, "history_manager", None)
    if history is None:
        raise KataError("grade() works only in a notebook. To grade files: katas grade SLUG --submission DIR")
    inputs: list[str] = history.input_hist_raw
    return inputs


def _save(folder: Path, name: str, source: str) -> None:
    """Write a file of the submission. Raises KataError if a file that did not come from a cell is in the way."""
    path = folder / name
    there = path.read_text(encoding="utf-8", errors="replace") if path.exists() else source
    found = FIRST_LINE.match(there)
    if there != source and not (found and found[1] == name):
        raise KataError(f"{path}: this file was not written by a notebook. Move it away, or choose another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")


def _page(verdict: Verdict, kata: Kata) -> str:
    """Return the verdict as text. Its counterexamples have no imports of names that come from cells."""
    from rich.console import Console

    from graders.report import terminal

    line = re.compile(rf"^(from ({'|'.join(kata.modules)}) import \w+|import sys; sys\.path.*)\n", re.MULTILINE)
    tests = [replace(test, counterexample=line.sub("", test.counterexample).lstrip("\n")) for test in verdict.tests]
    page = StringIO()
    console = Console(
        file=page, width=terminal.WIDTH, color_system="standard", force_terminal=True, force_jupyter=False,
        legacy_windows=False,
    )  # fmt: skip
    terminal.print_verdict(replace(verdict, tests=tuple(tests)), console)
    return page.getvalue().replace("\x1b[36m", "\x1b[34m")  # cyan is hard to read on white; blue works on both
