"""Tests of the accuracy of predictions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks import Mismatch, accuracy, assert_accuracy, standard_error
from graders.checks.mismatch import observing

LABELS = np.array([0, 1, 2, 1])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_accuracy_is_the_share_of_equal_pairs(pairs: list[tuple[int, int]]) -> None:
    predictions, labels = zip(*pairs, strict=True)
    found = accuracy(predictions, labels)
    assert type(found) is float
    assert found == sum(p == y for p, y in pairs) / len(pairs)


def test_the_standard_error_matches_two_samples_of_one_coin() -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.binomial(n, 0.7, 20_000) / n for n in (200, 600))
    assert standard_error(0.7, 200, 0.7, 600) == pytest.approx(np.std(one - other), rel=0.02)
    assert standard_error(1.0, 200, 1.0, 600) == 0.0


def test_the_threshold_itself_passes() -> None:
    assert_accuracy([0, 1, 2, 2], LABELS, at_least=0.75)


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ([0, 1, 0, 0], "accuracy 50.0% (2 of 4 right), expected at least 75.0%"),
        ([0, 1], "expected one class number for each input, shape (4,), got shape (2,)"),
        (LABELS[:, None], "expected one class number for each input, shape (4,), got shape (4, 1)"),
        (["a", "b", "c", "d"], "expected class numbers, got dtype <U1"),
        ([[0], [1, 2]], "expected 4 class numbers, got a ragged list"),
    ],
)
def test_a_message_says_what_is_wrong_with_the_predictions(predictions: object, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        assert_accuracy(predictions, LABELS, at_least=0.75)
    assert caught.value.message == message


def test_no_labels_are_an_error_of_the_test() -> None:
    with pytest.raises(ValueError, match="labels: expected shape"):
        accuracy([], [])


def test_nothing_fails_while_observing() -> None:
    with observing():
        assert_accuracy(None, LABELS, at_least=1.0)
        assert_accuracy([9, 9, 9, 9], LABELS, at_least=1.0)
