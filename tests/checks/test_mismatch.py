"""Tests of Mismatch, and of observing without failures."""

import pytest

from graders.checks.mismatch import Mismatch, fail, observing


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
