"""Layers, with PyTorch's parameter names, defaults and initialisation.

`device` and `dtype` are those of parameters and buffers; None means the CPU and float32. Layers refuse arguments of
PyTorch's that aren't supported by a NotImplementedError that names the argument.
"""

import math

import numpy as np

from . import functional as F
from .arguments import refuse
from .backend import FLOAT32, INT64, generator
from .convolution import avg_pool2d, conv2d, max_pool2d, two
from .indexing import take
from .module import Module, Parameter
from .shapes import where
from .tensor import OUTPUT, Tensor, as_tensor, is_recording, record, wrap, zeros


def uniform(shape, bound):
    """Draw a float32 Parameter from U(-bound, bound)."""
    return Parameter(generator.uniform(-bound, bound, shape), dtype=FLOAT32)


class Linear(Module):
    """x @ weight.T + bias: (…, in_features) -> (…, out_features); weight (out, in) and bias (out,) from U(±1/√in).

    RuntimeError with both shapes if the input doesn't fit.
    """

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features) if in_features else 0.0
        self.weight = uniform((out_features, in_features), bound)
        self.bias = uniform(out_features, bound) if bias else None
        self.to(device=device, dtype=dtype)

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)


class Conv2d(Module):
    """Cross-correlation of images (n, in_channels, h, w) -> (n, out_channels, h', w'), or of one image without n.

    h' = (h + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1. Sizes are ints or pairs (height, width);
    `padding` may also be 'valid' (none) or, for a stride of 1, 'same' (h' = h). It is filled as `padding_mode` says:
    'zeros', 'reflect', 'replicate' or 'circular'. weight (out, in / groups, kh, kw) and bias (out,) from
    U(±1/√(in / groups · kh · kw)). ValueError if `groups` doesn't divide both numbers of channels or for an invalid
    padding, RuntimeError with both shapes if the input doesn't fit.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(f"groups={groups} does not divide {in_channels} and {out_channels} channels")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = two(kernel_size), two(stride), two(dilation)
        if isinstance(padding, str) and padding not in ("valid", "same"):
            raise ValueError(f"padding must be 'valid', 'same' or numbers, not {padding!r}")
        if padding == "same" and self.stride != (1, 1):
            raise ValueError(f"padding='same' needs a stride of 1, not {stride}")
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                f"padding_mode must be 'zeros', 'reflect', 'replicate' or 'circular', not {padding_mode!r}"
            )
        self.padding = padding if isinstance(padding, str) else two(padding)
        self.padding_mode = padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        self.weight = uniform(shape, bound)
        self.bias = uniform(out_channels, bound) if bias else None
        self.to(device=device, dtype=dtype)

    def forward(self, x):
        settings = self.stride, self.padding, self.dilation, self.groups
        if self.padding_mode == "zeros" and not isinstance(self.padding, str):
            return conv2d(x, self.weight, self.bias, *settings)
        return padded_conv2d(x, self.weight, self.bias, *settings, self.padding_mode)


Conv2D = Conv2d


def padded_conv2d(x, weight, bias, stride, padding, dilation, groups, mode):
    """conv2d with padding 'same' or 'valid', or with a padding that isn't zeros but a part of the image.

    The mode is 'zeros', 'reflect' (without repeating the border), 'replicate' (the border) or 'circular'. RuntimeError
    if the image is too small for the padding.
    """
    x, (dh, dw), (kh, kw) = as_tensor(x), dilation, weight.shape[2:]
    total = (0, 0) if padding == "valid" else (dh * (kh - 1), dw * (kw - 1))  # both sides together
    before = [n // 2 for n in total] if isinstance(padding, str) else padding
    after = [n - n // 2 for n in total] if isinstance(padding, str) else padding
    if mode == "zeros":  # pad both sides by the larger number, and leave out the windows that are too many
        y = conv2d(x, weight, bias, stride, tuple(after), dilation, groups)
        return y[..., after[0] - before[0] :, after[1] - before[1] :]
    for axis in (-2, -1):  # an index says which row or column of the image is where in the padded image
        n, sides = x.shape[axis], (before[axis], after[axis])
        if max(sides) > n - (mode == "reflect") and mode != "replicate":
            raise RuntimeError(f"conv2d: padding {sides} with {mode!r} is too much for an input of shape {x.shape}")
        places = np.pad(np.arange(n), sides, {"replicate": "edge", "circular": "wrap"}.get(mode, mode))
        x = x[..., places, :] if axis == -2 else x[..., places]
    return conv2d(x, weight, bias, stride, 0, dilation, groups)


class MaxPool2d(Module):
    """Maximum of every window, (…, h, w) -> (…, h', w'); the first maximum gets the gradient.

    The default stride is kernel_size. With `ceil_mode`, a window may reach beyond the lower and right border if it
    begins before it. RuntimeError if the padding (with -inf) exceeds half the kernel.
    """

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        refuse("MaxPool2d", return_indices=return_indices)
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.ceil_mode = ceil_mode
        self.stride = kernel_size if stride is None else stride

    def forward(self, x):
        return max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)


class AvgPool2d(Module):
    """Mean of every window, (…, h, w) -> (…, h', w'). The default stride is kernel_size.

    `ceil_mode`: see MaxPool2d. `count_include_pad`: whether the zeros of the padding count. `divisor_override`: the
    number to divide by instead. RuntimeError if the padding exceeds half the kernel.
    """

    def __init__(
        self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    ):
        self.kernel_size, self.padding, self.count_include_pad = kernel_size, padding, count_include_pad
        self.ceil_mode, self.divisor_override = ceil_mode, divisor_override
        self.stride = kernel_size if stride is None else stride

    def forward(self, x):
        settings = self.ceil_mode, self.count_include_pad, self.divisor_override
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, *settings)


class Flatten(Module):
    """Join the axes start_dim … end_dim into one: (n, c, h, w) -> (n, c h w)."""

    def __init__(self, start_dim=1, end_dim=-1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        return x.flatten(self.start_dim, self.end_dim)


class ReLU(Module):
    """max(x, 0), for any shape."""

    def __init__(self, inplace=False):
        refuse("ReLU", inplace=inplace)

    def forward(self, x):
        return F.relu(x)


class LeakyReLU(Module):
    """x if it is positive, else negative_slope · x."""

    def __init__(self, negative_slope=0.01, inplace=False):
        refuse("LeakyReLU", inplace=inplace)
        self.negative_slope = negative_slope

    def forward(self, x):
        return F.leaky_relu(x, self.negative_slope)


class ELU(Module):
    """x if it is positive, else alpha (exp(x) - 1)."""

    def __init__(self, alpha=1.0, inplace=False):
        refuse("ELU", inplace=inplace)
        self.alpha = alpha

    def forward(self, x):
        return F.elu(x, self.alpha)


class GELU(Module):
    """x Φ(x) with the normal distribution function Φ, or an approximation of it with approximate='tanh'."""

    def __init__(self, approximate="none"):
        if approximate not in ("none", "tanh"):
            raise ValueError(f"approximate must be 'none' or 'tanh', not {approximate!r}")
        self.approximate = approximate

    def forward(self, x):
        return F.gelu(x, self.approximate)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, x):
        return F.sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, x):
        return F.tanh(x)


class Softmax(Module):
    """exp(x) / Σ exp(x) along `dim`; None means 0 if x has 0, 1 or 3 axes, else 1."""

    def __init__(self, dim=None):
        self.dim = dim

    def forward(self, x):
        return F.softmax(x, self.dim if self.dim is not None else int(x.ndim not in (0, 1, 3)))


class Dropout(Module):
    """In training, each element is independently 0 with probability p, and divided by 1 - p otherwise.

    In evaluation, the output is the input itself. ValueError unless 0 <= p <= 1.
    """

    def __init__(self, p=0.5, inplace=False):
        refuse("Dropout", inplace=inplace)
        if not 0 <= p <= 1:
            raise ValueError(f"p must be a probability, not {p}")
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        x, array = F.real(x)
        kept = generator.random(array.shape, np.float32) >= self.p
        mask = Tensor(kept * (1 / (1 - self.p) if self.p < 1 else 0.0), dtype=array.dtype, device=x.device)
        return x * mask


def normalize(x, axes, eps):
    """Return (x - mean) / √(variance + eps) over `axes`, and the arrays mean and variance (these axes have size 1)."""
    X = x.data
    mean = X.mean(axes, keepdims=True)
    z = X - mean
    variance = np.square(z).mean(axes, keepdims=True)
    r = 1 / np.sqrt(variance + eps)
    z *= r

    def rule(g):
        return r * (g - g.mean(axes, keepdims=True) - z * (g * z).mean(axes, keepdims=True))

    return record(z, (x, rule, OUTPUT)), mean, variance


class LayerNorm(Module):
    """Normalisation to mean 0 and variance 1 over the last axes (normalized_shape), then times weight plus bias.

    weight (ones) and bias (zeros) have that shape. RuntimeError with both shapes if the input doesn't end with it.
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.weight = Parameter(np.ones(self.normalized_shape, FLOAT32)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(self.normalized_shape, FLOAT32)) if elementwise_affine and bias else None
        self.to(device=device, dtype=dtype)

    def forward(self, x):
        k = len(self.normalized_shape)
        if x.shape[-k:] != self.normalized_shape:
            raise RuntimeError(f"layer norm over {self.normalized_shape} doesn't fit an input of shape {x.shape}")
        z, _, _ = normalize(x, tuple(range(-k, 0)), self.eps)
        z = z if self.weight is None else z * self.weight
        return z if self.bias is None else z + self.bias


class _BatchNorm(Module):
    """Normalisation of every channel to mean 0 and variance 1, then times weight plus bias, both (num_features,).

    Training uses the batch's mean and variance over all other axes; `running_mean` and `running_var` (unbiased) move
    towards them by the fraction `momentum` (None: they are the means over all batches). Evaluation uses the running
    statistics. Without `affine`, it has no weight and no bias; without `bias`, it has no bias. ValueError for a wrong
    number of axes, or for a single value per channel in training.
    """

    dims = ()

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(np.ones(num_features, FLOAT32)) if affine else None
        self.bias = Parameter(np.zeros(num_features, FLOAT32)) if affine and bias else None
        self.register_buffer("running_mean", zeros(num_features) if track_running_stats else None)
        self.register_buffer("running_var", zeros(num_features) + 1 if track_running_stats else None)
        self.register_buffer("num_batches_tracked", Tensor(0) if track_running_stats else None)
        self.to(device=device, dtype=dtype)

    def forward(self, x):
        if x.ndim not in self.dims:
            raise ValueError(f"{type(self).__name__} can't take an input of shape {x.shape}")
        if x.shape[1] != self.num_features:
            raise RuntimeError(
                f"{type(self).__name__} has {self.num_features} features, but the input has shape {x.shape}"
            )
        row = (1, -1) + (1,) * (x.ndim - 2)
        if self.training or self.running_mean is None:
            n = x.numel() // self.num_features
            if self.training and n == 1:
                raise ValueError(f"expected more than 1 value per channel in training, got an input of shape {x.shape}")
            z, mean, variance = normalize(x, (0, *range(2, x.ndim)), self.eps)
            if self.training and self.running_mean is not None:
                self._track(mean.reshape(-1), variance.reshape(-1) * (n / (n - 1)))
        else:
            scale = 1 / np.sqrt(self.running_var.data + self.eps)
            z = (x - self.running_mean.reshape(row)) * wrap(scale.reshape(row))
        z = z if self.weight is None else z * self.weight.reshape(row)
        return z if self.bias is None else z + self.bias.reshape(row)

    def _track(self, mean, variance):
        self.num_batches_tracked.data += 1
        share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        for running, new in (self.running_mean, mean), (self.running_var, variance):
            running.data += share * (new - running.data)
            running.version[0] += 1


class BatchNorm1d(_BatchNorm):
    __doc__ = "x (n, num_features) or (n, num_features, length). " + _BatchNorm.__doc__
    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = "x (n, num_features, h, w). " + _BatchNorm.__doc__
    dims = (4,)


class Embedding(Module):
    """Rows of a table: integer indices of any shape (…) -> (…, embedding_dim).

    weight (num_embeddings, embedding_dim) from N(0, 1); the row `padding_idx` is initially 0 and gets no gradient.
    `norm_type` has no effect, because it belongs to `max_norm`. RuntimeError if indices aren't integers, IndexError for
    an index outside the table.
    """

    def __init__(
        self,
        num_embeddings,
        embedding_dim,
        padding_idx=None,
        max_norm=None,
        norm_type=2.0,  # noqa: ARG002
        scale_grad_by_freq=False,
        sparse=False,
        device=None,
        dtype=None,
    ):
        refuse("Embedding", max_norm=max_norm, scale_grad_by_freq=scale_grad_by_freq)
        refuse("Embedding", sparse=sparse)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx if padding_idx is None else range(num_embeddings)[padding_idx]
        self.weight = Parameter(generator.standard_normal((num_embeddings, embedding_dim)), dtype=FLOAT32)
        if padding_idx is not None:
            self.weight.data[padding_idx] = 0
        self.to(device=device, dtype=dtype)

    def forward(self, index):
        index = as_tensor(index)
        if index.dtype.kind not in "iu":
            raise RuntimeError(f"indices must be integers, not {index.dtype}")
        if index.numel() and (index.data.astype(np.uint64) >= self.num_embeddings).any():
            raise IndexError(f"an index is outside 0 … {self.num_embeddings - 1}")
        rows = take(self.weight, (index.data.astype(INT64, copy=False),))
        if self.padding_idx is None or not is_recording():
            return rows
        padding = wrap((index.data == self.padding_idx)[..., None])
        return where(padding, rows.detach(), rows)
