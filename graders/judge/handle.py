"""The `kata` of a test: the same calls, whether the submission lives in this process or in a worker."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from graders.catalogue import COMMON_PROBES, Kata
from graders.checks.artifacts import decoded, read_toml
from graders.checks.draw import plain
from graders.checks.mismatch import Mismatch, handed_in
from graders.errors import CatalogueError, SubmissionError
from graders.judge.race import Check, Inputs, Race, Runner
from graders.verdict import Speed


class Side(Runner, Protocol):
    """Where a submission lives."""

    def data(self, name: str) -> bytes | None:
        """One of its declared files as it was handed in; None where it is missing."""

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Call a declared entry point."""

    def run(self, probe: Probe, arguments: tuple[Any, ...]) -> Any:
        """Run a probe beside the submission."""


@dataclass(frozen=True)
class Probe:
    """A function of a probes.py, to be run where the submission is. `summary` is its docstring's first line."""

    file: str
    name: str
    source: str
    parameters: tuple[str, ...]
    summary: str


class Probes:
    """The probes of a test file as attributes: its own, if it has any, and the common ones.

    Files of probes are read, never imported, in the judge.
    """

    def __init__(self, own: Path) -> None:
        self._own = own
        self._files = [*([own] if own.is_file() else []), COMMON_PROBES]
        self._sources = {path: path.read_text(encoding="utf-8") for path in self._files}
        self._functions = {
            (path, node.name): node
            for path, source in self._sources.items()
            for node in ast.parse(source).body
            if isinstance(node, ast.FunctionDef)
        }

    def __getattr__(self, name: str) -> Probe:
        path = next((path for path in self._files if (path, name) in self._functions), None)
        if path is None:
            known = ", ".join(name for _, name in self._functions)
            raise CatalogueError(f"{self._own}: no function {name}; there are {known}")
        node = self._functions[path, name]
        parameters = tuple(argument.arg for argument in node.args.args[1:])
        summary = (ast.get_docstring(node) or "").partition("\n")[0]
        label = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
        return Probe(label, name, self._sources[path], parameters, summary)


@dataclass
class Call:
    """One thing that a test asked of the submission, and what came of it."""

    name: str
    arguments: tuple[Any, ...]
    probe: Probe | None = None
    value: Any = None
    fault: Exception | None = None


class Raised:
    """`with kata.raises(ValueError) as caught:`; afterwards `caught.message` is the exception's text."""

    def __init__(self, expected: type[Exception]) -> None:
        if getattr(builtins, expected.__name__, None) is not expected:
            raise TypeError(f"kata.raises takes a built-in exception, not {expected!r}")
        self.expected = expected
        self.message = ""

    def __enter__(self) -> Raised:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if fault is None:
            raise Mismatch(f"{self.expected.__name__} should be raised here; nothing was", self.expected.__name__, None)
        bases = getattr(fault, "bases", ()) if isinstance(fault, SubmissionError) else ()
        if isinstance(fault, self.expected) or self.expected.__name__ in bases:
            self.message = str(getattr(fault, "text", fault))
            return True
        return False


@dataclass
class Journal:
    """What the test at hand has asked so far. `kept` holds every call while behaviour is observed."""

    last: Call | None = None
    answered: bool = False  # in the case at hand
    looked: bool = False  # was anything of the submission looked at, in any case?
    raced: bool = False  # was a speed measured?
    kept: list[Call] | None = None

    def ask(self, call: Call, answer: Callable[[], Any]) -> Any:
        __tracebackhide__ = True
        self.last = call
        if self.kept is not None:
            self.kept.append(call)
        try:
            call.value = answer()
        except Exception as fault:
            call.fault = fault
            raise
        finally:
            self.answered = self.looked = True
        return call.value


@dataclass(frozen=True)
class Handle:
    """What a test knows as `kata`: the entry points as methods, `run`, `raises`, `reference`."""

    kata: Kata
    side: Side
    against: Callable[[], Side] | None = None  # opens a side with the shipped solution
    journal: Journal = field(default_factory=Journal)
    timed: Callable[[Race, Speed], None] | None = None  # told of every measured speed
    elsewhere: Callable[[str], Side] | None = None  # opens a side with the same submission in another runtime

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self.kata.entry_points:
            raise AttributeError(f"kata.toml of {self.kata.slug} declares no entry point {name!r}")
        return partial(self._call, name)

    def _call(self, name: str, *arguments: Any) -> Any:
        __tracebackhide__ = True
        plain_arguments = plain(arguments)
        return self.journal.ask(Call(name, plain_arguments), lambda: self.side.call(name, plain_arguments))

    def run(self, probe: Probe, *arguments: Any) -> Any:
        """Run a probe beside the submission; what it returns are plain values."""
        __tracebackhide__ = True
        plain_arguments = plain(arguments)
        call = Call(probe.name, plain_arguments, probe)
        return self.journal.ask(call, lambda: self.side.run(probe, plain_arguments))

    def toml(self, name: str) -> dict[str, Any]:
        """What a declared TOML file says; one that is missing, or no TOML, fails the test."""
        __tracebackhide__ = True
        return self._file(name, lambda data: read_toml(handed_in(data, name), name))  # type: ignore[no-any-return]

    def data(self, name: str) -> bytes | None:
        """A declared file as it was handed in, a picture for instance; None where it is missing."""
        __tracebackhide__ = True
        return self._file(name, lambda data: data)  # type: ignore[no-any-return]

    def text(self, name: str) -> str | None:
        """A declared file as text, UTF-8; None where it is missing."""
        __tracebackhide__ = True
        data = self.data(name)
        return None if data is None else decoded(data)

    def _file(self, name: str, use: Callable[[bytes | None], Any]) -> Any:
        """What is made of a declared file, None where it is missing."""
        __tracebackhide__ = True
        if not self.kata.declares(name):
            raise CatalogueError(f"kata.toml of {self.kata.slug} does not name {name!r} in files")
        return self.journal.ask(Call(name, ()), lambda: use(self.side.data(name)))

    def raises(self, expected: type[Exception]) -> Raised:
        """The calls inside must raise this built-in exception, or one derived from it."""
        return Raised(expected)

    def reference(self) -> Handle:
        """The shipped solution, living under the same conditions as the submission."""
        if self.against is None:
            raise CatalogueError("this test asks for the reference where none can be had")
        return Handle(self.kata, self.against(), None)

    def beside(self, runtime: str) -> Handle:
        """The same submission in a worker of this runtime, the same one for a whole test.

        Where there is but one process for all (in diagnosis, in learner mode), it is this one.
        """
        if self.elsewhere is None:
            return self
        return Handle(self.kata, self.elsewhere(runtime), self.against, self.journal, elsewhere=self.elsewhere)

    def speed(
        self, function: str | Probe, inputs: Inputs, check: Check, *, rounds: int = 11, at_most: float | None = None
    ) -> Speed:
        """The time of an entry point (by its name) or a probe, as a ratio to the reference's.

        `inputs` draws fresh arguments for every round, `check(value, arguments)` looks at every answer. With
        `at_most`, rounds are added while noise leaves that threshold undecided; then use `assert_speed`.
        """
        __tracebackhide__ = True
        self.journal.raced = True
        reference = self.reference()
        race = Race((self.side, self._caller(function)), (reference.side, reference._caller(function)), inputs, check)
        speed = race.run(rounds, at_most)
        if self.timed is not None:
            self.timed(race, speed)
        return speed

    def _caller(self, function: str | Probe) -> Callable[..., Any]:
        return partial(self._call, function) if isinstance(function, str) else partial(self.run, function)
