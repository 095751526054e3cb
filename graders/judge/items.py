"""What the harness knows of a collected test: its kata, its task, and how to run it on drawn inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

from graders.catalogue import Kata
from graders.checks.draw import Draw
from graders.judge.cases import Trial
from graders.judge.handle import Handle


class Mode(Protocol):
    """Where submissions live in this pytest run. `faults` are ours, and keep its tests from being run."""

    faults: list[str]

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        """The `kata` of a test."""

    def run(self, item: pytest.Function, trial: Trial) -> None:
        """Run a test's cases; report a failure in the way of the mode."""


MODE = pytest.StashKey[Mode]()
SEED = pytest.StashKey[bytes]()
KATA = pytest.StashKey[Kata]()
HANDLE = pytest.StashKey[Handle]()


def kata_of(path: Path) -> tuple[Path, str] | None:
    """The root of the repository and the slug of the kata that a test file belongs to."""
    folder = path.parent
    if (folder / "kata.toml").is_file() and folder.parent.name == "katas":
        return folder.parents[1], folder.name
    if folder.parent.name == "hidden" and folder.parents[1].name == "graders":
        return folder.parents[2], folder.name
    return None


def task_of(item: pytest.Item) -> str:
    """The name of the task that a test decides."""
    mark = item.get_closest_marker("task")
    return str(mark.args[0]) if mark and mark.args else ""


def title_of(item: pytest.Item) -> str:
    """What its author calls a test in reports, `@task("batch", title="…")`; empty where the name says it."""
    mark = item.get_closest_marker("task")
    return str(mark.kwargs.get("title", "")) if mark else ""


def test_name(item: pytest.Item) -> str:
    """A test's name without the place of the repository, so that a seed means the same everywhere."""
    return f"{'hidden' if item.path.parent.parent.name == 'hidden' else 'visible'}/{item.name}"


test_name.__test__ = False  # type: ignore[attr-defined]


def trial_of(item: pytest.Function, seed: bytes) -> Trial:
    """The test as something to run on drawn inputs."""
    names = item._fixtureinfo.argnames
    fixed = {name: item.funcargs[name] for name in names if name not in ("kata", "draw")}
    mark = item.get_closest_marker("cases")
    count = int(mark.args[0]) if mark else 1

    def body(handle: Handle, drawn: Draw) -> object:
        __tracebackhide__ = True
        own = {"kata": handle, "draw": drawn}
        return item.obj(**fixed, **{name: own[name] for name in own if name in names})

    return Trial(body, item.stash[HANDLE], seed, test_name(item), count)
