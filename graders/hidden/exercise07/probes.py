"""Run beside a submission; they report what they saw and judge nothing."""

import random

import numpy as np


def in_a_row(submission, times, fan_in, fan_out, scheme, rng):
    """The weights of so many calls of initialize, one after the other, with one generator.

    Shown as:
        np.stack([initialize(fan_in, fan_out, scheme, rng) for _ in range(times)])
    """
    return np.stack([submission.initialize(fan_in, fan_out, scheme, rng) for _ in range(times)])


def global_generators_around(submission, fan_in, fan_out, scheme, rng):
    """The states of the global generators, NumPy's and Python's, before initialize is called and after it.

    Shown as:
        # initialize(fan_in, fan_out, scheme, rng) with fan_in = {fan_in}, fan_out = {fan_out}, scheme = {scheme:brief}
    """
    np.random.random(), random.random()  # so that a seed set by an earlier call shows when it is set again
    before = global_states()
    submission.initialize(fan_in, fan_out, scheme, rng)
    return [before, global_states()]


def global_states():
    """Both states, as numbers."""
    _, keys, position, has_gauss, gauss = np.random.get_state()
    python = random.getstate()
    return [keys, position, has_gauss, gauss, np.array(python[1]), python[2]]
