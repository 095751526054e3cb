"""The answer, and the time that it takes."""

import numpy as np

from graders.checks import assert_close, assert_speed, task


def check(value, arguments):
    (x,) = arguments
    assert_close(value, float(np.sum(x)), scale=float(np.sum(abs(x))), terms=x.size)


@task("right")
def test_the_sum(kata, draw):
    x = draw.normal(5)
    check(kata.total(x), (x,))


@task("fast")
def test_at_most_four_times_the_references_time(kata, draw):
    assert_speed(kata.speed("total", lambda: (draw.normal(20_000),), check, at_most=4.0), at_most=4.0)
