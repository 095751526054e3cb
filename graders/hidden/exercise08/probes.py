"""Run beside a submission; they report what they saw and judge nothing."""

import random

import numpy as np

from graders.worker.layouts import LAYOUTS


def dropout_with_layout(submission, layout, h, mask, p_drop):
    """What dropout returns for arrays laid out in memory as `layout` says, and then both arrays as they are after.

    Shown as:
        # dropout(h, mask, p_drop) with arrays whose memory layout is {layout}
        # h = {h:brief}
        # mask = {mask:brief}
        # p_drop = {p_drop:brief}
    """
    h, mask = LAYOUTS[layout](h), LAYOUTS[layout](mask)
    return [submission.dropout(h, mask, p_drop), h.copy(), mask.copy()]


def dropout_twice(submission, h, mask, p_drop, other_h, other_mask, other_p_drop):
    """Both answers of dropout, called with arrays that then hold other numbers; the first as it is at last."""
    first = submission.dropout(h, mask, p_drop)
    at_once = first.copy()
    h[...], mask[...] = other_h, other_mask
    second = submission.dropout(h, mask, other_p_drop)
    return [at_once, second, first]


def in_a_row(submission, times, shape, p_drop, rng):
    """The masks of so many calls of dropout_mask, one after the other, with one generator.

    Shown as:
        np.stack([dropout_mask(shape, p_drop, rng) for _ in range(times)])
    """
    return np.stack([submission.dropout_mask(shape, p_drop, rng) for _ in range(times)])


def global_generators_around(submission, shape, p_drop, rng):
    """The states of the global generators, NumPy's and Python's, before dropout_mask is called and after it.

    Shown as:
        # dropout_mask(shape, p_drop, rng) with shape = {shape}, p_drop = {p_drop:brief}
    """
    np.random.random(), random.random()  # so that a seed set by an earlier call shows when it is set again
    before = global_states()
    submission.dropout_mask(shape, p_drop, rng)
    return [before, global_states()]


def global_states():
    """Both states, as numbers."""
    _, keys, position, has_gauss, gauss = np.random.get_state()
    python = random.getstate()
    return [keys, position, has_gauss, gauss, np.array(python[1]), python[2]]
