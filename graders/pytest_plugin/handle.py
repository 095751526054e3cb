"""The `kata` object of a test. A test makes the same calls, whether they run in this process or in a worker."""

from __future__ import annotations

import ast
import builtins
import functools
import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from graders.catalogue import COMMON_PROBES, Kata
from graders.catalogue.decoding import did_you_mean
from graders.checks.artifacts import decoded, read_toml
from graders.checks.draw import plain
from graders.checks.mismatch import Mismatch, handed_in
from graders.checks.recipes import Recipe, recipes
from graders.checks.speed import Check, Clock, Inputs, Race, Runner
from graders.errors import CatalogueError, SubmissionError
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
    """A function from a probes.py file. `summary` is its docstring's first line, `shown` its `Shown as:`."""

    file: str
    name: str
    source: str
    parameters: tuple[str, ...]
    summary: str
    shown: str = ""


class Probes:
    """The probes of a test file, and the common ones, as attributes. The judge only parses these files."""

    def __init__(self, own: Path) -> None:
        self._own = own
        self._files = {path: path.read_text(encoding="utf-8") for path in (own, COMMON_PROBES) if path.is_file()}
        self._functions = {
            node.name: (path, node)
            for path in reversed(self._files)  # a file's own probe hides a common one
            for node in ast.parse(self._files[path]).body
            if isinstance(node, ast.FunctionDef)
        }

    def __getattr__(self, name: str) -> Probe:
        if name not in self._functions:
            names = ", ".join(sorted(self._functions, key=lambda each: self._functions[each][0] != self._own))
            raise CatalogueError(f"{self._own}: no function {name}; it has {names}")
        path, node = self._functions[name]
        parameters = tuple(argument.arg for argument in node.args.args[1:])
        words, _, shown = (ast.get_docstring(node) or "").partition("Shown as:\n")
        summary, shown = words.partition("\n")[0], textwrap.dedent(shown).strip()
        label = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
        probe = Probe(label, name, self._files[path], parameters, summary, shown)
        setattr(self, name, probe)  # from now on, Python finds it without this method
        return probe


@functools.cache
def probes_beside(path: Path) -> Probes:
    """Return a test file's probes (parsed once, before a fork). A hidden suite may use those of the visible tests."""
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
    ask: Callable[[Side], Any] = lambda _: None  # makes the call on a side
    recipes: list[Recipe] = field(default_factory=recipes)  # how a program can make large arguments


@dataclass
class Raised:
    """The context manager that `kata.raises` returns. Afterwards, its `message` is the exception's text."""

    expected: type[Exception]
    call_log: CallLog
    message: str = ""

    def __enter__(self) -> Raised:
        return self

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> bool:
        name = self.expected.__name__
        if fault is None:
            last = self.call_log.last
            text = f"expected {name} to be raised; nothing was raised"
            raise Mismatch(text, name, last.value if last else None)
        bases = getattr(fault, "bases", ()) if isinstance(fault, SubmissionError) else ()
        expected = isinstance(fault, self.expected) or name in bases
        self.message = str(getattr(fault, "text", fault)) if expected else ""
        return expected


@dataclass
class CallLog:
    """The calls of the current test. `recorded` holds all of them while a diagnosis observes behaviour."""

    last: Call | None = None
    answered: bool = False  # whether a call of the current case has returned or raised
    looked: bool = False  # whether a call of any case of the test has returned or raised
    recorded: list[Call] | None = None

    def ask(self, call: Call, side: Side) -> Any:
        """Log a call, make it on this side, and return or raise what it returns or raises."""
        __tracebackhide__ = True
        call.before, self.last = self.last, call
        if call.before is not None:
            call.before.before = None
        if self.recorded is not None:
            self.recorded.append(call)
        try:
            call.value = call.ask(side)
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
    afresh: Callable[[], Side] | None = None  # opens a side of the submission that has answered no call
    other: Callable[[], Side | None] | None = None  # returns a side that has answered other calls, if there is one
    measured: list[str] = field(default_factory=list)  # numbers beside their limits

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
        call = Call(name, plain_arguments, ask=lambda side: side.call(name, plain_arguments))
        return self.call_log.ask(call, self.side)

    def run(self, probe: Probe, *arguments: Any, then: Callable[[Any], Any] = lambda value: value, **shown: Any) -> Any:
        """Run a probe in the submission's process. It returns plain values.

        What `then` makes of them here counts as the submission's answer. `shown` are values for the probe's `Shown as:`
        that stay with the judge, such as the name of a planted fault.
        """
        __tracebackhide__ = True
        if probe.name == "call_with_layout" and not all(hasattr(each, "shape") for each in arguments[2:]):
            raise CatalogueError("the test calls call_with_layout with a value that has no memory layout. Pass arrays.")
        plain_arguments = plain(arguments)
        call = Call(probe.name, plain_arguments, probe, shown=plain(shown))
        call.ask = lambda side: then(side.run(probe, plain_arguments))
        return self.call_log.ask(call, self.side)

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
        __tracebackhide__ = True
        if not self.kata.declares(name):
            raise CatalogueError(f"kata.toml of {self.kata.slug} does not name {name!r} in files")
        return self.call_log.ask(Call(name, (), ask=lambda side: use(side.data(name))), self.side)

    def measure(self, name: str, value: float, limit: str) -> None:
        """Note a number and the limit that the test compares it with. `katas check --data` prints both."""
        self.measured.append(f"{name}: {value:.3f}, {limit}")

    def raises(self, expected: type[Exception]) -> Raised:
        """Require that a call in the block raises this built-in exception or a subclass."""
        if getattr(builtins, expected.__name__, None) is not expected:
            raise TypeError(f"kata.raises takes a built-in exception, not {expected!r}")
        return Raised(expected, self.call_log)

    def reference(self) -> Handle:
        """Return a handle on the shipped solution, which runs under the same conditions as the submission."""
        if self.against is None:
            raise CatalogueError("the test calls kata.reference(), but no reference is available here")
        return Handle(self.kata, self.against(), None)

    def beside(self, runtime: str) -> Handle:
        """Return a handle on the same submission in a worker of another runtime, or this one if no worker exists."""
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
        if self.against is None:
            raise CatalogueError("the test calls kata.speed(), but no speed is measured here")
        reference = self.reference() if than is None else Handle(self.kata, self.side)
        other = reference._caller(function) if than is None else partial(than, reference)
        race = Race((self.side, self._caller(function)), (reference.side, other), inputs, check, own=than is not None)
        speed = race.run(rounds, at_most, clock)
        if self.timed is not None:
            self.timed(race, speed)
        return speed

    def _caller(self, function: str | Probe) -> Callable[..., Any]:
        return partial(self._call, function) if isinstance(function, str) else partial(self.run, function)


def missing(kata: Kata, name: str, sources: Iterable[str]) -> str:
    """Return the message for a submission that lacks one of its functions. `sources` are its Python files."""
    files, code = " or ".join(kata.files), "\n".join(sources)
    if not code.strip():
        return f"{files} is empty. `katas reset {kata.slug}` brings the stub back."
    near = did_you_mean(name, re.findall(r"^(?:async )?(?:def|class) (\w+)", code, re.MULTILINE))
    return f"{files} does not define {name}. {near}Use the name and arguments of the stub."


def parameters(kata: Kata, function: str) -> tuple[str, ...]:
    """Return the names of an entry point's parameters, as they are in the stub."""
    return _stub(kata, function)[1]


def module_of(kata: Kata, function: str) -> str:
    """Return the module that defines an entry point, or the kata's first module if no stub does."""
    module, _ = _stub(kata, function)
    return module or (kata.modules[0] if kata.modules else kata.slug)


def _stub(kata: Kata, function: str) -> tuple[str, tuple[str, ...]]:
    for name in kata.files:
        path = kata.folder / name
        if path.suffix == ".py" and path.is_file():
            found = _parameters(path.read_bytes())
            if function in found:
                return name.removesuffix(".py").removesuffix("/__init__").replace("/", "."), found[function]
    return "", ()


@functools.lru_cache(maxsize=16)
def _parameters(source: bytes) -> dict[str, tuple[str, ...]]:
    """Return the parameters of each top-level function. In a learner's clone, the source may be anything."""
    try:
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return {}
    return {each.name: tuple(argument.arg for argument in each.args.args) for each in reversed(functions)}
