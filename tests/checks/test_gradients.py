"""Tests of the gradient checks, against autograd and central differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from graders.checks import Mismatch, assert_gradient, away_from_kinks, vector_jacobian_product
from graders.checks.gradients import central_difference
from graders.checks.mismatch import observing
from tests.late import torch

RNG = np.random.default_rng(4)
W, X, B = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4)), RNG.normal(size=3)
COTANGENT = RNG.normal(size=(5, 3))
GRADIENTS = (COTANGENT @ W, COTANGENT.T @ X, COTANGENT.sum(0))


def linear(x, weight, bias):
    return torch.nn.functional.linear(x, weight, bias)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_right_gradients_pass_and_a_single_wrong_element_fails(index: int) -> None:
    assert_gradient(GRADIENTS[index], linear, (X, W, B), COTANGENT, index, terms=5)
    wrong = GRADIENTS[index].copy()
    wrong.flat[-1] *= 1 + 1e-7
    with pytest.raises(Mismatch):
        assert_gradient(wrong, linear, (X, W, B), COTANGENT, index, terms=5)


def test_a_gradient_that_contradicts_differences_fails() -> None:
    def detached(x):
        return x * x.detach()  # the reference itself is wrong: autograd says x, differences say 2x

    with pytest.raises(Mismatch, match="against central differences"):
        assert_gradient(np.array([3.0]), detached, (np.array([3.0]),), np.ones(1))


def test_a_float32_gradient_is_compared_at_float32_precision() -> None:
    single = [value.astype(np.float32) for value in (X, W, B)]
    gradient = COTANGENT.astype(np.float32) @ single[1]
    assert_gradient(gradient, linear, single, COTANGENT.astype(np.float32), 0, terms=3, dtype=np.float32)


def test_large_logits_do_not_raise_a_false_alarm() -> None:
    logits, target = 1e4 * RNG.normal(size=(4, 5)), torch.tensor([0, 1, 2, 3])

    def loss(z):
        return torch.nn.functional.cross_entropy(z, target)

    (gradient,) = vector_jacobian_product(loss, (logits,), 1.0)
    assert_gradient(gradient, loss, (logits,), 1.0)


def test_an_input_that_does_not_matter_has_the_gradient_0() -> None:
    gradients = vector_jacobian_product(lambda x, _: 2 * x, (np.ones(2), np.ones(3)), np.ones(2))
    assert [gradient.tolist() for gradient in gradients] == [[2, 2], [0, 0, 0]]


def test_a_cotangent_of_another_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match="cotangent of shape"):
        vector_jacobian_product(lambda x: x, (np.ones(2),), np.ones(3))


def test_nothing_fails_while_observing_a_wrong_answer() -> None:
    with observing():
        for wrong in (None, "x", [[1.0], [2.0, 3.0]], np.zeros(2), np.zeros((5, 4), object)):
            assert_gradient(wrong, linear, (X, W, B), COTANGENT)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_central_differences_agree_with_the_formula(x: float, c: float) -> None:
    gradient = central_difference(np.sin, (np.array([x]),), np.array([c]), 0)
    assert abs(gradient[0] - c * np.cos(x)) < 1e-9


@given(npst.arrays(np.float64, npst.array_shapes(), elements=st.floats(-3, 3)), st.sampled_from([(0.0,), (-1.0, 1.0)]))
def test_no_entry_is_left_near_a_kink(array: np.ndarray, kinks: tuple[float, ...]) -> None:
    moved = away_from_kinks(array, kinks, 0.1)
    assert moved.shape == array.shape
    for kink in kinks:
        assert (abs(moved - kink) >= 0.1 - 1e-12).all()
        assert ((moved < kink) == (array < kink)).all()
    assert (abs(moved - array) <= 0.1 + 1e-12).all()


def test_kinks_too_close_together_are_an_error() -> None:
    with pytest.raises(ValueError, match="apart"):
        away_from_kinks(np.zeros(2), (0.0, 0.1), 0.05)
