"""Hidden suites that lie elsewhere than in the repository of katas, which may then be public."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders import catalogue
from graders.errors import CatalogueError

_SETTINGS = ("conftest.py", "tox.ini")
_LEFT = shutil.ignore_patterns("__pycache__", ".git")


@contextmanager
def with_hidden(root: Path, hidden: Path | None) -> Iterator[Path]:
    """A repository with the katas of `root` and the hidden suites of `hidden`; `root` itself where there are none.

    `hidden` has a folder a kata, as graders/hidden/ has, and may have solutions/ beside them. What `root` has of hidden
    suites itself, or then of solutions, is left out. Raises CatalogueError for a folder that is of no kata, or is none.
    """
    if hidden is None:
        yield root
        return
    if not hidden.is_dir():
        raise CatalogueError(
            f"{hidden}: there is no such folder; give the one that holds a folder of tests for each kata"
        )
    known = set(catalogue.slugs(root))
    solutions = hidden / "solutions"
    folders = sorted(path for path in hidden.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))
    suites = [path for path in folders if path != solutions]
    strange = [path.name for path in suites if path.name not in known]
    if strange or not suites:
        what = f"{', '.join(strange)}: there is no such kata" if strange else "it has no folder of a kata"
        raise CatalogueError(f"{hidden}: {what}. Name a folder like graders/hidden/, with a folder for each kata.")
    with tempfile.TemporaryDirectory(prefix="katas-") as folder:
        place = Path(folder).resolve()
        for tree in (root / "katas", solutions if solutions.is_dir() else root / "solutions"):
            if tree.is_dir():
                shutil.copytree(tree, place / tree.name, ignore=_LEFT)
        for name in _SETTINGS:
            if (root / name).is_file():
                shutil.copy(root / name, place)
        for suite in suites:
            shutil.copytree(suite, place / "graders" / "hidden" / suite.name, ignore=_LEFT)
        yield place
