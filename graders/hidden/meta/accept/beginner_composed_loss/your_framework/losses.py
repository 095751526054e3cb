import numpy as np

from .module import Module
from .tensor import Tensor, to_tensor


def check(reduction):
    if reduction not in ["mean", "sum", "none"]:
        raise ValueError("reduction must be mean, sum or none")


class MSELoss(Module):
    def __init__(self, reduction="mean"):
        check(reduction)
        self.reduction = reduction

    def forward(self, x, t):
        difference = to_tensor(x) - to_tensor(t)
        loss = difference * difference
        if self.reduction == "mean":
            return loss.mean()
        elif self.reduction == "sum":
            return loss.sum()
        else:
            return loss


class L1Loss(Module):
    def __init__(self, reduction="mean"):
        check(reduction)
        self.reduction = reduction

    def forward(self, x, t):
        loss = abs(to_tensor(x) - to_tensor(t))
        if self.reduction == "mean":
            return loss.mean()
        elif self.reduction == "sum":
            return loss.sum()
        else:
            return loss


class BCEWithLogitsLoss(Module):
    def __init__(self, reduction="mean"):
        check(reduction)
        self.reduction = reduction

    def forward(self, x, t):
        x = to_tensor(x)
        t = to_tensor(t)
        # log(1 + e^-|x|) + max(x, 0) - x t
        loss = ((-abs(x)).exp() + 1).log() + x.relu() - x * t
        if self.reduction == "mean":
            return loss.mean()
        elif self.reduction == "sum":
            return loss.sum()
        else:
            return loss


class CrossEntropyLoss(Module):
    def __init__(self, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        check(reduction)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.label_smoothing = label_smoothing

    def forward(self, x, t):
        x = to_tensor(x)
        t = to_tensor(t)
        rows = x.shape[0]
        c = x.shape[1]
        target = np.zeros((rows, c), x.dtype)
        count = 0
        for i in range(rows):
            k = int(t.data[i])
            if k == self.ignore_index:
                continue
            if k < 0 or k >= c:
                raise IndexError("there is no class " + str(k))
            count = count + 1
            for j in range(c):
                target[i, j] = self.label_smoothing / c
            target[i, k] = target[i, k] + 1 - self.label_smoothing
        loss = -(x.log_softmax(1) * Tensor(target)).sum(1)
        if self.reduction == "mean":
            return loss.sum() / count
        elif self.reduction == "sum":
            return loss.sum()
        else:
            return loss
