"""Probes that run in the submission's process. They return what they observe and don't judge it."""

import random

import numpy as np

from graders.worker.layouts import LAYOUTS


def dropout_with_layout(submission, layout, h, mask, p_drop):
    """Return the result of dropout for arrays with this memory layout, then both arrays as they are after the call.

    Shown as:
        # dropout(h, mask, p_drop) with arrays in memory layout {layout}
        # h = {h:brief}
        # mask = {mask:brief}
        # p_drop = {p_drop:brief}
    """
    h, mask = LAYOUTS[layout](h), LAYOUTS[layout](mask)
    return [submission.dropout(h, mask, p_drop), h.copy(), mask.copy()]


def dropout_twice(submission, h, mask, p_drop, other_h, other_mask, other_p_drop):
    """Return the results of two calls to dropout with the same arrays, which hold other numbers in the second call.

    The third item is the first result, read after the second call.
    """
    first = submission.dropout(h, mask, p_drop)
    at_once = first.copy()
    h[...], mask[...] = other_h, other_mask
    second = submission.dropout(h, mask, other_p_drop)
    return [at_once, second, first]


def in_a_row(submission, times, shape, p_drop, rng):
    """Return the masks from `times` calls to dropout_mask with the same generator.

    Shown as:
        np.stack([dropout_mask(shape, p_drop, rng) for _ in range(times)])
    """
    return np.stack([submission.dropout_mask(shape, p_drop, rng) for _ in range(times)])


def global_generators_around(submission, shape, p_drop, rng):
    """Return the states of NumPy's and Python's global generators before and after a call to dropout_mask.

    Shown as:
        # dropout_mask(shape, p_drop, rng) with shape = {shape}, p_drop = {p_drop:brief}
    """
    np.random.random(), random.random()  # if a call sets a seed again, the states will differ
    before = global_states()
    submission.dropout_mask(shape, p_drop, rng)
    return [before, global_states()]


def global_states():
    """Return the states of both global generators as numbers."""
    _, keys, position, has_gauss, gauss = np.random.get_state()
    python = random.getstate()
    return [keys, position, has_gauss, gauss, np.array(python[1]), python[2]]
