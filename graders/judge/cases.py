"""One test function, run on its cases; a failing case is made as small as it will go."""

from __future__ import annotations

import contextlib
import io
import re
import time
from bdb import BdbQuit
from collections.abc import Callable
from dataclasses import dataclass

from _pytest.outcomes import Exit, OutcomeException

from graders.checks.draw import Draw, Script
from graders.checks.mismatch import Mismatch
from graders.checks.reducer import reduce
from graders.errors import CatalogueError, JudgeError, SubmissionError, WorkerError
from graders.judge.counterexample import paste
from graders.judge.handle import Handle
from graders.judge.watchdog import OutOfTime, grant
from graders.judge.worker import RemoteFault

REDUCE_S = 1.0  # wall time that the search for a smaller case may take; where one case takes longer, there is none
WORDING_S = 5.0  # CPU time for the message, where that search had used up the judge's

_DIGIT = re.compile(r"\d|nan|inf")

Body = Callable[[Handle, Draw], object]


@dataclass(frozen=True)
class Failure:
    """The fault of the smallest failing case, and that case as code."""

    case: int
    fault: Exception
    counterexample: str


@dataclass(frozen=True)
class Trial:
    """A test function ready to be run on a submission; `seed` and `name` decide what is drawn."""

    body: Body
    kata: Handle
    seed: bytes
    name: str
    count: int

    def failure(self, *, reducing: bool = True, before_reducing: Callable[[], object] = lambda: None) -> Failure | None:
        """The first failing case, reduced; None when every case passes. Faults of our own are raised."""
        for case in range(self.count):
            draw = Draw(self.seed, self.name, case)
            begun = time.monotonic()
            fault = self.fault_of(draw)
            quick = time.monotonic() - begun < REDUCE_S
            if fault is None:
                continue
            if unwritten(fault):  # whatever the input is, and none says more
                return Failure(case, fault, "")
            before_reducing()
            # A race takes long, and on smaller inputs the fault is another.
            raced = self.kata.journal.raced
            if reducing and quick and draw.script and not raced and not isinstance(fault, WorkerError | BdbQuit):
                fault = self._smaller(case, draw.script, fault)
            return Failure(case, fault, paste(self.kata.kata, self.kata.journal.last, fault))
        return None

    def fault_of(self, draw: Draw) -> Exception | None:
        """What goes wrong for these inputs, if it is the submission's doing."""
        self.kata.journal.last = None
        self.kata.journal.answered = self.kata.journal.raced = False
        try:
            self.body(self.kata, draw)
        except (CatalogueError, JudgeError, OutcomeException, Exit):
            raise
        except Exception as fault:
            if not self.kata.journal.answered and not isinstance(fault, SubmissionError):
                raise
            return fault
        return None

    def _smaller(self, case: int, script: Script, fault: Exception) -> Exception:
        """Reduce; leaves the smallest case in the kata's journal and returns its fault."""
        looked_for = _sort(fault)
        deadline = time.monotonic() + REDUCE_S

        def fails(candidate: Script) -> bool:
            if time.monotonic() > deadline:
                raise WorkerError("no more time to look for a smaller case")
            found = self.fault_of(Draw(self.seed, self.name, case, candidate))
            if isinstance(found, WorkerError):
                raise found
            return found is not None and _sort(found) == looked_for

        first_call = self.kata.journal.last
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                smallest, _ = reduce(script, fails)
                if smallest is not script:
                    again = self.fault_of(Draw(self.seed, self.name, case, smallest))
                    if again is not None and _sort(again) == looked_for:
                        return again
        except (Exception, OutOfTime) as end:  # noqa: BLE001 (the failure that was found first is the verdict's)
            if isinstance(end, OutOfTime):
                grant(WORDING_S)
        self.kata.journal.last = first_call
        return fault


def unwritten(fault: Exception) -> bool:
    """Whether it was the stub that was called: it raises NotImplementedError, without a word."""
    if isinstance(fault, RemoteFault):
        return fault.type_name == "NotImplementedError" and not fault.text
    return type(fault) is NotImplementedError and not fault.args


def _sort(fault: Exception) -> tuple[object, ...]:
    """The sort of a failure, which must stay the same while a case is reduced."""
    if isinstance(fault, Mismatch):
        return Mismatch, *("#" if _DIGIT.search(word) else word for word in fault.message.split()[:3])
    return type(fault), getattr(fault, "type_name", "")
