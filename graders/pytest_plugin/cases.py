"""Runs a test function on its cases, and reduces a failing case to a small one."""

from __future__ import annotations

import contextlib
import io
import re
import time
from bdb import BdbQuit
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

import pytest

from graders.checks import recipes
from graders.checks.draw import Draw, Script
from graders.checks.mismatch import Mismatch, TooSlow
from graders.checks.reducer import reduce
from graders.errors import CatalogueError, JudgeError, RemoteFault, SubmissionError, WorkerError
from graders.pytest_plugin.counterexample import paste
from graders.pytest_plugin.handle import Call, Handle
from graders.pytest_plugin.outcome import Counterexample
from graders.pytest_plugin.pytest_internals import OUTCOMES
from graders.pytest_plugin.repetition import later
from graders.report.wording import can_be_pasted
from graders.watchdog import OutOfTime, grant

REDUCE_S = 1.0  # the limit on the search for a smaller case, which is skipped if a single case takes longer
REPEAT_S = 5.0  # a case that takes longer is not repeated in a new process
REDUCE_MORE_S = 0.3  # the same, after another failure of the task
WORDING_S = 5.0  # additional CPU time for writing the message if the search has used up the judge's time

_DIGIT = re.compile(r"\d|nan|inf")

Body = Callable[[Handle, Draw], object]


@dataclass(frozen=True)
class Failure:
    """The exception of the smallest failing case, and the case as code with the expected and the actual value.

    `remembered` says that the last call gets another answer if no call comes before it.
    """

    case: int
    fault: Exception
    counterexample: Counterexample = field(default_factory=Counterexample)
    remembered: bool = False


@dataclass(frozen=True)
class Trial:
    """A test function that is ready to run on a submission. `seed` and `name` determine the drawn inputs."""

    body: Body
    kata: Handle
    seed: bytes
    name: str
    count: int
    tests: ModuleType | None = None  # the visible test file

    def failure(
        self, *, reducing: bool = True, first: bool = True, before_reducing: Callable[[], object] = lambda: None
    ) -> Failure | None:
        """Return the first failing case, reduced, or None. Raise exceptions that are not the submission's fault.

        If it isn't the `first` failure of its task, the case is reduced only if it is too large to show as a program.
        """
        for case in range(self.count):
            draw = Draw(self.seed, self.name, case)
            started = time.monotonic()
            fault = self.fault_of(draw)
            seconds = time.monotonic() - started
            quick = seconds < REDUCE_S
            if fault is None:
                continue
            if is_unwritten(fault):  # every input fails like this, so there is nothing to reduce
                return Failure(case, fault)
            before_reducing()
            # A race that is lost fails differently on smaller inputs.
            reducible = reducing and quick and draw.script and not isinstance(fault, WorkerError | BdbQuit | TooSlow)
            drawn, call, repeating = fault, self.kata.call_log.last, seconds < REPEAT_S
            if reducible and first:
                fault = self._smaller(case, draw.script, fault, REDUCE_S)
            failure = self._shown(case, fault, repeating=repeating)
            if reducible and not can_be_pasted(failure.counterexample.text):
                if first:
                    return failure if fault is drawn else self._or_as_drawn(failure, drawn, call, repeating=repeating)
                failure = self._shown(case, self._smaller(case, draw.script, fault, REDUCE_MORE_S), repeating=True)
            return failure
        return None

    def _shown(self, case: int, fault: Exception, *, repeating: bool) -> Failure:
        """Return the failure with its last call as code. With `repeating`, look whether it depends on earlier calls."""
        kata, call = self.kata, self.kata.call_log.last
        depends = later(kata, call, fault) if repeating else None
        return Failure(case, fault, paste(kata.kata, call, fault, depends, self.tests), remembered=depends is not None)

    def _or_as_drawn(self, failure: Failure, fault: Exception, call: Call | None, *, repeating: bool) -> Failure:
        """Return a reduced failure, or the one before if that can be shown as a program: one that draws large arrays.

        `fault` and `call` are those from before it was reduced.
        """
        log, reduced = self.kata.call_log, self.kata.call_log.last
        log.last = call
        try:
            shown = self._shown(failure.case, fault, repeating=repeating)
            if can_be_pasted(shown.counterexample.text):
                return shown
        except OutOfTime:
            grant(WORDING_S)
        log.last = reduced
        return failure

    def fault_of(self, draw: Draw) -> Exception | None:
        """Return the submission's exception on these inputs, or None. Raise other exceptions."""
        log = self.kata.call_log
        log.last, log.answered = None, False
        recipes.forget()
        try:
            self.body(self.kata, draw)
        except (CatalogueError, JudgeError, *OUTCOMES, pytest.exit.Exception):
            raise
        except Exception as fault:
            if not log.answered and not isinstance(fault, SubmissionError):
                raise
            return fault
        return None

    def _smaller(self, case: int, script: Script, fault: Exception, seconds: float) -> Exception:
        """Return the exception of the smallest case that was found, and leave its last call in the call log."""
        wanted, first_call = _kind(fault), self.kata.call_log.last
        deadline = time.monotonic() + seconds

        def fails(candidate: Script) -> bool:
            if time.monotonic() > deadline:
                raise WorkerError("no time left to look for a smaller case")
            found = self.fault_of(Draw(self.seed, self.name, case, candidate))
            if isinstance(found, WorkerError):
                raise found
            return found is not None and _kind(found) == wanted

        try:
            with contextlib.redirect_stdout(io.StringIO()):
                smallest, _ = reduce(script, fails)
                if smallest is not script:
                    again = self.fault_of(Draw(self.seed, self.name, case, smallest))
                    if again is not None and _kind(again) == wanted:
                        return again
        except (Exception, OutOfTime) as end:  # noqa: BLE001 (then the first failure stays the result)
            if isinstance(end, OutOfTime):
                grant(WORDING_S)
        self.kata.call_log.last = first_call
        return fault


def is_unwritten(fault: Exception) -> bool:
    """Return whether the call reached a stub, which raises NotImplementedError without a message."""
    if isinstance(fault, RemoteFault):
        return fault.type_name == "NotImplementedError" and not fault.text
    return type(fault) is NotImplementedError and not fault.args


def _kind(fault: Exception) -> tuple[object, ...]:
    """Return the kind of a failure, which must stay the same while a case is reduced."""
    if isinstance(fault, Mismatch):
        return Mismatch, *("#" if _DIGIT.search(word) else word for word in fault.message.split()[:3])
    return type(fault), getattr(fault, "type_name", "")
