"""Checks properties that hold for all inputs, using Hypothesis with the seed of the grading run.

graders.checks does not import this module, because only some katas need Hypothesis.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from graders.checks.draw import Draw
from graders.checks.mismatch import is_observing
from graders.errors import CatalogueError, JudgeError, WorkerError

EXAMPLES = 10  # 25 took almost half of the time of grading exercise01
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

    def of_shape(shape: tuple[int, int]) -> st.SearchStrategy[npt.NDArray[np.float64]]:
        count = max(shape[0], 1) * shape[1]
        numbers = st.lists(tenths(low, high), min_size=count, max_size=count)
        return numbers.map(lambda flat: np.array(flat).reshape(shape if shape[0] else shape[1:]))

    return shapes.flatmap(of_shape)


def for_all(draw: Draw, **strategies: st.SearchStrategy[Any]) -> Callable[[Body], None]:
    """Return a decorator that calls a function at once with examples of these strategies, as `@given` would.

    The examples depend only on `draw`. If an example fails, the decorator raises the failure of the smallest failing
    example that it found. During a diagnosis, it does nothing, because so many calls would use up the time limit.
    """

    def run(body: Body) -> None:
        __tracebackhide__ = True
        if is_observing():
            return
        smallest: dict[str, Any] = {}
        calls = 0  # since the first failure
        end: Exception | None = None

        def example(**arguments: Any) -> None:
            __tracebackhide__ = True
            nonlocal smallest, calls, end
            calls += bool(smallest)
            if calls > SHRINK_CALLS:
                raise _Enough
            try:
                body(**arguments)
            except (WorkerError, CatalogueError, JudgeError) as fault:  # another example would raise them again
                end = fault
                raise _Enough from fault
            except Exception:
                if not smallest or _size(arguments) <= _size(smallest):
                    smallest = arguments
                raise

        try:
            with _without_local_constants(), contextlib.suppress(_Enough):
                seed(draw.entropy)(SETTINGS(given(**strategies)(example)))()
        except Exception:
            if not smallest:
                raise
        if end is not None:
            raise end
        if smallest:
            body(**smallest)  # repeated, so that the last recorded call belongs to the failure

    return run


class _Enough(BaseException):
    """Ends Hypothesis's search. It is not an Exception, because Hypothesis would handle that itself."""


def _size(arguments: dict[str, Any]) -> tuple[int, float, int]:
    arrays = [np.asarray(value, dtype=np.float64) for value in arguments.values()]
    return sum(each.size for each in arrays), sum(float(np.abs(each).sum()) for each in arrays), len(repr(arguments))


@contextlib.contextmanager
def _without_local_constants() -> Iterator[None]:
    """Keep Hypothesis from storing constants of imported modules, on which examples would then depend."""
    before = getattr(providers, "_get_local_constants", None)
    if before is not None:
        providers._get_local_constants = lambda: providers._local_constants
    try:
        yield
    finally:
        if before is not None:
            providers._get_local_constants = before


# Hypothesis makes its random generator at its first use. On Python 3.14, it would warn if that came after the judge's
# `gc.freeze`, which hides from Hypothesis what refers to the generator.
settings(SETTINGS, max_examples=1)(given(st.none())(lambda _: None))()
