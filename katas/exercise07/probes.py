"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it."""

import random

import numpy as np


def in_a_row(submission, times, fan_in, fan_out, scheme, rng):
    """The weights from `times` calls of initialize with the same generator, as they are after the last call.

    Shown as:
        np.stack([initialize(fan_in, fan_out, scheme, rng) for _ in range(times)])
    """
    return np.stack([submission.initialize(fan_in, fan_out, scheme, rng) for _ in range(times)])


def global_generators_around(submission, fan_in, fan_out, scheme, rng):
    """The next numbers of NumPy's and Python's global generators, without a call of initialize and after one.

    Shown as:
        # initialize(fan_in, fan_out, scheme, rng) with fan_in = {fan_in}, fan_out = {fan_out}, scheme = {scheme:brief}
    """
    np.random.random(), random.random()  # in case that an earlier call has set the seed that this one sets
    numpy_state, python_state = np.random.get_state(), random.getstate()
    untouched = [np.random.random(), random.random()]
    np.random.set_state(numpy_state), random.setstate(python_state)
    submission.initialize(fan_in, fan_out, scheme, rng)
    return [untouched, [np.random.random(), random.random()]]
