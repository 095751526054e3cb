"""Return a container that makes encoders fail."""

from parts.batches import affine, honest


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


def batch(W, x, b):
    return answer(honest(W, x, b))
