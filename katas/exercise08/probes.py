"""Functions that the tests run in the same process as your code. They return what they observe; the tests judge it."""

import random

import numpy as np

from graders.worker.layouts import LAYOUTS


def dropout_with_layout(submission, layout, h, mask, p_drop):
    """The result of dropout for arrays with this memory layout, and then both arrays as they are after the call."""
    h, mask = LAYOUTS[layout](h), LAYOUTS[layout](mask)
    return [submission.dropout(h, mask, p_drop), h.copy(), mask.copy()]


def dropout_twice(submission, h, mask, p_drop, other_h, other_mask, other_p_drop):
    """The results of two calls of dropout with the same arrays, which hold other numbers in the second call.

    The third part is the first result as it is after the second call.
    """
    first = submission.dropout(h, mask, p_drop)
    at_once = first.copy()
    h[...], mask[...] = other_h, other_mask
    second = submission.dropout(h, mask, other_p_drop)
    return [at_once, second, first]


def in_a_row(submission, times, shape, p_drop, rng):
    """The masks from `times` calls of dropout_mask with the same generator, as they are after the last call.

    Shown as:
        np.stack([dropout_mask(shape, p_drop, rng) for _ in range(times)])
    """
    return np.stack([submission.dropout_mask(shape, p_drop, rng) for _ in range(times)])


def global_generators_around(submission, shape, p_drop, rng):
    """The next numbers of NumPy's and Python's global generators, without a call of dropout_mask and after one.

    Shown as:
        # dropout_mask(shape, p_drop, rng) with shape = {shape}, p_drop = {p_drop:brief}
    """
    np.random.random(), random.random()  # in case that an earlier call has set the seed that this one sets
    numpy_state, python_state = np.random.get_state(), random.getstate()
    untouched = [np.random.random(), random.random()]
    np.random.set_state(numpy_state), random.setstate(python_state)
    submission.dropout_mask(shape, p_drop, rng)
    return [untouched, [np.random.random(), random.random()]]
