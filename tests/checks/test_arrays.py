"""Tests of the checks of arrays and plain values, and of their messages."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from graders.checks import (
    Mismatch,
    assert_bool,
    assert_close,
    assert_equal,
    assert_float,
    assert_near,
    assert_parts,
    assert_shape,
)
from graders.checks.arrays import values_only
from graders.checks.draw import Size
from graders.checks.mismatch import fail, observing

EPS = float(np.finfo(np.float64).eps)


class Loose(np.ndarray):
    """A subclass, which could have its own comparison."""


@pytest.mark.parametrize(
    ("actual", "expected", "message"),
    [
        (np.zeros((3, 1)), np.zeros(3), "expected shape (3,), got (3, 1)"),
        (np.zeros(3), np.zeros(3, np.float32), "expected dtype float32, got float64"),
        (
            np.array([[1, 2, 3], [4, 5, -0.5]]),
            np.array([[1, 2, 3], [4, 6, 0.5]]),
            "wrong value at [1, 1]: expected 6.0, got 5.0 (2 of 6 elements are wrong)",  # the first
        ),
        (
            np.array([1.0, np.nan]),
            np.array([1.0, 2.0]),
            "NaN at [1]: expected 2.0, got nan (1 of 2 elements is NaN)",
        ),
        (
            np.array([1.0, 1 / 3 + 1e-8]),
            np.array([1.0, 1 / 3]),
            "wrong value at [1]: expected 0.33333333, got 0.33333334; allowed difference 3.3e-10 "
            "(1 of 2 elements is wrong)",
        ),
        ([1.0], np.zeros(1), "expected a numpy.ndarray of shape (1,), got list of 1"),
        (2.0, np.zeros(1), "expected a numpy.ndarray of shape (1,), got float 2.0"),
        (None, np.zeros(1), "expected a numpy.ndarray of shape (1,), got None"),
        (
            np.zeros(1).view(Loose),
            np.zeros(1),
            "expected a numpy.ndarray of shape (1,), "
            "got Loose (a subclass of numpy.ndarray) of shape (1,) and dtype float64",
        ),
        (1.5, 1.0, "expected 1.0, got 1.5"),
        (1, 1.0, "expected a float, got int 1"),
        (True, 1.0, "expected a float, got bool True"),
        (1 + 0j, 1.0, "expected a float, got complex (1+0j)"),
        (np.ones(1), 1.0, "expected a float, got an array of shape (1,) and dtype float64"),
        (np.int64(1), 1.0, "expected a float, got numpy.int64 1"),
    ],
)
def test_a_message_says_what_is_wrong_where_and_by_how_much(actual: object, expected: object, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        assert_close(actual, expected)
    assert caught.value.message == message
    assert caught.value.actual is actual


@pytest.mark.parametrize(
    ("check", "actual", "expected", "message"),
    [
        (assert_close, np.array([[1.0, 4.0]]), np.array([[1.0, 8.0]]), "dW is wrong at [0, 1]: expected 8.0, got 4.0"),
        (assert_close, np.array([np.nan]), np.array([8.0]), "dW is NaN at [0]: expected 8.0, got nan"),
        (assert_close, 4.0, 8.0, "dW: expected 8.0, got 4.0"),
        (assert_close, np.zeros(3), np.zeros(2), "dW: expected shape (2,), got (3,)"),
        (assert_equal, np.zeros(2), np.array([0.0, 1 / 3]), "dW: wrong value at [1]: expected 0.33333, got 0.0"),
        (assert_equal, (200, 101), (200, 100), "dW: expected (200, 100), got (200, 101)"),
        (assert_bool, False, True, "dW: expected True, got False"),
    ],
)
def test_a_message_names_the_element_of_an_answer(check, actual: object, expected: object, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        check(actual, expected, name="dW")
    assert caught.value.message.removesuffix(" (1 of 2 elements is wrong)") == message


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.zeros(2), "expected a tuple (dW, db), got array of shape (2,) and dtype float64"),
        ((1, 2, 3), "expected a tuple (dW, db), got 3 elements"),
    ],
)
def test_an_answer_must_have_all_of_its_elements(answer: object, message: str) -> None:
    with observing(), pytest.raises(Mismatch) as caught:
        assert_parts(answer, "dW", "db")
    assert caught.value.message == message
    assert assert_parts([1, 2], "dW", "db") == (1, 2)


@given(npst.arrays(np.float64, npst.array_shapes(), elements=st.floats(-1e300, 1e300)))
def test_an_array_is_close_to_itself(array: np.ndarray) -> None:
    assert_close(array.copy(), array)


@given(st.floats(1e-300, 1e300), st.integers(1, 1000), st.floats(0, 1), st.booleans())
def test_a_difference_within_the_tolerance_passes(x: float, terms: int, share: float, below: bool) -> None:
    left = 8 * terms - 0.6  # of the tolerance: x + error is rounded, by about half an EPS of x
    error = share * left * EPS * x * (-1 if below else 1)
    assert_close(np.array([x + error]), np.array([x]), terms=terms, precise=True)


@given(st.floats(1e-290, 1e290), st.integers(1, 1000), st.floats(1.3, 1e9), st.booleans())
def test_a_difference_beyond_the_tolerance_fails(x: float, terms: int, share: float, below: bool) -> None:
    error = share * 8 * EPS * terms * x * (-1 if below else 1)
    with pytest.raises(Mismatch):
        assert_close(np.array([x + error]), np.array([x]), terms=terms, precise=True)


def test_the_scale_is_the_magnitude_of_intermediate_values() -> None:
    assert_close(np.array([1e-13]), np.array([0.0]), scale=np.array([1000.0]))
    with pytest.raises(Mismatch):
        assert_close(np.array([1e-13]), np.array([0.0]))


def test_an_answer_is_compared_at_the_precision_that_it_must_have() -> None:
    exact = np.array([1 / 3, 1e39])
    with np.errstate(over="ignore"):
        single = exact.astype(np.float32)
    assert_close(single, exact, dtype=np.float32)
    with pytest.raises(Mismatch):
        assert_close(single[:1].astype(np.float64), exact[:1])


@pytest.mark.parametrize("actual", [1 / 3, np.float64(1 / 3), np.array(1 / 3)])
def test_a_float_may_be_a_python_float_a_numpy_scalar_or_0d(actual: object) -> None:
    assert_close(actual, 1 / 3)
    assert_float(actual)


CORE = np.array([0.0, 1.0, 0.1])


@pytest.mark.parametrize("core", [True, False])
@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (CORE * (1 + 9e-10), CORE),
        (np.array([1 + 9e-10, np.nan, np.inf]), np.array([1.0, np.nan, np.inf])),
        (1 + 9e-10, 1.0),
    ],
)
def test_a_float64_is_judged_to_nine_digits(actual: object, expected: object, core: bool) -> None:
    with values_only(core):
        assert_close(actual, expected)
        with pytest.raises(Mismatch):
            assert_close(actual, expected, precise=True)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (CORE[:2].astype(np.float32), CORE[:2]),
        (np.array([0, 1]), CORE[:2]),
        (np.array([False, True]), CORE[:2]),
        (1, 1.0),
    ],
)
def test_in_a_core_task_the_dtype_does_not_matter(actual: object, expected: object) -> None:
    with values_only(True):
        assert_close(actual, expected)
    with pytest.raises(Mismatch), values_only(False):
        assert_close(actual, expected)


@pytest.mark.parametrize(
    ("actual", "options", "message"),
    [
        (CORE * (1 + 2e-9), {}, "wrong value at"),
        (CORE * (1 + 9e-10), {"precise": True}, "wrong value at"),
        (np.array([0, 1, 0.1 + 2e-10]), {"scale": CORE}, "wrong value at"),  # 1e-9 of this element, not of the largest
        (CORE.astype(np.float32), {}, "expected dtype float64, got float32, which keeps too few digits"),
        ((2 * CORE).astype(np.float32), {}, "wrong value at"),
        (CORE[:2], {}, "expected shape"),
        (list(CORE), {}, "expected a numpy.ndarray"),
        (CORE, {"dtype": np.float32}, "expected dtype float32, got float64"),
    ],
)
def test_a_core_task_still_refuses_what_is_wrong(actual: object, options: dict[str, Any], message: str) -> None:
    with values_only(True), pytest.raises(Mismatch, match=message):
        assert_close(actual, CORE, **options)


def test_a_core_task_refuses_a_number_of_an_own_type() -> None:
    own = type("Own", (np.int64,), {})
    with values_only(True):
        assert_close(np.int64(1), 1.0)
        with pytest.raises(Mismatch):
            assert_close(own(1), 1.0)


@pytest.mark.parametrize(("actual", "expected"), [(np.inf, np.nan), (np.inf, 1.0), (1.0, np.inf), (-np.inf, np.inf)])
def test_infinities_and_nans_are_close_only_to_themselves(actual: float, expected: float) -> None:
    assert_close(np.array([expected]), np.array([expected]))
    with pytest.raises(Mismatch):
        assert_close(np.array([actual]), np.array([expected]))


def test_an_expected_torch_tensor_is_taken_as_an_array() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    assert_close(np.array([1.0, 2.0]), tensor)
    assert_equal([np.array([1.0, 2.0])], [tensor])


def test_nothing_fails_while_observing_a_wrong_answer() -> None:
    with observing():
        assert_close("x", np.zeros(3))
        assert_close(np.zeros((2, 2)), np.zeros(3))
        assert_float(None)
        assert_equal({}, [1])
        assert_bool(0, True)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ((1, 2.5, "a", None, True), [1, 2.5, "a", None, True]),
        ({"a": np.arange(3)}, {"a": np.arange(3)}),
        (float("nan"), float("nan")),
        (np.array([np.nan, -0.0]), np.array([np.nan, -0.0])),
        (np.array([1 + 2j]), np.array([1 + 2j])),
        (np.float32(1), np.float32(1)),
        (3, Size(3, "n")),
        (np.asfortranarray(np.eye(3)), np.eye(3)),
    ],
)
def test_equal_content_is_equal(actual: object, expected: object) -> None:
    assert_equal(actual, expected)


@pytest.mark.parametrize(
    ("actual", "expected", "message"),
    [
        ((1, 2), [1, 3], "at [1]: expected 3, got 2"),
        ([[1, 2], [3, 4]], [[1, 2], [3, 5]], "at [1][1]: expected 5, got 4"),
        ((1,), [1, 3], "expected [1, 3], got [1]"),
        ([1, 2], [1], "expected [1], got [1, 2]"),
        (["weights"], [], "expected [], got ['weights']"),
        ([[1], [2]], [[1]], "expected 1 item, got 2"),
        (1, [1], "expected a list of length 1, got int 1"),
        (1, True, "expected bool True, got int 1"),
        (0.0, -0.0, "expected -0.0, got 0.0"),
        (np.float64(1), 1.0, "expected float 1.0, got numpy.float64 1.0"),
        ({"a": 1}, {"b": 1}, "expected the keys ['b'], got ['a']"),
        ({"a": (1, 2)}, {"a": (1, 3)}, "at ['a']: expected (1, 3), got (1, 2)"),
        (np.zeros(2), np.zeros(2, np.float32), "expected dtype float32, got float64"),
        (np.zeros(2), np.array([0.0, -0.0]), "wrong value at [1]: expected -0.0, got 0.0 (1 of 2 elements is wrong)"),
        (np.array([1j]), np.array([2j]), "wrong value at [0]: expected 2j, got 1j"),
    ],
)
def test_a_difference_is_reported_with_its_place(actual: object, expected: object, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        assert_equal(actual, expected)
    assert caught.value.message == message


@pytest.mark.parametrize("actual", [1, 1.0, "True", None, np.array(True), False, np.False_])
def test_a_value_that_is_merely_truthy_is_refused(actual: object) -> None:
    with pytest.raises(Mismatch):
        assert_bool(actual, True)
    assert_bool(True, True)
    assert_bool(np.True_, True)


@pytest.mark.parametrize(
    ("actual", "said"),
    [
        (np.zeros((3, 2)), r"expected shape \(2, 3\), got \(3, 2\)"),
        (np.array(["a"]), "expected a numpy.ndarray of shape"),
        ([[0.0] * 3] * 2, "got list"),
    ],
)
def test_a_shape_is_checked_even_where_checks_are_silent(actual, said):
    with observing(), pytest.raises(Mismatch, match=said):
        assert_shape(actual, (2, 3))
    assert_shape(np.zeros((2, 3)), (2, 3))


@pytest.mark.parametrize(
    ("actual", "told"),
    [
        ([1.0, 2.1], "norms is wrong at [1]: expected 2.0, got 2.1 (1 of 2 elements is wrong)"),
        ([1.0, math.nan], "norms is NaN at [1]: expected 2.0, got nan (1 of 2 elements is NaN)"),
        ([1.0], "norms: expected shape (2,), got (1,)"),
        (None, "norms: expected numbers, got None"),
        ("ab", "norms: expected numbers, got str 'ab'"),
    ],
)
def test_a_value_that_is_not_near_is_reported_with_its_place(actual: object, told: str) -> None:
    for near in ([1.0, 2.01], (1, 2), np.array([1.01, 2.0], np.float32)):  # of any type and dtype
        assert_near(near, np.array([1.0, 2.0]), relative=0.02)
    assert_near(0.3, 0.25, absolute=0.05)
    with pytest.raises(Mismatch) as caught:
        assert_near(actual, [1.0, 2.0], relative=0.02, name="norms")
    assert str(caught.value).splitlines()[0] == told


# --------------------------------------------------------------------------------------------- mismatches


def test_a_mismatch_is_an_assertion_error_that_carries_both_values() -> None:
    with pytest.raises(AssertionError) as caught:
        fail("is off", 1, 2)
    assert isinstance(caught.value, Mismatch)
    assert (caught.value.message, caught.value.expected, caught.value.actual) == ("is off", 1, 2)
    assert str(caught.value) == "is off"


def test_checks_fail_again_after_observing_ends_in_an_error() -> None:
    with pytest.raises(KeyError), observing():
        fail("is off", 1, 2)
        raise KeyError
    with pytest.raises(Mismatch):
        fail("is off", 1, 2)
