"""Losses: one number that says how far outputs are from targets. Task losses.

reduction: "mean" over all elements (for CrossEntropyLoss over all rows), "sum", or "none" for one number per
element or row; ValueError for anything else. x is a Tensor; t may be an array.
"""

from .module import Module


class MSELoss(Module):
    """The squares of x - t, for x and t of the same shape; derive ∂x and ∂t."""

    def __init__(self, reduction="mean"):
        raise NotImplementedError

    def forward(self, x, t):
        raise NotImplementedError


class L1Loss(Module):
    """The absolute values of x - t, for x and t of the same shape; the slope at 0 is 0 (extra `corners`)."""

    def __init__(self, reduction="mean"):
        raise NotImplementedError

    def forward(self, x, t):
        raise NotImplementedError


class BCEWithLogitsLoss(Module):
    """-t log σ(x) - (1 - t) log(1 - σ(x)) for logits x and targets t from 0 to 1 of the same shape.

    Extra `corners`: finite for logits of ±10 000, and at x = 0 the slope σ(x) - t = 1/2 - t.
    """

    def __init__(self, reduction="mean"):
        raise NotImplementedError

    def forward(self, x, t):
        raise NotImplementedError


class CrossEntropyLoss(Module):
    """-log of the right class's softmax probability: logits x (n, c), classes t (n,) of integers.

    Rows of the class ignore_index don't count, neither in the sum nor in the number of rows; with reduction="none"
    their loss is 0. With label_smoothing s, the target is (1 - s) for the right class plus s / c for every class.
    Finite for logits of ±10 000 (extra `corners`). Derive ∂x. IndexError for a class that doesn't exist.
    """

    def __init__(self, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        raise NotImplementedError

    def forward(self, x, t):
        raise NotImplementedError
