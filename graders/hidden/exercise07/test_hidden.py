"""Compare xavier_std and he_std with their formulas, and test the weights against the promised distribution.

For the standard deviations, one addition, one division and one square root give |error| <= c eps std. The tests allow
eight times that, because other ways to compute them, for instance with logarithms, round more often.

Each test of random weights rejects correct weights with a probability below 1e-6, which is divided among its checks.
The tests assume nothing about how the generator is used.
"""

import math
from statistics import NormalDist

import numpy as np

from graders.checks import (
    about,
    assert_close,
    assert_equal,
    assert_independent,
    assert_normal,
    assert_shape,
    cases,
    generator,
    task,
)
from graders.checks.mismatch import fail

STANDARD_NORMAL = NormalDist()
MEDIAN = STANDARD_NORMAL.inv_cdf(0.75)  # the median of |z| if z is standard normal
SCHEMES = ("xavier", "he")
UNKNOWN = (
    *("h", "she_xavier", "he_uniform"),
    *("lecun", "orthogonal", "uniform", "normal", "kaiming", "glorot", "zeros", "default", "relu", "std"),
    *("", "x", "e", "xav", "avier", "hehe", "she", "hexavier", "xavier_uniform", "xavier,he"),
)


def std_of(scheme, fan_in, fan_out):
    return math.sqrt(2 / (fan_in + fan_out)) if scheme == "xavier" else math.sqrt(2 / fan_in)


def fans(draw):
    """Return (fan_in, fan_out), which are different, 1, equal or large, depending on the case."""
    fan_in, fan_out = draw.sizes("fan_in fan_out")
    any_length = draw.sizes("any_length", low=9, high=1000)
    special = {1: (1, fan_out), 2: (fan_in, 1), 3: (1, 1), 4: (fan_in, fan_in), 5: (any_length, fan_out)}
    special |= {6: (fan_in, any_length)}
    return special.get(draw.case // 2, (fan_in, fan_out))


def assert_weights(W, fan_in, fan_out):
    found = f"an array of shape {W.shape}" if type(W) is np.ndarray else f"a {type(W).__name__}"
    wanted = f"an array of shape {(int(fan_out), int(fan_in))}"
    if found != wanted:
        fail(f"the weights are {found}, expected {wanted}", wanted, W)
    elif W.dtype.kind != "f":
        fail(f"the weights have the dtype {W.dtype}, expected floats", "floats", W)


def assert_all_different(W):
    """Check that at most one weight in twenty has the same magnitude as another.

    Of 100 000 correct weights, a few hundred share a magnitude if they were drawn in single precision, but none if they
    were drawn in double precision.
    """
    copies = W.size - np.unique(np.abs(W)).size
    if copies > W.size // 20:
        fail(
            f"{copies} of {W.size} weights have the same magnitude as another weight: draw each one separately",
            f"{W.size} different magnitudes",
            W,
        )


def assert_tails(W, std, multiples, false_alarm):
    """Check, for each multiple, how many weights are more than that many standard deviations away from 0."""
    magnitudes = np.abs(W)
    for multiple in multiples:
        beyond = int((magnitudes > multiple * std).sum())
        share = 2 * STANDARD_NORMAL.cdf(-multiple)
        if chance_of_share(beyond, W.size, share) < false_alarm:
            fail(
                f"{beyond / W.size:.3%} of {W.size} weights are more than {multiple} std from 0, "
                f"expected {share:.3%} for a normal distribution",
                share,
                beyond / W.size,
            )


def chance_of_share(ones, of, probability):
    """Bound the probability that the share of ones is at least this far off (Hoeffding, 1963, theorem 1)."""
    q, p = ones / of, probability
    divergence = (q * math.log(q / p) if q > 0 else 0) + ((1 - q) * math.log((1 - q) / (1 - p)) if q < 1 else 0)
    return 2 * math.exp(-of * divergence)


def assert_unrelated(coins, what, false_alarm):
    """Check that k fair coins are pairwise independent. `coins` (n, k) holds n throws of each, as 1 and -1.

    The product of two such coins is a fair coin again, and the mean of n throws exceeds t in magnitude with a
    probability of at most 2 exp(-n t² / 2) (Hoeffding, 1963). `false_alarm` is divided among the pairs.
    """
    n, k = coins.shape
    pairs = np.triu(np.ones((k, k), dtype=bool), 1)
    correlation = np.where(pairs, coins.T @ coins / n, 0)
    allowed = math.sqrt(2 * math.log(2 * max(1, pairs.sum()) / false_alarm) / n)
    if np.abs(correlation).max() > allowed:
        worst = np.unravel_index(np.abs(correlation).argmax(), correlation.shape)
        fail(
            f"in {n} matrices, the {what} of weights {worst[0]} and {worst[1]} (counted row by row) have a correlation "
            f"of {correlation[worst]:.2f}, expected 0 ± {allowed:.2f}: weights should be independent",
            0.0,
            float(correlation[worst]),
        )


@task("scales")
@cases(24)
def test_the_standard_deviations_for_layers_of_any_size(kata, draw):
    fan_in, fan_out = draw.sizes("fan_in fan_out", high=(2000, 8, 10**6, 64)[draw.case % 4])
    if draw.case == 4:
        fan_in = fan_out = 1
    with about("xavier_std"):
        assert_close(kata.xavier_std(fan_in, fan_out), std_of("xavier", fan_in, fan_out), terms=8)
    with about("he_std"):
        assert_close(kata.he_std(fan_in), std_of("he", fan_in, fan_out), terms=8)


@task("weights")
@cases(14)
def test_weights_are_a_sample_of_the_normal_distribution(kata, draw, probes):
    """Correct weights fail with a probability below 1e-6. Half of it is divided among the checks of the 14 cases."""
    alarm = 0.5e-6 / 14 / 6
    (fan_in, fan_out), scheme = fans(draw), SCHEMES[draw.case % 2]
    seed, times = draw.seed(), min(1000, 1 + 5000 // (fan_in * fan_out))
    std = std_of(scheme, fan_in, fan_out)
    assert_weights(kata.initialize(fan_in, fan_out, scheme, generator(seed)), fan_in, fan_out)
    W = kata.run(probes.in_a_row, times, fan_in, fan_out, scheme, generator(seed))
    assert_shape(W, (times, fan_out, fan_in))
    assert_normal(W, 0, std, alarm)
    assert_tails(W, std, (1, 2, 3), alarm)
    assert_independent(W, 0, alarm)
    assert_all_different(W)
    if draw.case == 13:
        assert_wide_layers(kata, draw, 0.5e-6 / 33)


def assert_wide_layers(kata, draw, alarm):
    """Check six layers, the last one square, with 33 checks in all.

    There are at least 576 600 weights, enough to tell a sum of twelve uniform samples from a normal distribution by its
    tails. About 36 correct weights lie beyond 4 standard deviations, and the probability that none does is exp(-36). In
    each layer, the share beyond 1 standard deviation reveals a standard deviation that is 5 % off.
    """
    z = []
    for layer in range(6):
        fan_in, fan_out = draw.sizes("wide_fan_in wide_fan_out", low=310, high=340)
        if layer == 5:
            fan_out = fan_in
        scheme = draw.choice(SCHEMES)
        W = kata.initialize(fan_in, fan_out, scheme, generator(draw.seed()))
        assert_weights(W, fan_in, fan_out)
        std = std_of(scheme, fan_in, fan_out)
        assert_normal(W[::100], 0, std, 4 * alarm)
        assert_tails(W, std, (1,), alarm)
        assert_all_different(W)
        z.append(W.ravel() / std)
    assert_tails(np.concatenate(z), 1.0, (3, 3.5, 4), alarm)


@task("weights")
@cases(4)
def test_weights_are_independent_of_each_other(kata, draw, probes):
    """Correct weights fail with a probability below 1e-6, divided among 4 cases with at most 11 checks each."""
    alarm = 1e-6 / 4 / 11
    fan_in, fan_out = ((2, 3), (3, 3), (1, 4), (4, 1))[draw.case]
    scheme = SCHEMES[draw.case % 2]
    std = std_of(scheme, fan_in, fan_out)
    W = kata.run(probes.in_a_row, 1000, fan_in, fan_out, scheme, generator(draw.seed()))
    assert_shape(W, (1000, fan_out, fan_in))
    assert_weights(W[0], fan_in, fan_out)
    z = W.reshape(1000, fan_in * fan_out) / std
    for entry in z.T:
        assert_normal(entry * std, 0, std, alarm)
    assert_unrelated(np.where(z < 0, -1.0, 1.0), "signs", alarm)
    assert_unrelated(np.where(np.abs(z) < MEDIAN, -1.0, 1.0), "magnitudes", alarm)


@task("generator", title="All randomness comes from rng")
@cases(6)
def test_all_randomness_comes_from_the_generator_passed_in(kata, draw, probes):
    """Correct weights fail with a probability below 1e-12, the probability that two samples are equal.

    Rounded weights are another task's mistake. Some of them are equal by chance, but not most of them.
    """
    (fan_in, fan_out), scheme, seed = draw.sizes("fan_in fan_out", low=2), SCHEMES[draw.case % 2], draw.seed()
    W = kata.initialize(fan_in, fan_out, scheme, generator(seed))
    other = kata.initialize(fan_in, fan_out, scheme, generator(seed + 1))
    if np.mean(other == W) > 0.5:
        fail("two generators with different seeds gave the same weights", "other weights", other)
    with about("the weights from a second generator with the same seed"):
        assert_equal(kata.initialize(fan_in, fan_out, scheme, generator(seed)), W)
    first, second = kata.run(probes.in_a_row, 2, fan_in, fan_out, scheme, generator(seed))
    with about("the weights from a third generator with the same seed"):
        assert_equal(first, W)
    if np.mean(second == first) > 0.5:
        fail("two calls of initialize with the same generator gave the same weights", "other weights", second)
    before, after = kata.run(probes.global_generators_around, fan_in, fan_out, scheme, generator(seed))
    with about("the next numbers of np.random.random() and random.random() after initialize"):
        assert_equal(after, before)


@task("errors", title="Any other scheme raises a ValueError")
@cases(26)  # each string in UNKNOWN once, then random words of five letters
def test_no_other_scheme_is_accepted(kata, draw):
    fan_in, fan_out = draw.sizes("fan_in fan_out")
    word = "".join(chr(ord("a") + letter) for letter in draw.integers(0, 26, 5))
    scheme = UNKNOWN[draw.case] if draw.case < len(UNKNOWN) else word
    with kata.raises(ValueError):
        kata.initialize(fan_in, fan_out, scheme, generator(draw.seed()))
