"""Diagnosis in learner mode: the known misconception that behaves just like what the learner has written.

The tests that pytest has collected of the kata are run once more in this process, quietly, on the learner's modules
and on the wrong variants; see graders.judge.diagnosis. Where these are not there, in a student bundle, nothing is said.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import io
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.outcomes import OutcomeException

from graders import intake
from graders.catalogue import Kata, Variant
from graders.checks.draw import Draw
from graders.judge.diagnosis import BUDGET_S, CASES, Case, files_with, observe, same
from graders.judge.handle import Handle
from graders.judge.items import KATA, test_name
from graders.judge.local import LocalSide
from graders.report import wording
from graders.verdict import TestResult


def told(item: pytest.Item, folder: Path, case: int) -> str:
    """The diagnosis of a kata of which `item` failed at `case`, as a sentence; empty where there is none."""
    kata = item.stash[KATA]
    if not kata.solution.is_dir() or not (kata.hidden / "wrong").is_dir():
        return ""
    try:
        with _quietly(), tempfile.TemporaryDirectory(prefix="katas-") as place:
            tutor = Tutor(kata, LocalSide(kata, folder), Path(place))
            alike = tutor.alike(_visible(kata, item, case), kata.wrong)
            # The hidden tests tell apart what looks the same here. They take time to load: only where it is of use.
            alike = tutor.alike(_hidden(kata), alike) if alike else []
    except (Exception, SystemExit, OutcomeException):  # noqa: BLE001 (without a name it is a failure still)
        return ""
    if len(alike) != 1:
        return ""
    sentence = alike[0].sentence
    return wording.diagnosis(
        TestResult(name=item.name, task="", visibility="visible", status="failed", diagnosis=sentence)
    )


@dataclass
class Tutor:
    """A learner's modules, and a folder for those that they are compared with."""

    kata: Kata
    own: LocalSide
    place: Path

    def alike(self, cases: Iterable[Case], variants: Sequence[Variant]) -> list[Variant]:
        """The variants that do just what the learner's modules do; none where that takes too long."""
        deadline = time.process_time() + BUDGET_S
        seen = []
        for case in cases:
            for number in case.numbers:
                seen.append((case, number, observe(case, number, self.kata, self.own)))
                if time.process_time() > deadline:
                    return []
        solution = intake.shipped(self.kata, self.kata.solution)
        found = []
        for variant in variants:
            side = self._side(files_with(solution, variant))
            if all(same(what, observe(case, number, self.kata, side)) for case, number, what in seen):
                found.append(variant)
            if time.process_time() > deadline:
                return []
        return found

    def _side(self, files: dict[str, bytes]) -> LocalSide:
        folder = Path(tempfile.mkdtemp(dir=self.place))
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return LocalSide(self.kata, folder)


def _visible(kata: Kata, failed: pytest.Item, case: int) -> Iterator[Case]:
    """The kata's tests as pytest has collected them, the failed one first."""
    for item in sorted(failed.session.items, key=lambda each: each is not failed):
        if isinstance(item, pytest.Function) and item.stash.get(KATA, None) == kata:
            also = {case} if item is failed else set()
            yield from _case(item.obj, list(item.iter_markers()), item.path, test_name(item), also)


def _hidden(kata: Kata) -> Iterator[Case]:
    """The kata's hidden tests, without pytest."""
    for path in kata.hidden_tests:
        spec = importlib.util.spec_from_file_location(f"{kata.slug}_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, function in vars(module).items():
            if name.startswith("test_") and inspect.isfunction(function):
                yield from _case(function, getattr(function, "pytestmark", []), path, f"hidden/{name}", set())


def _case(
    function: Callable[..., object], marks: Sequence[pytest.Mark], path: Path, name: str, also: set[int]
) -> Iterator[Case]:
    """A test that was perhaps not set up, as something to run; nothing where it needs more than the katas' fixtures."""
    from graders.judge.plugin import probes_beside

    names = inspect.signature(function).parameters.keys()
    if not {"kata"} <= names <= {"kata", "draw", "probes"} or any(mark.name == "gpu" for mark in marks):
        return
    count = next((int(mark.args[0]) for mark in marks if mark.name == "cases"), 1)
    probes = probes_beside(path) if "probes" in names else None

    def body(handle: Handle, drawn: Draw) -> object:
        given = {"kata": handle, "draw": drawn, "probes": probes}
        return function(**{name: given[name] for name in names})

    yield Case(name, body, name, tuple(sorted(set(range(min(count, CASES))) | also)))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Nothing is printed, warned of or written beside the variants, and no breakpoint is hit."""
    kept = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    nowhere = io.StringIO()
    try:
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.dont_write_bytecode = kept
