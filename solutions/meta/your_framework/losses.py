"""Losses, the numbers that training minimises. All take reduction='mean', 'sum' or 'none'.

`size_average` and `reduce` are PyTorch's old names for the same choice. They replace `reduction` and give a warning.
"""

import warnings

import numpy as np

from .backend import namespace
from .functional import pair
from .module import Module
from .tensor import OUTPUT, as_tensor, record


def _reduced(loss, reduction):
    """Return the mean or the sum of the losses, or the losses themselves."""
    return loss if reduction == "none" else getattr(loss, reduction)()


class _Loss(Module):
    """Base class of the losses. ValueError for an unknown reduction."""

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        for name, value in (("size_average", size_average), ("reduce", reduce)):
            if isinstance(value, str):
                raise TypeError(f"{name} must be a bool, not {value!r}: did you mean reduction={value!r}?")
        if size_average is not None or reduce is not None:
            mean = size_average is None or size_average
            reduction = "none" if not (reduce is None or reduce) else "mean" if mean else "sum"
            warnings.warn(f"size_average and reduce are deprecated: use reduction={reduction!r}", stacklevel=3)
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
        self.reduction = reduction


class MSELoss(_Loss):
    """(input - target)², for shapes that are equal or broadcast."""

    def forward(self, input, target):
        """Return a float tensor (), or one of the broadcast shape with reduction='none'."""
        return _reduced((as_tensor(input) - target) ** 2, self.reduction)


class L1Loss(_Loss):
    """|input - target|, for shapes that are equal or broadcast; the gradient at 0 is 0."""

    def forward(self, input, target):
        """Return a float tensor (), or one of the broadcast shape with reduction='none'."""
        return _reduced((as_tensor(input) - target).abs(), self.reduction)


class BCEWithLogitsLoss(_Loss):
    """Cross-entropy of targets in [0, 1] and probabilities sigmoid(input), for logits of any size.

    `weight` and `pos_weight` (for the positive class) are arrays or Tensors that broadcast, as in PyTorch.
    """

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input, target):
        """Return the loss. ValueError with both shapes if input and target differ in shape."""
        x, y = pair(as_tensor(input), as_tensor(target))
        if x.shape != y.shape:
            raise ValueError(f"a target of shape {y.shape} doesn't fit an input of shape {x.shape}")
        loss = softplus(-x)  # -log sigmoid(x)
        if self.pos_weight is not None:
            loss = loss * (1 + (self.pos_weight - 1) * y)
        loss = loss + (1 - y) * x
        return _reduced(loss if self.weight is None else loss * self.weight, self.reduction)


class CrossEntropyLoss(_Loss):
    """-log softmax(input)[target], in one operation and for logits of any size.

    `weight`: one number for each class, (C,), which also weights the mean. `ignore_index`: the class whose rows don't
    count. `label_smoothing`: the share of the target's probability that is spread equally over all classes.
    """

    def __init__(
        self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
    ):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input, target):
        """input (N, C), (N, C, d1, …) or (C,), integer target (N,), (N, d1, …) or () -> (); 'none': target's shape.

        ValueError with both shapes if they don't fit, RuntimeError if targets aren't integers, IndexError for a target
        beyond the classes.
        """
        input, target = as_tensor(input), as_tensor(target)
        if target.dtype.kind not in "iu":
            raise RuntimeError(f"targets must be class indices, integers, not {target.dtype}")
        if input.ndim == 0 or input.shape[: input.ndim > 1] + input.shape[2:] != target.shape:
            raise ValueError(f"a target of shape {target.shape} doesn't fit logits of shape {input.shape}")
        shape = target.shape
        if input.ndim != 2:  # every position is one sample
            input = input.unsqueeze(0) if input.ndim == 1 else input.permute(0, *range(2, input.ndim), 1)
            input, target = input.reshape(-1, input.shape[-1]), target.reshape(-1)
        loss = cross_entropy(input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)
        return loss if loss.shape in ((), shape) else loss.reshape(shape)


def softplus(x):
    """log(1 + exp(x)), for numbers of any size."""
    t = np.exp(-np.abs(x.data))
    z = np.maximum(x.data, 0) + np.log1p(t)
    return record(z, (x, lambda g: g * np.exp(x.data - z), x, OUTPUT))


def cross_entropy(x, target, weight=None, ignore_index=-100, reduction="mean", smoothing=0.0):
    """x (n, C) and target (n,) -> () or (n,). IndexError for a target beyond the classes.

    The loss is -Σ_c q_c log p_c, where p = softmax(x) and q is the target's distribution times the class weights: `hit`
    at the target plus the row `others` everywhere. The gradient is p Σ_c q_c - q.
    """
    X, t = x.data, target.data
    n, classes = X.shape
    rows = namespace(X).arange(n)
    z = X - X.max(1, keepdims=True)
    e = np.exp(z)
    s = e.sum(1)

    counted, w = 1.0, None if weight is None else as_tensor(weight).data.astype(X.dtype)
    if 0 <= ignore_index < classes or (t.astype(np.uint64) >= classes).any():  # negative targets become huge
        t = np.where(t == ignore_index, 0, t)
        if (t.astype(np.uint64) >= classes).any():
            raise IndexError(f"a target is outside 0 … {classes - 1}")
        counted = (target.data != ignore_index).astype(X.dtype)
    hit = counted if w is None else counted * w[t]
    size = 1.0 if reduction != "mean" else float(np.sum(hit)) if np.ndim(hit) else n * hit
    hit = hit * (1 - smoothing)
    loss = hit * (np.log(s) - z[rows, t])
    total = hit
    if smoothing:
        others = (np.ones_like(X, shape=classes) if w is None else w) * (smoothing / classes)
        loss += counted * (np.log(s) * others.sum() - z @ others)
        total = total + counted * others.sum()

    def rule(g):
        g = g / (size or 1)  # if no target counts, the loss is nan and the gradient 0
        d = e * (g * total / s)[:, None]
        d[rows, t] -= g * hit
        if smoothing:
            d -= np.reshape(g * counted, (-1, 1)) * others
        return d

    if reduction != "none":
        with np.errstate(all="ignore"):
            loss = loss.sum() / (size or np.nan)
    return record(loss, (x, rule, x, target))
