"""What dropout promises for a mask that is given, and dropout_mask for a thousand entries drawn at random."""

import numpy as np

from graders.checks import assert_bernoulli, assert_close, assert_equal, generator, task


@task("dropout")
def test_the_worked_example(kata):
    h, mask = np.array([1.0, 1.0, 1.0]), np.array([1.0, 0.0, 1.0])
    assert_close(kata.dropout(h, mask, 1 / 3), np.array([1.5, 0.0, 1.5]))


@task("mask")
def test_a_mask_keeps_three_quarters(kata, draw):
    """A right answer fails this with a probability below 1e-6."""
    mask = kata.dropout_mask((20, 50), 0.25, generator(draw.seed()))
    assert_equal(np.shape(mask), (20, 50))
    assert_bernoulli(mask, 0.75, 1e-6)


@task("errors")
def test_a_probability_of_one_is_refused(kata):
    with kata.raises(ValueError):
        kata.dropout(np.ones(3), np.ones(3), 1.0)
