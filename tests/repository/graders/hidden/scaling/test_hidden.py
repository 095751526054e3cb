"""On drawn vectors."""

import numpy as np

from graders.checks import assert_close, assert_equal, cases, generator, task


@task("value")
@cases(6)
def test_a_vector(kata, draw):
    x, factor = draw.normal(draw.sizes("n")), draw.normal()
    assert_close(kata.scale(x, factor), x * factor)


@task("types")
@cases(2)
def test_the_dtype_stays(kata, draw):
    x = draw.normal(3, dtype=(np.float32, np.float64)[draw.case])
    assert_close(kata.scale(x, 2.0), x * x.dtype.type(2.0))


@task("inputs")
def test_the_arguments_are_left_alone(kata, draw, probes):
    arguments = ["scale", draw.normal(3), 2.0]
    assert_equal(kata.run(probes.arguments_after_call, *arguments), arguments[1:])


@task("errors")
def test_a_matrix_is_refused(kata):
    with kata.raises(ValueError) as caught:
        kata.scale(np.ones((2, 2)), 1.0)
    assert_equal("vector" in caught.message, True)


@task("noise")
def test_noise_comes_from_the_generator(kata, draw):
    seed = draw.seed()
    assert_equal(kata.noise(generator(seed), 3), np.random.default_rng(seed).standard_normal(3))
