"""Runs a submission in the pytest process (learner mode), so that breakpoints and tracebacks work."""

from __future__ import annotations

import builtins
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import math
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from graders import watchdog, wire
from graders.catalogue import Kata
from graders.errors import CatalogueError, ConfinementError, MachineBusy, SubmissionError, TimeLimitError, WireError
from graders.pytest_plugin.handle import Probe, missing
from graders.pytest_plugin.local_faults import only_failures, short_text
from graders.pytest_plugin.local_rules import Enforcement, Rules, enforced
from graders.pytest_plugin.local_state import OwnState, seed_generators
from graders.sandbox import runtimes
from graders.worker.loading import Namespace, entry_point, only_these, refuse_forbidden

PATIENCE, LEAST_S = 2, 30.0  # the calls of a test may take PATIENCE * test_s seconds, and at least LEAST_S

interrupted: list[str] = []
"""The libraries whose import a time limit has stopped. In this process, they cannot be imported again."""


class LocalSide:
    """A submission in `folder` that runs in this process, with supplied files from katas/<slug>.

    Every side loads its modules afresh, and puts them into `sys.modules` only while they run. So two katas, or a stub
    and its solution, may use the same module names.
    """

    def __init__(self, kata: Kata, folder: Path, *, limited: bool = True, seed: int | None = None) -> None:
        """Limit each call, and all calls together, to the kata's limits, or not at all if `limited` is false.

        If a seed is given, seed the global random generators.
        """
        self.kata = kata
        self.folder = folder
        self.call_s = kata.limits.call_s if limited else math.inf
        self.test_s = test_seconds(kata) if limited else math.inf
        self.used_s = 0.0
        self.finder = _Siblings(kata, folder)
        self.modules: dict[str, ModuleType] = {}
        self.probes: dict[str, ModuleType] = {}
        self.submission: Any = None
        self.state = OwnState()
        self.rules = self._rules()
        if seed is not None:
            seed_generators(seed)

    def load(self) -> None:
        """Import the submission. If it has several modules, each of them is imported when it is first needed."""
        self._inside("importing the submission", self._loaded)

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        __tracebackhide__ = True

        def answer() -> Any:
            __tracebackhide__ = True
            function = entry_point(self._loaded(), name)
            if function is None:
                found = (path for pattern in self.kata.files for path in self.folder.glob(pattern))
                own = [path.read_text("utf-8", "replace") for path in found if path.suffix == ".py"]
                raise SubmissionError(missing(self.kata, name, own))
            return self._in_time(name, function, _copied(arguments))

        return _crossed(self._inside(name, answer), name)

    def run(self, probe: Probe, arguments: tuple[Any, ...]) -> Any:
        __tracebackhide__ = True

        def answer() -> Any:
            __tracebackhide__ = True
            submission = self._loaded()
            if probe.source not in self.probes:
                module = ModuleType("probes")
                exec(compile(probe.source, probe.file, "exec", dont_inherit=True), module.__dict__)
                self.probes[probe.source] = module
            function = getattr(self.probes[probe.source], probe.name)
            return self._in_time("your code", function, (submission, *_copied(arguments)))

        return _crossed(self._inside("your code", answer), probe.name)

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

    resume = pause

    def _inside(self, what: str, answer: Callable[[], Any]) -> Any:
        """Return the answer, which runs with this side's modules and settings, under its rules."""
        __tracebackhide__ = True
        with self._present(), only_failures(what), enforced(self.rules):
            return self.state.run(answer)

    def _rules(self) -> Rules:
        own = {str(self.finder.paths[name]) for name in self.finder.own}
        supplied = {str(path) for path in self.finder.paths.values()} - own
        unreadable = {os.path.realpath(each.parent) + os.sep for each in (self.folder, self.kata.folder)}
        writable = () if set(self.kata.runtimes) == {"numpy"} else (os.getcwd(), tempfile.gettempdir())
        folders = tuple(os.path.realpath(each) + os.sep for each in writable)
        return Rules(frozenset(own), frozenset(supplied), tuple(unreadable), folders)

    def _in_time(self, name: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Call a function within the limits of a call and of all calls together."""
        __tracebackhide__ = True
        seconds, late = min(
            (self.call_s, f"{name} took longer than {self.call_s:g} s and was stopped"),
            (self.test_s - self.used_s, f"the test took longer than {self.test_s:g} s and was stopped"),
        )
        with watchdog.own_time_limit(seconds, late) as clock:
            try:
                with short_text():
                    return function(*arguments)
            finally:
                clock.count()
                if not (Enforcement.debugged or watchdog.debugging()):
                    self.used_s += clock.used_s

    def _loaded(self) -> Any:
        if self.submission is None:
            modules = list(self.kata.modules)
            self.submission = importlib.import_module(modules[0]) if len(modules) == 1 else Namespace(modules)
        return self.submission

    @contextmanager
    def _present(self) -> Iterator[None]:
        """Keep the side's modules in `sys.modules` in the block. A limit raises TimeLimitError or MachineBusy."""
        __tracebackhide__ = True
        before = self._taken_out()
        sys.modules.update(self.modules)
        sys.meta_path.insert(0, self.finder)
        try:
            yield
        except watchdog.OutOfTime as end:
            for frame, _ in traceback.walk_tb(end.__traceback__):
                name = str(frame.f_globals.get("__name__"))
                if frame.f_code.co_name == "<module>" and name not in self.finder.paths:  # it ran for the first time
                    interrupted.append(name)
            if isinstance(end, watchdog.MachineTooBusy):
                raise MachineBusy(str(end)).with_traceback(end.__traceback__) from None
            where = watchdog.where_stopped(*self._own_frames(end))
            raise TimeLimitError(f"{end}{where}").with_traceback(end.__traceback__) from None
        finally:
            sys.meta_path.remove(self.finder)
            self.modules = self._taken_out()
            sys.modules.update(before)

    def _own_frames(self, end: BaseException) -> tuple[list[tuple[str, int]], dict[str, bytes]]:
        """Return the names of files and lines in which an exception was raised, and the learner's own files by name."""
        names = {
            str(path): path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else path.name
            for path in (self.finder.paths[each] for each in self.finder.own)
        }
        frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(end.__traceback__)]
        own = [(names[file], line) for file, line in reversed(frames) if file in names]
        return own, {name: Path(file).read_bytes() for file, name in names.items()}

    def _taken_out(self) -> dict[str, ModuleType]:
        return {name: sys.modules.pop(name) for name in list(sys.modules) if name in self.finder.paths}


class _Siblings(importlib.abc.MetaPathFinder):
    """Finds the modules of a kata's files, in which only those that the learner wrote are restricted."""

    def __init__(self, kata: Kata, folder: Path) -> None:
        self.kata = kata
        self.paths: dict[str, Path] = {}
        self.own: set[str] = set()  # modules that the learner wrote
        places = [(folder, kata.files, True), (kata.folder, kata.supplied, False)]
        for other in kata.earlier:
            places += [(_earlier_folder(other, folder), other.files, True), (other.folder, other.supplied, False)]
        for base, patterns, own in places:
            for path in (path for pattern in patterns for path in sorted(base.glob(pattern)) if path.suffix == ".py"):
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
        loader = _OwnLoader(name, file, self.kata, self.paths) if name in self.own else None
        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)


class _OwnLoader(importlib.machinery.SourceFileLoader):
    """Loads a learner's module, which finds only the standard library and what the kata's workers have.

    Modules of libraries keep the usual import statement. Raises ImportError if the module names a symbol that the kata
    forbids. Every module may take the kata's `import_s`, which does not count for the call that first needs it.
    """

    def __init__(self, name: str, file: Path, kata: Kata, siblings: Collection[str]) -> None:
        super().__init__(name, str(file))
        self._kata = kata
        debugger = os.environ.get("PYTHONBREAKPOINT", "")  # breakpoint() imports it as if the module did
        self._available = _importable(kata.runtimes, kata.packages)
        self._available |= {each.partition(".")[0] for each in (debugger, *siblings)}

    def exec_module(self, module: ModuleType) -> None:
        shown = Path(self.path).name
        texts = {shown: self.get_source(self.name) or ""}
        refuse_forbidden(texts, [shown], self._kata.forbidden)
        module.__dict__["__builtins__"] = vars(builtins) | {"__import__": self._import}
        late = f"importing {shown} took longer than {self._kata.limits.import_s:g} s and was stopped"
        with watchdog.own_time_limit(self._kata.limits.import_s, late), short_text():
            super().exec_module(module)

    def _import(self, name: str, *details: Any, **others: Any) -> Any:
        __tracebackhide__ = True
        level = others.get("level", details[3] if len(details) > 3 else 0)
        first = name.partition(".")[0]
        if not level and first not in sys.stdlib_module_names and first not in self._available:
            raise ModuleNotFoundError(f"No module named {name!r}{only_these(self._kata.runtime)}", name=name)
        return builtins.__import__(name, *details, **others)


@functools.cache
def _importable(names: tuple[str, ...], packages: tuple[str, ...]) -> frozenset[str]:
    """Return the modules, besides the standard library, that workers with these runtimes and packages can import."""
    try:
        paths = [path for name in names for path in runtimes.package_paths(name, packages)]
    except ConfinementError:  # a package is not installed, and whoever needs it here gets Python's own message
        paths = [*packages, *(package for name in names for package in runtimes.PACKAGES[name])]
    return frozenset(["graders", *(Path(path).name.partition(".")[0] for path in paths)])  # a worker has a part of it


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
        for name in other.named_files:
            path = _earlier_folder(other, folder) / name
            if not path.is_file():
                return other.slug, path
    return None


def _copied(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return copies of the arguments, as they would arrive over the wire."""
    return wire.with_generators(wire.crossed(arguments))


def _crossed(value: Any, name: str) -> Any:
    """Return a value as it would arrive over the wire. Raises SubmissionError if the value cannot be sent."""
    __tracebackhide__ = True
    try:
        return wire.crossed(value)
    except WireError as fault:
        raise SubmissionError(f"{name} returned {fault}") from None
