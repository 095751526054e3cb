"""Tests of the reducer, which shrinks a failing case."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graders.checks.draw import Draw, Script
from graders.checks.reducer import reduce
from graders.errors import WorkerError

SEED = bytes(range(16))
Body = Callable[[Draw], tuple]


def affine_case(draw: Draw) -> tuple:
    n, fan_in, fan_out = draw.sizes("n fan_in fan_out")
    return draw.normal(fan_out, fan_in), draw.normal(n, fan_in), draw.normal(fan_out)


def square_case(draw: Draw) -> tuple:
    fan_in, fan_out = draw.sizes("fan_in fan_out", low=1, high=6)
    return draw.normal(fan_out, fan_in), draw.normal(fan_in)


def replayed(script: Script, body: Body) -> tuple:
    return body(Draw(SEED, "t", 0, script))


def failing(body: Body, fails: Callable[..., bool]) -> Callable[[Script], bool]:
    return lambda script: fails(*replayed(script, body))


def recorded(body: Body, case: int = 0) -> Script:
    draw = Draw(SEED, "t", case)
    body(draw)
    return draw.script


def test_a_missing_bias_ends_at_one_entry_of_1() -> None:
    fails = failing(affine_case, lambda W, x, b: not np.allclose(x @ W.T, x @ W.T + b))
    script, calls = reduce(recorded(affine_case), fails)
    assert [value.tolist() for value in replayed(script, affine_case)] == [[[0]], [[0]], [1]]
    assert calls <= 80


def rows_interact(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> bool:
    return len(x) > 1 and len(b) > 1 and abs(x[-1] @ W.T[:, -1]) > 1e-9


def test_a_fault_that_needs_2_rows_and_columns_ends_at_2_by_2() -> None:
    script, calls = reduce(recorded(affine_case), failing(affine_case, rows_interact))
    W, x, b = replayed(script, affine_case)
    assert (W.shape, x.shape, b.shape) == ((2, 1), (2, 1), (2,))
    assert all(np.isin(value, (0, 1)).all() for value in (W, x, b))
    assert calls <= 80
    again = reduce(recorded(affine_case), failing(affine_case, rows_interact))
    assert (repr(again[0]), again[1]) == (repr(script), calls)


def test_a_transposed_square_matrix_is_reduced_along_both_axes() -> None:
    def fails(W: np.ndarray, x: np.ndarray) -> bool:
        return W.shape[0] == W.shape[1] and not np.allclose(W @ x, W.T @ x)

    case = next(
        i for i in range(100) if fails(*square_case(Draw(SEED, "t", i))) and recorded(square_case, i)[0].value > 3
    )
    script, calls = reduce(recorded(square_case, case), failing(square_case, fails))
    W, x = replayed(script, square_case)
    assert W.shape == (2, 2)
    assert np.isin(W, (0, 1)).all()
    assert np.isin(x, (0, 1)).all()
    assert calls <= 80


@given(st.integers(0, 40), st.sampled_from(["n", "fan_in", "fan_out"]), st.integers(1, 4), st.floats(-2, 2))
def test_the_result_fails_and_cannot_be_reduced_further(case: int, name: str, least: int, bar: float) -> None:
    def body(draw: Draw) -> tuple:
        sizes = draw.sizes("n fan_in fan_out")
        return dict(zip(("n", "fan_in", "fan_out"), sizes, strict=True))[name], draw.normal(*sizes)

    fails = failing(body, lambda size, values: size >= least and values.max() > bar)
    script = recorded(body, case)
    assume(fails(script))
    reduced, calls = reduce(script, fails)
    assert calls <= 200
    assert fails(reduced)
    assert reduce(reduced, fails)[0] is reduced


@pytest.mark.parametrize("budget", [1, 5, 20])
def test_the_budget_is_respected(budget: int) -> None:
    calls = []

    def fails(script: Script) -> bool:
        calls.append(script)
        return rows_interact(*replayed(script, affine_case))

    assert reduce(recorded(affine_case), fails, budget)[1] == len(calls) <= budget


def test_entries_that_cannot_be_0_or_1_are_rounded() -> None:
    def body(draw: Draw) -> tuple:
        return (draw.uniform(2.5, 9.5, 2, 2, dtype=np.float32),)

    script, _ = reduce(recorded(body), failing(body, lambda x: x.min() > 2.4))
    (x,) = replayed(script, body)
    assert x.dtype == np.float32
    assert np.array_equal(x, np.rint(x))


def test_class_labels_follow_when_classes_are_dropped() -> None:
    def body(draw: Draw) -> tuple:
        n, classes = draw.sizes("n classes")
        return draw.normal(n, classes), draw.integers(0, classes, n)

    script, _ = reduce(recorded(body), failing(body, lambda _, target: target.max() > 0))
    logits, target = replayed(script, body)
    assert logits.tolist() == [[0, 0]]
    assert target.tolist() == [1]


def test_a_shape_computed_from_sizes_is_left_as_it_is() -> None:
    def body(draw: Draw) -> tuple:
        n = draw.sizes("n")
        return n, draw.normal(2 * n)

    script, _ = reduce(recorded(body), failing(body, lambda *_: True))
    n, x = replayed(script, body)
    assert x.shape == (2 * n,)
    assert not x.any()


def test_a_dead_worker_ends_the_search_at_the_last_failing_case() -> None:
    confirmed = []

    def fails(script: Script) -> bool:
        if len(confirmed) == 3:
            raise WorkerError("killed")
        confirmed.append(script)
        return True

    script, calls = reduce(recorded(affine_case), fails)
    assert script is confirmed[-1]
    assert calls == 4


def test_a_varying_answer_leaves_the_case_unreduced() -> None:
    answers = iter([True, True] + [False] * 500)
    script = recorded(affine_case)
    assert reduce(script, lambda _: next(answers))[0] is script


def many_numbers(draw: Draw) -> tuple:
    return draw.normal(30, 8), draw.integers(0, 4, 30)


def test_many_numbers_end_as_a_repetition_of_a_few() -> None:
    script, _ = reduce(recorded(many_numbers), failing(many_numbers, lambda x, y: x.std() + y.std() > 0.1), budget=3)
    x, y = replayed(script, many_numbers)
    np.testing.assert_array_equal(x, np.resize(x.ravel()[:7], x.shape))
    np.testing.assert_array_equal(y, np.resize(y[:7], y.shape))
