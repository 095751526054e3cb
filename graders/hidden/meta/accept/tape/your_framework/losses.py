"""Losses."""

import numpy as np

from .module import Module
from .tensor import as_tensor, record


class _Loss(Module):
    def __init__(self, reduction="mean"):
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"reduction {reduction!r}")
        self.reduction = reduction

    def reduced(self, each):
        return each if self.reduction == "none" else getattr(each, self.reduction)()


class MSELoss(_Loss):
    def forward(self, x, t):
        return self.reduced((as_tensor(x) - t) ** 2)


class L1Loss(_Loss):
    def forward(self, x, t):
        return self.reduced((as_tensor(x) - t).abs())


class BCEWithLogitsLoss(_Loss):
    def forward(self, x, t):
        x, t = as_tensor(x), as_tensor(t)
        X, T = x.data, t.data

        def back(g):
            x._receive(g * (0.5 * (1 + np.tanh(X / 2)) - T))
            t._receive(-g * X)

        return self.reduced(record(np.maximum(X, 0) - X * T + np.log1p(np.exp(-np.abs(X))), (x, t), back))


class CrossEntropyLoss(_Loss):
    def __init__(self, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, x, t):
        x, t = as_tensor(x), as_tensor(t).data
        n, c = x.shape
        counts = t != self.ignore_index
        z = x.data - x.data.max(1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(1, keepdims=True))
        target = np.full((n, c), self.label_smoothing / c, x.dtype)
        target[np.arange(n), np.where(counts, t, 0)] += 1 - self.label_smoothing
        target *= counts[:, None]

        def back(g):
            x._receive((np.exp(logp) * counts[:, None] - target) * g[:, None])

        each = record(-(target * logp).sum(1), (x,), back)
        if self.reduction == "mean":
            return each.sum() / int(counts.sum())
        return self.reduced(each)
