"""Runs a submission in the pytest process (learner mode), so that breakpoints and tracebacks work."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import math
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import numpy as np

from graders import watchdog, wire
from graders.catalogue import Kata, is_glob
from graders.errors import CatalogueError, MachineBusy, SubmissionError, WireError, WorkerError
from graders.pytest_plugin.handle import Probe
from graders.pytest_plugin.own_imports import OwnLoader
from graders.worker.loading import Namespace, entry_point

PATIENCE, LEAST_S = 2, 30.0  # the calls of a test may take PATIENCE * test_s seconds, and at least LEAST_S

interrupted: list[str] = []
"""The libraries whose import a time limit has stopped. In this process, they cannot be imported again."""


class LocalSide:
    """A submission that runs in this process.

    Its own are in `folder` (katas/<slug> or solutions/<slug>), supplied ones in katas/<slug>, and those of the katas
    that it builds on in the folders next to `folder`. Every side loads its modules afresh, and puts them into
    `sys.modules` only while they run. So two katas, or a stub and its solution, may use the same module names.
    """

    debugged = False  # whether a person has been at a breakpoint; then the time of a test is not limited

    def __init__(self, kata: Kata, folder: Path, *, limited: bool = True) -> None:
        """Limit each call, and all calls together, to the kata's limits, or not at all if `limited` is false."""
        self.kata = kata
        self.folder = folder
        self.call_s = kata.limits.call_s if limited else math.inf
        self.test_s = test_seconds(kata) if limited else math.inf
        self.used_s = 0.0
        self.finder = _Siblings(kata, folder)
        self.modules: dict[str, ModuleType] = {}
        self.probes: dict[str, ModuleType] = {}
        self.submission: Any = None

    def load(self) -> None:
        """Import the submission.

        If the submission has several modules, each of them is imported when it is first needed.
        """
        with self._present():
            self._loaded()

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        __tracebackhide__ = True
        with self._present():
            function = entry_point(self._loaded(), name)
            if function is None:
                raise SubmissionError(missing(self.kata, name))
            value = self._in_time(name, function, _copied(arguments))
        return _crossed(value, name)

    def run(self, probe: Probe, arguments: tuple[Any, ...]) -> Any:
        __tracebackhide__ = True
        with self._present():
            submission = self._loaded()
            if probe.source not in self.probes:
                module = ModuleType("probes")
                exec(compile(probe.source, probe.file, "exec", dont_inherit=True), module.__dict__)
                self.probes[probe.source] = module
            function = getattr(self.probes[probe.source], probe.name)
            value = self._in_time("your code", function, (submission, *_copied(arguments)))
        return _crossed(value, probe.name)

    def holds(self, file: str) -> bool:
        """Return whether this is one of the submission's files."""
        return Path(file) in self.finder.paths.values()

    def data(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def cpu_s(self) -> float:
        """Return the CPU seconds of this process, in which both sides run."""
        return time.process_time()

    def pause(self) -> None:
        """Do nothing, because nothing runs here between two calls."""

    def resume(self) -> None:
        """Do nothing, because nothing runs here between two calls."""

    def _in_time(self, name: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Call a function within the limits of a call and of all calls together."""
        __tracebackhide__ = True
        seconds, late = min(
            (self.call_s, f"{name} took longer than {self.call_s:g} s and was stopped"),
            (self.test_s - self.used_s, f"the test took longer than {self.test_s:g} s and was stopped"),
        )
        with watchdog.own_time_limit(seconds, late) as clock:
            try:
                return function(*arguments)
            finally:
                clock.count()
                if not (self.debugged or watchdog.debugging()):
                    self.used_s += clock.used_s

    def _loaded(self) -> Any:
        if self.submission is None:
            modules = list(self.kata.modules)
            self.submission = importlib.import_module(modules[0]) if len(modules) == 1 else Namespace(modules)
        return self.submission

    @contextmanager
    def _present(self) -> Iterator[None]:
        """Put the side's modules into `sys.modules`, and restore the previous ones at the end.

        If a time limit stops the block, raise WorkerError with the traceback of the running line, or MachineBusy.
        """
        __tracebackhide__ = True
        own = self.finder.paths
        before = {name: sys.modules.pop(name) for name in list(sys.modules) if name in own}
        sys.modules.update(self.modules)
        sys.meta_path.insert(0, self.finder)
        try:
            yield
        except watchdog.OutOfTime as end:
            interrupted.extend(self._libraries_in(end.__traceback__))
            kind = MachineBusy if isinstance(end, watchdog.MachineTooBusy) else WorkerError
            raise kind(str(end)).with_traceback(end.__traceback__) from None
        finally:
            sys.meta_path.remove(self.finder)
            self.modules = {name: sys.modules.pop(name) for name in list(sys.modules) if name in own}
            sys.modules.update(before)

    def _libraries_in(self, trace: TracebackType | None) -> Iterator[str]:
        """Yield the names of the modules whose code was running for the first time, except the side's own."""
        for frame, _ in traceback.walk_tb(trace):
            name = str(frame.f_globals.get("__name__"))
            if frame.f_code.co_name == "<module>" and name not in self.finder.paths:
                yield name


class _Siblings(importlib.abc.MetaPathFinder):
    def __init__(self, kata: Kata, folder: Path) -> None:
        self.paths: dict[str, Path] = {}
        self.kata = kata
        self.own: set[str] = set()  # modules that the learner wrote
        earlier = [
            place
            for other in kata.earlier
            for place in ((_earlier_folder(other, folder), other.files, True), (other.folder, other.supplied, False))
        ]
        for base, patterns, own in ((folder, kata.files, True), (kata.folder, kata.supplied, False), *earlier):
            for pattern in patterns:
                for path in sorted(base.glob(pattern)):
                    if path.suffix == ".py":
                        parts = path.relative_to(base).with_suffix("").parts
                        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                        self.paths[name] = path
                        if own:
                            self.own.add(name)
        if not self.paths:
            raise CatalogueError(f"{folder}: none of the kata's files is here ({', '.join(kata.files)})")

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        if name not in self.paths:
            return None
        file = self.paths[name]
        inside = [str(file.parent)] if file.name == "__init__.py" else None
        loader = OwnLoader(name, file, self.kata, self.paths) if name in self.own else None
        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)


def _earlier_folder(other: Kata, folder: Path) -> Path:
    """Return the folder of an earlier kata's files: next to the milestone's, else the solution's or the stub's."""
    places = (folder.parent / other.slug, other.solution, other.folder)
    return next((place for place in places if place.is_dir()), other.folder)


def test_seconds(kata: Kata) -> float:
    """Return the limit on the own time of all calls of a test, in seconds."""
    return max(PATIENCE * kata.limits.test_s, LEAST_S)


def missing_earlier(kata: Kata, folder: Path) -> tuple[str, Path] | None:
    """Return the first earlier kata that lacks one of its files, and that file, or None if all of them are there."""
    for other in kata.earlier:
        for name in other.files:
            path = _earlier_folder(other, folder) / name
            if not is_glob(name) and not path.is_file():
                return other.slug, path
    return None


def missing(kata: Kata, name: str) -> str:
    """Return the message for a submission that lacks one of its functions."""
    return f"{' or '.join(kata.files)} does not define {name}. Use the name and arguments of the stub."


def _copied(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return copies of the arguments, as they would arrive over the wire."""
    return tuple(
        np.random.default_rng(argument.seed) if isinstance(argument, wire.GeneratorSeed) else argument
        for argument in wire.crossed(arguments)
    )


def _crossed(value: Any, name: str) -> Any:
    """Return a value as it would arrive over the wire. Raises SubmissionError if the value cannot be sent."""
    __tracebackhide__ = True
    try:
        return wire.crossed(value)
    except WireError as fault:
        raise SubmissionError(f"{name} returned {fault}") from None
