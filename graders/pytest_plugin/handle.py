"""The `kata` object of a test.

A test makes the same calls, whether the submission runs in this process or in a worker.
"""

from __future__ import annotations

import ast
import builtins
import functools
import textwrap
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
from graders.checks.speed import Clock
from graders.errors import CatalogueError, SubmissionError
from graders.pytest_plugin.entry_points import parameters
from graders.pytest_plugin.timing import Check, Inputs, Race, Runner
from graders.verdict import Speed


class Side(Runner, Protocol):
    """The place where a submission runs, which is this process or a worker."""

    def data(self, name: str) -> bytes | None:
        """Return a declared file of the submission, or None if it is missing."""

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Call a declared entry point."""

    def run(self, probe: Probe, arguments: tuple[Any, ...]) -> Any:
        """Run a probe in the submission's process."""


@dataclass(frozen=True)
class Probe:
    """A function from a probes.py file, which runs in the submission's process.

    `summary` is the first line of its docstring, and `shown` is the part after `Shown as:` (see counterexample.py).
    """

    file: str
    name: str
    source: str
    parameters: tuple[str, ...]
    summary: str
    shown: str = ""


class Probes:
    """The probes that a test file can use, as attributes. They include the common probes.

    The judge parses these files but never imports them.
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
            names = ", ".join(name for _, name in self._functions)
            raise CatalogueError(f"{self._own}: no function {name}; it has {names}")
        probe = self._probe(path, name)
        setattr(self, name, probe)  # from now on, Python finds it without this method
        return probe

    def _probe(self, path: Path, name: str) -> Probe:
        node = self._functions[path, name]
        parameters = tuple(argument.arg for argument in node.args.args[1:])
        words, _, shown = (ast.get_docstring(node) or "").partition("Shown as:\n")
        summary, shown = words.partition("\n")[0], textwrap.dedent(shown).strip()
        label = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
        return Probe(label, name, self._sources[path], parameters, summary, shown)


@functools.cache
def probes_beside(path: Path) -> Probes:
    """Return the probes for a test file. A hidden suite without a file of probes uses those of the visible tests.

    The probes are cached, so the suite server parses them before it forks.
    """
    paths = [path.with_name(f"probes_{path.stem.removeprefix('test_')}.py"), path.with_name("probes.py")]
    if path.parents[1].name == "hidden":
        paths.append(path.parents[3] / "katas" / path.parent.name / "probes.py")
    return Probes(next((each for each in paths if each.is_file()), paths[1]))


@dataclass
class Call:
    """One call that a test makes to the submission, and the value that it returned or the exception that it raised."""

    name: str
    arguments: tuple[Any, ...]
    probe: Probe | None = None
    value: Any = None
    fault: Exception | None = None
    before: Call | None = None  # the previous call of the same case
    shown: dict[str, Any] = field(default_factory=dict)  # what a report shows, in place of or besides the arguments


class Raised:
    """The context manager that `kata.raises` returns.

        with kata.raises(ValueError) as caught: ...

    Afterwards `caught.message` is the exception's text.
    """

    def __init__(self, expected: type[Exception], call_log: CallLog) -> None:
        if getattr(builtins, expected.__name__, None) is not expected:
            raise TypeError(f"kata.raises takes a built-in exception, not {expected!r}")
        self.expected = expected
        self.call_log = call_log
        self.message = ""

    def __enter__(self) -> Raised:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if fault is None:
            last = self.call_log.last
            text = f"expected {self.expected.__name__} to be raised; nothing was raised"
            raise Mismatch(text, self.expected.__name__, last.value if last else None)
        bases = getattr(fault, "bases", ()) if isinstance(fault, SubmissionError) else ()
        if isinstance(fault, self.expected) or self.expected.__name__ in bases:
            self.message = str(getattr(fault, "text", fault))
            return True
        return False


@dataclass
class CallLog:
    """The calls of the current test. `recorded` holds all of them while a diagnosis observes behaviour."""

    last: Call | None = None
    answered: bool = False  # whether a call of the current case has returned or raised
    looked: bool = False  # whether a call of any case of the test has returned or raised
    raced: bool = False  # whether the current case has measured a speed
    recorded: list[Call] | None = None

    def ask(self, call: Call, answer: Callable[[], Any]) -> Any:
        """Log a call, and return or raise what `answer()` returns or raises."""
        __tracebackhide__ = True
        call.before, self.last = self.last, call
        if call.before is not None:
            call.before.before = None
        if self.recorded is not None:
            self.recorded.append(call)
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
    """The `kata` argument of a test, which has the kata's entry points as methods."""

    kata: Kata
    side: Side
    against: Callable[[], Side] | None = None  # opens a side that runs the shipped solution
    call_log: CallLog = field(default_factory=CallLog)
    timed: Callable[[Race, Speed], object] | None = None  # called with every measured speed
    elsewhere: Callable[[str], Side] | None = None  # opens a side that runs the submission in another runtime

    def __repr__(self) -> str:
        functions = (f"kata.{name}({', '.join(parameters(self.kata, name))})" for name in self.kata.entry_points)
        return f"<{self.kata.slug}: {', '.join(functions)}>"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self.kata.entry_points:
            raise AttributeError(f"kata.toml of {self.kata.slug} declares no entry point {name!r}")
        return partial(self._call, name)

    def _call(self, name: str, *arguments: Any) -> Any:
        __tracebackhide__ = True
        plain_arguments = plain(arguments)
        return self.call_log.ask(Call(name, plain_arguments), lambda: self.side.call(name, plain_arguments))

    def run(self, probe: Probe, *arguments: Any, **shown: Any) -> Any:
        """Run a probe in the submission's process. It returns plain values.

        `shown` are values for the probe's `Shown as:` that stay with the judge, such as the name of a planted fault.
        """
        __tracebackhide__ = True
        plain_arguments = plain(arguments)
        call = Call(probe.name, plain_arguments, probe, shown=plain(shown))
        return self.call_log.ask(call, lambda: self.side.run(probe, plain_arguments))

    def forget(self) -> None:
        """Leave the last call out of what a diagnosis compares, for example a call that only asked for more input."""
        if self.call_log.recorded:
            self.call_log.recorded.pop()

    def toml(self, name: str) -> dict[str, Any]:
        """Return the content of a declared TOML file. A missing or malformed file fails the test."""
        __tracebackhide__ = True
        return self._file(name, lambda data: read_toml(handed_in(data, name), name))  # type: ignore[no-any-return]

    def data(self, name: str) -> bytes | None:
        """Return a declared file as it was submitted, for example a picture, or None if it is missing."""
        __tracebackhide__ = True
        return self._file(name, lambda data: data)  # type: ignore[no-any-return]

    def text(self, name: str) -> str | None:
        """Return a declared file as UTF-8 text, or None if it is missing."""
        __tracebackhide__ = True
        data = self.data(name)
        return None if data is None else decoded(data)

    def _file(self, name: str, use: Callable[[bytes | None], Any]) -> Any:
        """Return `use(data)` for the data of a declared file, which is None if the file is missing."""
        __tracebackhide__ = True
        if not self.kata.declares(name):
            raise CatalogueError(f"kata.toml of {self.kata.slug} does not name {name!r} in files")
        return self.call_log.ask(Call(name, ()), lambda: use(self.side.data(name)))

    def raises(self, expected: type[Exception]) -> Raised:
        """Require that a call in the block raises this built-in exception or a subclass."""
        return Raised(expected, self.call_log)

    def reference(self) -> Handle:
        """Return a handle on the shipped solution, which runs under the same conditions as the submission."""
        if self.against is None:
            raise CatalogueError("the test calls kata.reference(), but no reference is available here")
        return Handle(self.kata, self.against(), None)

    def _itself(self) -> Handle:
        """Return another handle on the same submission, with a call log of its own."""
        if self.against is None:
            raise CatalogueError("the test calls kata.speed(), but no speed is measured here")
        return Handle(self.kata, self.side)

    def beside(self, runtime: str) -> Handle:
        """Return a handle on the same submission in a worker of another runtime, which serves the whole test.

        In a diagnosis and in learner mode, only one process exists, so the handle itself is returned.
        """
        if self.elsewhere is None:
            return self
        return Handle(self.kata, self.elsewhere(runtime), self.against, self.call_log, elsewhere=self.elsewhere)

    def speed(
        self,
        function: str | Probe,
        inputs: Inputs,
        check: Check,
        *,
        rounds: int = 11,
        at_most: float | None = None,
        clock: Clock = "wall",
        than: Callable[..., Any] | None = None,
    ) -> Speed:
        """Return the time of an entry point (by name) or a probe, divided by the reference's time.

        `inputs` draws fresh arguments for every round. `check(value, arguments)` checks every answer. If `at_most` is
        given, rounds are added until noise no longer decides the comparison with this threshold. Pass the result to
        `assert_speed`.

        `clock="cpu"` compares CPU times. Other programs on the machine hardly change those, even if a call is short.
        `than(kata, *arguments)` replaces the reference with other calls of the same submission, such as one call for
        each row. Visible tests need this, because students have no solution.
        """
        __tracebackhide__ = True
        self.call_log.raced = True
        reference = self.reference() if than is None else self._itself()
        other = reference._caller(function) if than is None else partial(than, reference)
        race = Race((self.side, self._caller(function)), (reference.side, other), inputs, check, own=than is not None)
        speed = race.run(rounds, at_most, clock)
        if self.timed is not None:
            self.timed(race, speed)
        return speed

    def _caller(self, function: str | Probe) -> Callable[..., Any]:
        return partial(self._call, function) if isinstance(function, str) else partial(self.run, function)
