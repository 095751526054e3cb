"""Check the two standard deviations as numbers, and the weights as samples of a distribution.

If your code is right, a test of random weights fails with a probability below one in a million.
"""

import math

import numpy as np

from graders.checks import (
    about,
    assert_bernoulli,
    assert_close,
    assert_equal,
    assert_normal,
    assert_shape,
    generator,
    task,
)
from graders.checks.mismatch import fail
from graders.checks.properties import for_all, st


@task("scales")
def test_the_worked_example(kata):
    assert_close(kata.xavier_std(100, 200), math.sqrt(2 / 300))  # .08165
    assert_close(kata.he_std(100), math.sqrt(2 / 100))  # .14142


@task("scales", title="Layers with one input and with a million")
def test_layers_with_one_input_and_with_a_million(kata):
    assert_close(kata.xavier_std(1, 1), 1.0)
    assert_close(kata.he_std(1), math.sqrt(2))
    assert_close(kata.xavier_std(1_000_000, 1), math.sqrt(2 / 1_000_001))
    assert_close(kata.he_std(1_000_000), math.sqrt(2 / 1_000_000))


@task("scales", title="For any layer, the squares are 2 / (fan_in + fan_out) and 2 / fan_in")
def test_the_squares_for_any_layer(kata, draw):
    @for_all(draw, fan_in=st.integers(1, 1000), fan_out=st.integers(1, 1000))
    def holds(fan_in, fan_out):
        assert_close(kata.xavier_std(fan_in, fan_out), math.sqrt(2 / (fan_in + fan_out)))
        assert_close(kata.he_std(fan_in), math.sqrt(2 / fan_in))


def assert_looks_normal(W, std):
    """Check the mean, the standard deviation, the shares within 1, 2 and 3 of them, and that few weights repeat."""
    assert_normal(W, 0, std, 1e-7)
    for multiple in (1, 2, 3):
        with about(f"1 where |weight| <= {multiple} std, 0 elsewhere"):
            within = (np.abs(W) <= multiple * std).astype(float)
            assert_bernoulli(within, math.erf(multiple / math.sqrt(2)), 1e-7)
    different = np.unique(np.abs(W)).size
    if different < 0.95 * W.size:
        fail(f"only {different} of {W.size} weights are different: draw each one separately", W.size, different)


@task("weights", title="The shape is (fan_out, fan_in)")
def test_the_shape_is_outputs_by_inputs(kata):
    assert_shape(kata.initialize(4, 1, "he", generator(1)), (1, 4))
    assert_shape(kata.initialize(1, 4, "xavier", generator(1)), (4, 1))
    assert_shape(kata.initialize(1, 1, "xavier", generator(1)), (1, 1))


@task("weights", title="He weights of a layer with 100 inputs and 200 outputs")
def test_he_weights_of_a_layer_from_100_to_200(kata, draw):
    W = kata.initialize(100, 200, "he", generator(draw.seed()))
    assert_shape(W, (200, 100))  # one row for each output
    assert_looks_normal(W, math.sqrt(2 / 100))


@task("weights", title="Xavier weights of a layer with 300 inputs and 300 outputs")
def test_xavier_weights_of_a_layer_from_300_to_300(kata, draw):
    W = kata.initialize(300, 300, "xavier", generator(draw.seed()))
    assert_shape(W, (300, 300))
    assert_looks_normal(W, math.sqrt(2 / 600))


@task("weights", title="The weights of 2000 small layers are independent")
def test_2000_small_matrices_are_independent_numbers(kata, draw, probes):
    W = kata.run(probes.in_a_row, 2000, 2, 2, "he", generator(draw.seed()))
    assert_shape(W, (2000, 2, 2))
    std = 1.0  # sqrt(2 / 2)
    with about("the first weight of every matrix"):
        assert_looks_normal(W[:, 0, 0], std)
    with about("the sum of the four weights of every matrix"):
        assert_normal(W.sum(axis=(1, 2)), 0, 2 * std, 1e-7)  # variances of independent numbers add up


@task("generator", title="The same seed gives the same weights")
def test_equal_generators_give_equal_weights(kata, draw):
    seed = draw.seed()
    W = kata.initialize(3, 2, "xavier", generator(seed))
    assert_equal(kata.initialize(3, 2, "xavier", generator(seed)), W)


@task("generator", title="A different seed gives different weights")
def test_another_generator_gives_other_weights(kata, draw):
    seed = draw.seed()
    W = kata.initialize(3, 2, "xavier", generator(seed))
    other = kata.initialize(3, 2, "xavier", generator(seed + 1))
    if np.array_equal(other, W):
        fail("two generators with different seeds gave the same weights", "different weights", other)


@task("generator")
def test_the_next_call_gives_other_weights(kata, draw, probes):
    first, second = kata.run(probes.in_a_row, 2, 3, 2, "he", generator(draw.seed()))
    if np.array_equal(first, second):
        fail("two calls of initialize with the same generator gave the same weights", "different weights", second)


@task("generator", title="The global generators are left alone")
def test_global_generators_are_left_alone(kata, draw, probes):
    before, after = kata.run(probes.global_generators_around, 3, 2, "he", generator(draw.seed()))
    with about("the next numbers of np.random.random() and random.random() after initialize"):
        assert_equal(after, before)


@task("errors", title="An unknown scheme raises a ValueError")
def test_an_unknown_scheme_is_a_value_error(kata):
    kata.initialize(3, 2, "he", generator(1))
    for scheme in ("lecun", "kaiming", "glorot", "he_uniform", "hexavier", "h", "x", ""):
        with kata.raises(ValueError):
            kata.initialize(3, 2, scheme, generator(1))
