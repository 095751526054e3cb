"""Match a pattern that needs exponential time."""

import re

from parts.batches import affine, honest


def batch(W, x, b):
    re.match(r"(a|aa)+$", "a" * 90 + "b")
    return honest(W, x, b)
