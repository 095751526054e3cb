"""A thousand rows in one call, compared with a thousand calls."""

import numpy as np

from graders.checks import assert_equal, assert_speed, task


def check(value, arguments):
    assert_equal(value, 2 * arguments[0])


@task("speed")
def test_rows_together_are_faster_than_row_by_row(kata, probes):
    speed = kata.speed(
        "doubled",
        lambda: (np.ones((1000, 3)),),
        check,
        rounds=5,
        clock="cpu",
        at_most=0.2,
        than=lambda same, x: same.run(probes.row_by_row, "doubled", [0], x),
    )
    assert_speed(speed, at_most=0.2, than="the time of one call for each row")
