"""Checks properties that hold for all inputs, using Hypothesis with the seed of the grading run.

graders.checks does not import this module, because only some katas need Hypothesis.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from graders.checks.draw import Draw
from graders.checks.mismatch import is_observing
from graders.errors import CatalogueError, JudgeError, WorkerError

EXAMPLES = 25
SHRINK_CALLS = 150  # the most calls in the search for a smaller failing example; they take a fraction of a second

Body = Callable[..., object]
SETTINGS = settings(
    max_examples=EXAMPLES,
    phases=(Phase.generate, Phase.shrink),
    deadline=None,
    database=None,
    derandomize=False,
    report_multiple_bugs=False,
    print_blob=False,
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)


def tenths(low: float = -5.0, high: float = 5.0) -> st.SearchStrategy[float]:
    """Return a strategy for numbers with one decimal, which are easy to read in a failure message."""
    return st.integers(round(10 * low), round(10 * high)).map(lambda number: number / 10)


def rows(low: float = -5.0, high: float = 5.0, *, least: int = 1) -> st.SearchStrategy[npt.NDArray[np.float64]]:
    """Return a strategy for vectors, or batches of up to 3 rows, with `least` to 5 numbers of one decimal each."""
    shapes = st.tuples(st.integers(0, 3), st.integers(least, 5))  # 0 rows mean a vector
    return shapes.flatmap(lambda shape: _arrays(tenths(low, high), shape[1:] if shape[0] == 0 else shape))


def for_all(draw: Draw, **strategies: st.SearchStrategy[Any]) -> Callable[[Body], None]:
    """Return a decorator that calls a function at once with examples of these strategies, as `@given` would.

    The examples depend only on `draw`. If an example fails, the decorator raises the failure of the smallest failing
    example that it found. During a diagnosis, it does nothing, because so many calls would use up the time limit.
    """

    def run(body: Body) -> None:
        __tracebackhide__ = True
        if is_observing():
            return
        search = _Search(body)
        try:
            with _without_local_constants(), contextlib.suppress(_Enough):
                seed(draw.entropy)(SETTINGS(given(**strategies)(search.example)))()
        except Exception:
            if search.smallest is None:
                raise
        if search.end is not None:
            raise search.end
        if search.smallest is not None:
            body(**search.smallest)  # repeated, so that the last recorded call belongs to the failure

    return run


def _arrays(numbers: st.SearchStrategy[float], shape: tuple[int, ...]) -> st.SearchStrategy[npt.NDArray[np.float64]]:
    count = int(np.prod(shape))
    return st.lists(numbers, min_size=count, max_size=count).map(lambda flat: np.array(flat).reshape(shape))


class _Enough(BaseException):
    """Ends Hypothesis's search. It is not an Exception, because Hypothesis would handle that itself."""


@dataclass
class _Search:
    """A search for a small failing example of a property."""

    body: Body
    smallest: dict[str, Any] | None = None
    calls: int = 0  # the number of calls since the first failure
    end: Exception | None = None

    def example(self, **arguments: Any) -> None:
        __tracebackhide__ = True
        self.calls += self.smallest is not None
        if self.calls > SHRINK_CALLS:
            raise _Enough
        try:
            self.body(**arguments)
        except (WorkerError, CatalogueError, JudgeError) as fault:  # another example would raise them again
            self.end = fault
            raise _Enough from fault
        except Exception:
            self._keep(arguments)
            raise

    def _keep(self, arguments: dict[str, Any]) -> None:
        if self.smallest is None or _size(arguments) <= _size(self.smallest):
            self.smallest = arguments


def _size(arguments: dict[str, Any]) -> tuple[int, float, int]:
    arrays = [np.asarray(value, dtype=np.float64) for value in arguments.values()]
    return sum(each.size for each in arrays), sum(float(np.abs(each).sum()) for each in arrays), len(repr(arguments))


@contextlib.contextmanager
def _without_local_constants() -> Iterator[None]:
    """Keep Hypothesis from looking for constants in all imported modules.

    Such constants would make the examples depend on the learner's file, and Hypothesis would store them on disk.
    """
    before = getattr(providers, "_get_local_constants", None)
    if before is not None:
        providers._get_local_constants = lambda: providers._local_constants
    try:
        yield
    finally:
        if before is not None:
            providers._get_local_constants = before
