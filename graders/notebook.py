"""Grading from inside a notebook: the cells that hold a kata's files, judged as `katas grade` judges files.

    from graders.notebook import grade

    grade("exercise03", folder="exercise03-work")

A cell whose first line is `# file: two_layer.py` is that file. It is plain Python and runs in the notebook like any
other, so names, completion and debugger are at hand; what is graded is its text as it was run last.
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
from graders.judge.api import Judge
from graders.verdict import Verdict

INSTALLED = Path(__file__).parents[1]
"""The repository that the grader lies in, where it was installed from a clone."""

_FIRST_LINE = re.compile(r"\s*#\s*file:\s*(\S+)[^\S\n]*(?:\n|$)")
_judges: dict[Path, Judge] = {}  # by repository; kept between calls, so that all but the first are answered at once


class NotebookError(KataError):
    """What a person at a notebook can mend; shown there as one sentence instead of a traceback through our code."""

    def _render_traceback_(self) -> list[str]:
        """Asked for by IPython."""
        return textwrap.wrap(f"katas: {self}", 79, break_long_words=False, break_on_hyphens=False)


def grade(slug: str, folder: str | Path | None = None, *, root: str | Path | None = None) -> None:
    """Show the official verdict, hidden tests included, on the cells that hold the kata's files.

    The graded files are left in `folder`, to be handed in; with none given they are not kept. `root` is the repository
    of katas; without it, one above the working folder that has this kata, or the one that the grader lies in. Raises
    NotebookError, which names the fault and the remedy.
    """
    with _told():
        kata = _kata(slug, root)
        if folder is None and beside(kata):
            raise KataError(f'{slug}: it takes {", ".join(beside(kata))} too; name their folder: folder="{slug}-work"')
        sources = {name: _last_run(name) for name in cells_of(kata)}
        with ExitStack() as stack:
            place = Path(folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="katas-")))
            for name, (_, source) in sources.items():
                _keep(place, name, source)
            verdict = _judge(kata).grade(slug, place)
    print(_page(_at_hand(verdict, kata)))
    for name, (number, _) in sources.items():
        print(f"  Graded: {name} as it was run in cell [{number}]{f', kept in {folder}/' if folder else ''}")


def prepare(slug: str, folder: str | Path, *, root: str | Path | None = None) -> None:
    """Make what the kata supplies importable, and put its files that are no cells into `folder`, unless they are there.

    `root` is as for `grade`. Raises NotebookError.
    """
    with _told():
        kata = _kata(slug, root)
        if kata.supplied and str(kata.folder) not in sys.path:
            sys.path.append(str(kata.folder))
        for name in beside(kata):
            path = Path(folder, name)
            if catalogue.is_glob(name):
                path.parent.mkdir(parents=True, exist_ok=True)
            elif path.exists():
                print(f"{path} is there already and is left as it is")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes((kata.folder / name).read_bytes())
                print(f"{path} is there now")


def root_of(slug: str, start: Path) -> Path:
    """The repository that a notebook in the folder `start` finds by itself. Raises KataError where it finds none."""
    start = start.resolve()
    for place in (start, *start.parents, INSTALLED):
        if _has(place, slug):
            return place
    raise KataError(
        f"{slug}: there is no folder katas/{slug} in {start}, above it, or in {INSTALLED}, where the grader lies; "
        f'say in this cell where the repository of katas is: grade("{slug}", root="DIR")'
    )


def first_line(name: str) -> str:
    """What a cell begins with that is this file."""
    return f"# file: {name}"


def cells_of(kata: Kata) -> tuple[str, ...]:
    """The files that are a cell each. Raises KataError for a kata that cells cannot hold."""
    names = tuple(name for name in kata.files if name.endswith(".py"))
    modules = {Path(name).stem for name in names}
    for name in names:
        said = "it is in a package" if "/" in name else ""
        for other in sorted(modules & _imported(kata.folder / name)):
            said = f"it imports {other}"
        if said:
            raise KataError(
                f"{kata.slug}: {name} can be no cell of a notebook, because {said}; "
                f"work on the files instead: pytest katas/{kata.slug}"
            )
    return names


def beside(kata: Kata) -> tuple[str, ...]:
    """The files, and patterns of files, that are no cells."""
    return tuple(name for name in kata.files if not name.endswith(".py"))


def _imported(path: Path) -> set[str]:
    """The top-level modules that a file imports; none where it is not there or is no Python."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, SyntaxError, ValueError, MemoryError, RecursionError):
        return set()
    found = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    found += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in found}


@contextmanager
def _told() -> Iterator[None]:
    """Turn what a person can mend into a sentence."""
    try:
        yield
    except KeyboardInterrupt:
        raise NotebookError("interrupted; nothing was graded") from None
    except KataError as fault:
        raise NotebookError(str(fault)) from None
    except OSError as fault:
        raise NotebookError(f"{fault.filename}: {fault.strerror}; name another folder in this cell") from None


def _kata(slug: str, root: str | Path | None) -> Kata:
    return catalogue.load(_given(slug, root) if root else root_of(slug, Path.cwd()), slug)


def _has(root: Path, slug: str) -> bool:
    return (root / "katas" / slug / "kata.toml").is_file()


def _given(slug: str, root: str | Path) -> Path:
    """The repository that was named in the cell."""
    place = Path(root).expanduser().resolve()
    if not _has(place, slug):
        raise KataError(f'root="{root}": there is no katas/{slug} in it; correct the root in this cell')
    return place


def _last_run(name: str) -> tuple[int, str]:
    """The number and the text of the cell that was run last of those that are this file."""
    inputs = _inputs()
    for number in range(len(inputs) - 1, -1, -1):
        found = _FIRST_LINE.match(inputs[number])
        if found and found[1] == name:
            return number, _python(name, inputs[number].rstrip("\n") + "\n")
    raise KataError(
        f"{name}: no cell that begins with `{first_line(name)}` has been run since the kernel started; "
        "run the cell that holds your answer, then this one"
    )


def _python(name: str, source: str) -> str:
    """The source, unless a line of it is for IPython only; any other fault in it is the judge's to tell."""
    try:
        ast.parse(source)
    except SyntaxError as fault:
        line = (fault.text or "").strip()
        if line.startswith(("%", "!")):
            raise KataError(
                f"{name}, line {fault.lineno}: `{line}` is IPython's and no Python, so no file can hold it; "
                "move it to another cell"
            ) from None
    except (ValueError, MemoryError, RecursionError):  # a null character, or nested too deeply
        pass
    return source


def _inputs() -> Sequence[str]:
    """What was typed into each cell that has been run, by its number."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        shell = None
    else:
        shell = get_ipython()
    history = getattr(shell, "history_manager", None)
    if history is None:
        raise KataError("grade() reads the cells of a notebook; for files: katas grade SLUG --submission DIR")
    inputs: list[str] = history.input_hist_raw
    return inputs


def _keep(folder: Path, name: str, source: str) -> None:
    """Write a file of the submission. A file that is no cell's is somebody's work, and is left alone."""
    path = folder / name
    if path.exists():
        there = path.read_text(encoding="utf-8", errors="replace")
        if there == source:
            return
        found = _FIRST_LINE.match(there)
        if not found or found[1] != name:
            raise KataError(f"{path}: it was not written by a notebook; move it away, or name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")


def _judge(kata: Kata) -> Judge:
    """The judge of the kata's repository. It ends with the kernel, however that ends."""
    if kata.root not in _judges:
        judge = Judge(kata.root, first_runtime="torch" if kata.runtime == "torch" else "numpy")
        atexit.register(judge.close)  # a kernel that is killed closes the judge's socket, which ends it as well
        _judges[kata.root] = judge
    return _judges[kata.root]


def _at_hand(verdict: Verdict, kata: Kata) -> Verdict:
    """The verdict with counterexamples to be pasted into a notebook, where the cells' names need no import."""
    line = re.compile(rf"^(from ({'|'.join(kata.modules)}) import \w+|import sys; sys\.path.*)\n", re.MULTILINE)
    tests = [replace(test, counterexample=line.sub("", test.counterexample).lstrip("\n")) for test in verdict.tests]
    return replace(verdict, tests=tuple(tests))


def _page(verdict: Verdict) -> str:
    """The report for a terminal, whose colours every notebook shows in the output of a cell."""
    from rich.console import Console

    from graders.report import terminal

    page = StringIO()
    console = Console(
        file=page,
        width=terminal.WIDTH,
        color_system="standard",
        force_terminal=True,
        force_jupyter=False,
        legacy_windows=False,
    )
    terminal.print_verdict(verdict, console)
    return page.getvalue().replace("\x1b[36m", "\x1b[34m")  # cyan is hardly legible on white, blue on both
