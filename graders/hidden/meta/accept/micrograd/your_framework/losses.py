import numpy as np

from .module import Module
from .tensor import Tensor, sigmoid, where


class _Loss(Module):
    def __init__(self, reduction="mean"):
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"reduction {reduction!r}")
        self.reduction = reduction

    def reduce(self, x):
        if self.reduction == "mean":
            return x.mean()
        return x.sum() if self.reduction == "sum" else x


class MSELoss(_Loss):
    def forward(self, x, t):
        return self.reduce((x - t) ** 2)


class L1Loss(_Loss):
    def forward(self, x, t):
        return self.reduce(abs(x - t))


class BCEWithLogitsLoss(_Loss):
    def forward(self, x, t):
        # one operation of its own: relu and abs have no slope at 0, their sum here has
        data = np.maximum(x.data, 0) - x.data * t.data + np.log1p(np.exp(-np.abs(x.data)))
        out = Tensor._make(data, (x, t), "bce")

        def _backward():
            x._take(out._g * (sigmoid(x.data) - t.data))
            t._take(-out._g * x.data)

        out._backward = _backward
        return self.reduce(out)


class CrossEntropyLoss(_Loss):
    def __init__(self, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, x, t):
        n, c = x.shape
        classes = t.data
        counts = classes != self.ignore_index
        classes = np.where(counts, classes, 0)
        if (classes < 0).any() or (classes >= c).any():
            raise IndexError(f"a class outside of 0 to {c - 1}")
        logp = x.log_softmax(1)
        loss = -logp[np.arange(n), classes]
        if self.label_smoothing:
            s = self.label_smoothing
            loss = loss * (1 - s) - logp.mean(1) * s
        loss = where(Tensor(counts), loss, Tensor(np.zeros((), x.dtype)))
        if self.reduction == "none":
            return loss
        total = loss.sum()
        return total if self.reduction == "sum" else total / int(counts.sum())
