# Losses put together from operations of tensors, with no rule for a gradient of their own.
"""Losses as sums, logarithms and chosen elements; the operations know how to go back."""

import numpy as np

from .functional import log_softmax
from .module import Module
from .shapes import where
from .tensor import Tensor, as_tensor


class Loss(Module):
    """Losses element by element, reduced as is asked for."""

    def __init__(self, reduction="mean"):
        if reduction not in {"mean", "sum", "none"}:
            raise ValueError(f"there is no reduction {reduction!r}")
        self.reduction = reduction

    def forward(self, input, target):
        losses = self.each(as_tensor(input), as_tensor(target))
        return {"mean": losses.mean, "sum": losses.sum, "none": losses.clone}[self.reduction]()


class MSELoss(Loss):
    def each(self, x, t):
        return (x - t).pow(2)


class L1Loss(Loss):
    def each(self, x, t):
        return (x - t).abs()


class BCEWithLogitsLoss(Loss):
    def each(self, x, t):
        return where(x >= 0, x - x * t + (1 + (-x).clip(max=0).exp()).log(), (1 + x.clip(max=0).exp()).log() - x * t)


class CrossEntropyLoss(Loss):
    def __init__(self, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(reduction)
        self.weight, self.ignore_index, self.label_smoothing = weight, ignore_index, label_smoothing

    def forward(self, input, target):
        """The targets as a matrix of probabilities: the loss is minus its product with the logarithms."""
        input, target = as_tensor(input), as_tensor(target)
        rows, classes = input.shape
        t = target.data
        if t.shape != (rows,):
            raise ValueError(f"{rows} rows, targets of shape {t.shape}")
        counted = t != self.ignore_index
        if (t[counted] < 0).any() or (t[counted] >= classes).any():
            raise IndexError(f"there are {classes} classes")
        wanted = np.zeros((rows, classes))
        wanted[counted] = self.label_smoothing / classes
        wanted[np.flatnonzero(counted), t[counted]] += 1 - self.label_smoothing
        losses = (log_softmax(input, 1) * Tensor(wanted, dtype=input.dtype)).sum(1) * -1
        if self.reduction == "mean":
            return losses.sum() / int(counted.sum())
        return losses.sum() if self.reduction == "sum" else losses
