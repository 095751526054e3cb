import numpy as np

from . import functions as F
from .module import Module
from .tensor import Tensor


def _reduce(x, reduction):
    return {"mean": Tensor.mean, "sum": Tensor.sum, "none": lambda t: t}[reduction](x)


class _Loss(Module):
    def __init__(self, reduction="mean"):
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"{reduction} is not a valid value for reduction")
        self.reduction = reduction

    def forward(self, x, t):
        if x.shape != t.shape:
            raise RuntimeError(f"{type(self).__name__}: shapes {x.shape} and {t.shape} differ")
        return _reduce(self.each(x, t), self.reduction)


class MSELoss(_Loss):
    def each(self, x, t):
        d = x - t
        return d * d


class L1Loss(_Loss):
    def each(self, x, t):
        return (x - t).abs()


class BCEWithLogitsLoss(_Loss):
    def each(self, x, t):
        return F.BCE.apply(x, t.to(x.dtype))


class CrossEntropyLoss(_Loss):
    def __init__(self, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, x, t):
        if x.ndim != 2 or t.shape != x.shape[:1]:
            raise RuntimeError(f"CrossEntropyLoss: shapes {x.shape} and {t.shape}")
        counts = t.data != self.ignore_index
        classes = np.where(counts, t.data, 0)
        if classes.size and not (0 <= classes.min() and classes.max() < x.shape[1]):
            raise IndexError(f"a target is out of bounds: there are {x.shape[1]} classes")
        rows = F.NLL.apply(x, options=(classes, counts, self.label_smoothing))
        if self.reduction == "mean":
            return rows.sum() / float(counts.sum())
        return _reduce(rows, self.reduction)
