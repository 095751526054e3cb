"""Probes that run in the submission's process. They return what they observe and don't judge it."""

import random

import numpy as np


def in_a_row(submission, times, fan_in, fan_out, scheme, rng):
    """Return the weights from `times` calls to initialize with the same generator.

    Shown as:
        np.stack([initialize(fan_in, fan_out, scheme, rng) for _ in range(times)])
    """
    return np.stack([submission.initialize(fan_in, fan_out, scheme, rng) for _ in range(times)])


def global_generators_around(submission, fan_in, fan_out, scheme, rng):
    """Return the states of NumPy's and Python's global generators before and after a call to initialize.

    Shown as:
        # initialize(fan_in, fan_out, scheme, rng) with fan_in = {fan_in}, fan_out = {fan_out}, scheme = {scheme:brief}
    """
    np.random.random(), random.random()  # if a call sets a seed again, the states will differ
    before = global_states()
    submission.initialize(fan_in, fan_out, scheme, rng)
    return [before, global_states()]


def global_states():
    """Return the states of both global generators as numbers."""
    _, keys, position, has_gauss, gauss = np.random.get_state()
    python = random.getstate()
    return [keys, position, has_gauss, gauss, np.array(python[1]), python[2]]
