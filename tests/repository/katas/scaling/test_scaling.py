"""The worked example."""

import numpy as np

from graders.checks import assert_close, task


@task("value")
def test_the_example(kata):
    assert_close(kata.scale(np.array([1.0, 2.0]), 3.0), np.array([3.0, 6.0]))
