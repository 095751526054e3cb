"""What the standard deviations and the weights promise: two numbers, and one matrix that is looked at as a sample."""

import math

import numpy as np

from graders.checks import assert_close, assert_equal, assert_normal, generator, task


@task("scales")
def test_the_worked_example(kata):
    assert_close(kata.xavier_std(100, 200), math.sqrt(2 / 300))  # .08165
    assert_close(kata.he_std(100), math.sqrt(2 / 100))  # .14142


@task("weights")
def test_a_matrix_of_weights(kata, draw):
    """A right answer fails this with a probability below 1e-6."""
    W = kata.initialize(100, 200, "he", generator(draw.seed()))
    assert_equal(np.shape(W), (200, 100))
    assert_normal(W, 0, math.sqrt(2 / 100), 1e-6)


@task("generator")
def test_equal_generators_give_equal_weights(kata, draw):
    seed = draw.seed()
    W = kata.initialize(3, 2, "xavier", generator(seed))
    assert_equal(kata.initialize(3, 2, "xavier", generator(seed)), W)
