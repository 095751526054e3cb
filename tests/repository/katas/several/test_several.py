"""Two modules and a supplied one."""

import numpy as np

from graders.checks import assert_close, assert_equal, cases, task


@task("layers")
@cases(3)
def test_double(kata, draw):
    x = draw.normal(draw.sizes("n"))
    assert_close(kata.double(x), 2 * x)


@task("model")
@cases(3)
def test_predict(kata, draw):
    x = draw.normal(draw.sizes("n"))
    assert_close(kata.predict(x), 2 * x + 3.0, scale=2 * abs(x) + 3.0)


@task("model")
def test_a_probe_sees_every_module(kata, probes):
    assert_equal(kata.run(probes.modules, "predict"), [2.0, 5.0, 7.0, 3.0])


@task("layers")
def test_an_array_of_no_numbers(kata):
    assert_equal(kata.double(np.empty((0, 2))), np.empty((0, 2)))
