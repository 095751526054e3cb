import math

import numpy as np

from . import functions as F
from .module import Module, Parameter
from .tensor import Tensor, generator, ones, zeros


def _uniform(shape, fan_in):
    bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
    return Parameter(generator.rng.uniform(-bound, bound, shape).astype(np.float32))


def _pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (int(value), int(value))


def _same_dtype(*tensors):
    dtype = tensors[0].dtype
    for t in tensors[1:]:
        dtype = np.promote_types(dtype, t.dtype)
    return [t.to(dtype) for t in tensors]


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True):
        self.in_features, self.out_features = in_features, out_features
        self.weight = _uniform((out_features, in_features), in_features)
        self.bias = _uniform((out_features,), in_features) if bias else None

    def forward(self, x):
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise RuntimeError(f"Linear: shapes {x.shape} and {self.weight.shape} do not fit")
        operands = [x, self.weight] if self.bias is None else [x, self.weight, self.bias]
        return F.LinearFn.apply(*_same_dtype(*operands))


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(f"groups={groups} does not divide {in_channels} and {out_channels} channels")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = _pair(kernel_size), _pair(stride)
        self.padding, self.dilation = _pair(padding), _pair(dilation)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = _uniform(shape, math.prod(shape[1:]))
        self.bias = _uniform((out_channels,), math.prod(shape[1:])) if bias else None

    def forward(self, x):
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise RuntimeError(f"Conv2d: expected (n, {self.in_channels}, h, w), got {x.shape}")
        for size, k, p, d in zip(x.shape[2:], self.kernel_size, self.padding, self.dilation):
            if size + 2 * p < d * (k - 1) + 1:
                raise RuntimeError(f"Conv2d: images {x.shape} are smaller than the kernel {self.kernel_size}")
        x, w = _same_dtype(x, self.weight)
        y = F.Conv.apply(x, w, options=(self.stride, self.padding, self.dilation, self.groups))
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)


class Conv2D(Conv2d):
    pass


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation

    def forward(self, x):
        options = tuple(_pair(v) for v in (self.kernel_size, self.stride, self.padding, self.dilation))
        return F.MaxPool.apply(x, options=options)


class AvgPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding

    def forward(self, x):
        return F.AvgPool.apply(x, options=tuple(_pair(v) for v in (self.kernel_size, self.stride, self.padding)))


class Flatten(Module):
    def __init__(self, start_dim=1, end_dim=-1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        return x.flatten(self.start_dim, self.end_dim)


class ReLU(Module):
    def forward(self, x):
        return x.relu()


class LeakyReLU(Module):
    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        return F.LeakyRelu.apply(x, options=(self.negative_slope,))


class ELU(Module):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        return F.Elu.apply(x, options=(self.alpha,))


class GELU(Module):
    def __init__(self, approximate="none"):
        self.approximate = approximate

    def forward(self, x):
        return (F.TanhGelu if self.approximate == "tanh" else F.Gelu).apply(x)


class Sigmoid(Module):
    def forward(self, x):
        return x.sigmoid()


class Tanh(Module):
    def forward(self, x):
        return x.tanh()


class Softmax(Module):
    def __init__(self, dim=None):
        self.dim = dim

    def forward(self, x):
        return x.softmax(self.dim)


class Dropout(Module):
    def __init__(self, p=0.5):
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = generator.rng.random(x.shape) >= self.p
        scale = 0.0 if self.p == 1 else 1 / (1 - self.p)
        return x * Tensor((keep * scale).astype(x.dtype))


class LayerNorm(Module):
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        if isinstance(normalized_shape, (int, np.integer)):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight = Parameter(ones(self.normalized_shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(self.normalized_shape)) if elementwise_affine else None

    def forward(self, x):
        n = len(self.normalized_shape)
        if x.shape[-n:] != self.normalized_shape:
            raise RuntimeError(f"LayerNorm: {x.shape} does not end with {self.normalized_shape}")
        z = F.Normalise.apply(x, options=(tuple(range(x.ndim - n, x.ndim)), self.eps))
        return z * self.weight + self.bias if self.elementwise_affine else z


class _BatchNorm(Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine else None
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))
        self.register_buffer("num_batches_tracked", Tensor(0))

    def forward(self, x):
        if x.ndim not in self.axes_allowed or x.shape[1] != self.num_features:
            raise RuntimeError(f"{type(self).__name__}({self.num_features}) got {x.shape}")
        axes = (0, *range(2, x.ndim))
        shape = (1, -1) + (1,) * (x.ndim - 2)
        if self.training:
            n = x.numel() // self.num_features
            if n < 2:
                raise ValueError(f"more than one value per channel is needed in training, got {x.shape}")
            z = F.Normalise.apply(x, options=(axes, self.eps))
            for buffer, now in (
                (self.running_mean, x.data.mean(axis=axes)),
                (self.running_var, x.data.var(axis=axes, ddof=1)),
            ):
                buffer.data[...] = (1 - self.momentum) * buffer.data + self.momentum * now
                buffer._version[0] += 1
            self.num_batches_tracked.data[...] += 1
        else:
            scale = 1 / np.sqrt(self.running_var.data + self.eps)
            z = (x - self.running_mean.data.reshape(shape)) * scale.reshape(shape)
        return z * self.weight.reshape(shape) + self.bias.reshape(shape) if self.affine else z


class BatchNorm1d(_BatchNorm):
    axes_allowed = (2, 3)


class BatchNorm2d(_BatchNorm):
    axes_allowed = (4,)


class Embedding(Module):
    def __init__(self, num_embeddings, embedding_dim):
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(generator.rng.standard_normal((num_embeddings, embedding_dim)).astype(np.float32))

    def forward(self, indices):
        places = indices.data
        if places.size and (places.min() < 0 or places.max() >= self.num_embeddings):
            raise IndexError("index out of range in Embedding")
        return self.weight[indices]
