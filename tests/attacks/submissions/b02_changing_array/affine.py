"""Return an object that converts to another array each time."""

from parts.batches import affine, honest


class Changing:
    def __init__(self, right):
        self.right, self.asked = right, 0
        self.shape, self.dtype, self.ndim = right.shape, right.dtype, right.ndim

    def __array__(self, dtype=None, copy=None):
        self.asked += 1
        return self.right * self.asked


def batch(W, x, b):
    return Changing(honest(W, x, b))
