"""Finds the kata, the task and the trial for a collected pytest item."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pytest

from graders.catalogue import Kata
from graders.checks.draw import Draw
from graders.pytest_plugin.cases import Trial
from graders.pytest_plugin.handle import Handle
from graders.pytest_plugin.pytest_internals import argument_names


class Mode(Protocol):
    """The way in which a pytest run executes submissions. If `faults` is not empty, no test runs."""

    faults: list[str]

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        """Return the `kata` argument of a test."""

    def run(self, item: pytest.Function, trial: Trial) -> None:
        """Run a test's cases, and report a failure in the way that the mode requires."""


MODE = pytest.StashKey[Mode]()
SEED = pytest.StashKey[bytes]()
KATA = pytest.StashKey[Kata]()
HANDLE = pytest.StashKey[Handle]()


def kata_of(path: Path) -> tuple[Path, str] | None:
    """Return the repository's root and the kata's slug for a kata's test file, or None for any other file."""
    folder = path.parent
    if (folder / "kata.toml").is_file() and folder.parent.name == "katas":
        return folder.parents[1], folder.name
    if folder.parent.name == "hidden" and folder.parents[1].name == "graders":
        return folder.parents[2], folder.name
    return None


_NO_TASK = pytest.mark.task("").mark


@functools.cache  # pytest searches for a mark anew in every call
def _mark_of(item: pytest.Item) -> pytest.Mark:
    return item.get_closest_marker("task", _NO_TASK)


@functools.cache
def task_of(item: pytest.Item) -> str:
    """Return the name of the task that a test belongs to."""
    return str((*_mark_of(item).args, "")[0])


def title_of(item: pytest.Item) -> str:
    """Return the title from `@task("batch", title="…")`, or an empty string if there is none."""
    return str(_mark_of(item).kwargs.get("title", ""))


@functools.cache
def is_hidden(item: pytest.Item) -> bool:
    """Return whether a test is one of a kata's hidden tests."""
    return item.path.parent.parent.name == "hidden"


def without_stand_ins(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Leave out the tests marked `unless_hidden=True` whose task has a hidden test among these tests."""
    decided = {task_of(item) for item in items if is_hidden(item)}
    return [item for item in items if task_of(item) not in decided or not _mark_of(item).kwargs.get("unless_hidden")]


def test_name(item: pytest.Item) -> str:
    """Return a test's name without the repository's path, so that a seed gives the same inputs everywhere."""
    return f"{'hidden' if is_hidden(item) else 'visible'}/{item.name}"


test_name.__test__ = False  # type: ignore[attr-defined]


def worker_seed(seed: bytes, purpose: str) -> int:
    """Return the seed of a worker's global random generators, which does not reveal the grading run's seed."""
    return int.from_bytes(
        hashlib.blake2b(purpose.encode(), key=seed, person=b"worker", digest_size=8).digest(), "little"
    )


def trial_of(item: pytest.Function, seed: bytes) -> Trial:
    """Return a trial that runs the test on drawn inputs."""
    names = argument_names(item)
    fixed = {name: item.funcargs[name] for name in names if name not in ("kata", "draw")}
    mark = item.get_closest_marker("cases")
    count = int(mark.args[0]) if mark else 1

    def body(handle: Handle, drawn: Draw) -> object:
        __tracebackhide__ = True
        own = {"kata": handle, "draw": drawn}
        return item.obj(**fixed, **{name: own[name] for name in own if name in names})

    tests = getattr(item.module, "visible", None) if is_hidden(item) else item.module
    return Trial(body, item.stash[HANDLE], seed, test_name(item), count, tests)
