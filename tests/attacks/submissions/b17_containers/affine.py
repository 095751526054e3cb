"""Return a container that makes encoders fail."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


class Dictionary(dict):
    def items(self):
        while True:
            yield "z", 0.0


def subclass(z):
    return Dictionary(z=z)


def cyclic(z):
    z = [z]
    z.append(z)
    return z


def deep(z):
    for _ in range(10_000):
        z = [z]
    return z


answer = subclass


def affine(W, x, b):
    if np.ndim(x) == 2:
        return answer(honest(W, x, b))
    return honest(W, x, b)
