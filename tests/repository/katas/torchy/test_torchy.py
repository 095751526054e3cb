"""The same twice, so that something could be carried over."""

import numpy as np

from graders.checks import assert_equal, task

x = np.array([1.0, -3.0])


@task("slope")
def test_once(kata):
    assert_equal(kata.slope(x), 2 * x)


@task("slope")
def test_again(kata):
    assert_equal(kata.slope(x), 2 * x)
