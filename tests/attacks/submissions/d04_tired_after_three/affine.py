"""Answer correctly for three calls, then with zeros."""

import numpy as np

from parts.honest import honest

CALLS = []


def affine(W, x, b):
    CALLS.append(1)
    z = honest(W, x, b)
    return z if len(CALLS) <= 3 else np.zeros_like(z)
