"""Hidden suites that are stored outside the repository of katas, so that the repository can be public."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders import catalogue
from graders.catalogue.paths import home
from graders.errors import CatalogueError

SETTINGS = ("conftest.py", "tox.ini")  # pytest needs them
_IGNORED = shutil.ignore_patterns("__pycache__", ".git")


@contextmanager
def with_hidden(root: Path, hidden: Path | None) -> Iterator[Path]:
    """Yield a repository with the katas from `root` and the hidden suites from `hidden`.

    `hidden` contains a folder for each kata, as graders/hidden/ does. It may also contain a folder solutions/, which
    replaces the one from `root`. If `hidden` is None, yield `root` itself.

    Raises CatalogueError if `hidden` is not a folder, if it has no folder for any kata, or if one of its folders
    belongs to no kata.
    """
    if hidden is None:
        yield root
        return
    if not hidden.is_dir():
        raise CatalogueError(
            f"{hidden}: there is no such folder. Specify the folder that holds one folder of tests per kata."
        )
    known = set(catalogue.slugs(root))
    solutions = hidden / "solutions"
    folders = sorted(path for path in hidden.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))
    suites = [path for path in folders if path != solutions]
    strange = [path.name for path in suites if path.name not in known]
    if strange or not suites:
        what = f"there is no kata {', '.join(strange)}" if strange else "it has no folder for any kata"
        raise CatalogueError(f"{hidden}: {what}. Specify a folder like graders/hidden/, with a folder for each kata.")
    with tempfile.TemporaryDirectory(prefix="katas-") as folder:
        place = Path(folder).resolve()
        for tree in (root / "katas", solutions if solutions.is_dir() else home(root) / "solutions"):
            if tree.is_dir():
                shutil.copytree(tree, place / tree.name, ignore=_IGNORED)
        for name in SETTINGS:
            if (root / name).is_file():
                shutil.copy(root / name, place)
        for suite in suites:
            shutil.copytree(suite, place / "graders" / "hidden" / suite.name, ignore=_IGNORED)
        yield place
