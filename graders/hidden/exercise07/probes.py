"""Probes that run next to the submission. They report what they saw and judge nothing."""

import random

import numpy as np


def in_a_row(submission, times, fan_in, fan_out, scheme, rng):
    """The weights from `times` calls of initialize with the same generator.

    Shown as:
        np.stack([initialize(fan_in, fan_out, scheme, rng) for _ in range(times)])
    """
    return np.stack([submission.initialize(fan_in, fan_out, scheme, rng) for _ in range(times)])


def global_generators_around(submission, fan_in, fan_out, scheme, rng):
    """The states of the global generators, NumPy's and Python's, before and after a call of initialize.

    Shown as:
        # initialize(fan_in, fan_out, scheme, rng) with fan_in = {fan_in}, fan_out = {fan_out}, scheme = {scheme:brief}
    """
    np.random.random(), random.random()  # if an earlier call set a seed, setting the same one again will show
    before = global_states()
    submission.initialize(fan_in, fan_out, scheme, rng)
    return [before, global_states()]


def global_states():
    """Return both states as numbers."""
    _, keys, position, has_gauss, gauss = np.random.get_state()
    python = random.getstate()
    return [keys, position, has_gauss, gauss, np.array(python[1]), python[2]]
