"""Layers. Each records a step of its own where that is faster than many small ones."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .module import Module, Parameter
from .tensor import Tensor, as_tensor, generator, record

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _uniform(bound, shape):
    return Parameter(generator().uniform(-bound, bound, shape).astype(np.float32))


def _two(x):
    return (x, x) if isinstance(x, int) else tuple(x)


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True):
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = _uniform(bound, (out_features, in_features))
        self.bias = _uniform(bound, out_features) if bias else None

    def forward(self, x):
        y = as_tensor(x) @ self.weight.T
        return y if self.bias is None else y + self.bias


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{groups} groups do not divide {in_channels} and {out_channels} channels")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = _two(kernel_size), _two(stride)
        self.padding, self.dilation = _two(padding), _two(dilation)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        self.weight = _uniform(bound, shape)
        self.bias = _uniform(bound, out_channels) if bias else None

    def forward(self, x):
        x, W, G = as_tensor(x), self.weight, self.groups
        n, c, h, w = x.shape
        if c != self.in_channels:
            raise RuntimeError(f"Conv2d: images of shape {x.shape}, kernels of shape {W.shape}")
        X, windows = _windows(x.data, self.kernel_size, self.stride, self.padding, self.dilation, 0)
        windows = windows.reshape(n, G, c // G, *windows.shape[2:])
        kernels = W.data.reshape(G, -1, *W.shape[1:])
        Y = np.einsum("ngchwpq,gocpq->ngohw", windows, kernels, optimize=True)
        y_shape = (n, self.out_channels, *Y.shape[3:])

        def back(g):
            g = g.reshape(Y.shape)
            W._receive(np.einsum("ngohw,ngchwpq->gocpq", g, windows, optimize=True).reshape(W.shape))
            if x.requires_grad:
                parts = np.einsum("ngohw,gocpq->ngchwpq", g, kernels, optimize=True)
                parts = parts.reshape(n, c, *parts.shape[3:])
                x._receive(_put_back(parts, X.shape, x.shape, self.stride, self.padding, self.dilation))

        y = record(Y.reshape(y_shape), (x, W), back)
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)


Conv2D = Conv2d


def _windows(x, kernel, stride, padding, dilation, value):
    """The padded images, and a view of them (n, c, h', w', kh, kw)."""
    (ph, pw), (sh, sw), (dh, dw) = padding, stride, dilation
    X = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=value)
    size = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    if X.shape[2] < size[0] or X.shape[3] < size[1]:
        raise RuntimeError(f"images of shape {x.shape} are smaller than the kernel {kernel}")
    return X, sliding_window_view(X, size, axis=(2, 3))[:, :, ::sh, ::sw, ::dh, ::dw]


def _put_back(parts, padded_shape, shape, stride, padding, dilation):
    """The opposite of _windows: each part (n, c, h', w', kh, kw) is added to where it came from."""
    (ph, pw), (sh, sw), (dh, dw) = padding, stride, dilation
    whole = np.zeros(padded_shape, parts.dtype)
    h, w, kh, kw = parts.shape[2:]
    for p in range(kh):
        for q in range(kw):
            whole[:, :, p * dh : p * dh + sh * h : sh, q * dw : q * dw + sw * w : sw] += parts[..., p, q]
    return whole[:, :, ph : ph + shape[2], pw : pw + shape[3]]


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride

    def forward(self, x):
        x = as_tensor(x)
        stride, padding, dilation = _two(self.stride), _two(self.padding), _two(self.dilation)
        X, windows = _windows(x.data, _two(self.kernel_size), stride, padding, dilation, -np.inf)
        flat = windows.reshape(*windows.shape[:4], -1)
        places = flat.argmax(-1)[..., None]

        def back(g):
            parts = np.zeros(flat.shape, g.dtype)
            np.put_along_axis(parts, places, g[..., None], -1)
            x._receive(_put_back(parts.reshape(windows.shape), X.shape, x.shape, stride, padding, dilation))

        return record(np.take_along_axis(flat, places, -1)[..., 0], (x,), back)


class AvgPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def forward(self, x):
        x = as_tensor(x)
        stride, padding = _two(self.stride), _two(self.padding)
        X, windows = _windows(x.data, _two(self.kernel_size), stride, padding, (1, 1), 0)

        def back(g):
            parts = np.broadcast_to((g / math.prod(windows.shape[4:]))[..., None, None], windows.shape)
            x._receive(_put_back(parts, X.shape, x.shape, stride, padding, (1, 1)))

        return record(windows.mean((4, 5)), (x,), back)


class Flatten(Module):
    def __init__(self, start_dim=1, end_dim=-1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        return as_tensor(x).flatten(self.start_dim, self.end_dim)


class ReLU(Module):
    def forward(self, x):
        return as_tensor(x).relu()


def _elementwise(x, Y, slope):
    return record(Y.astype(x.dtype), (x,), lambda g: x._receive(g * slope))


class LeakyReLU(Module):
    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        x = as_tensor(x)
        slope = np.where(x.data > 0, 1, self.negative_slope).astype(x.dtype)
        return _elementwise(x, x.data * slope, slope)


class ELU(Module):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        x = as_tensor(x)
        e = self.alpha * np.expm1(np.minimum(x.data, 0))
        return _elementwise(x, np.where(x.data > 0, x.data, e), np.where(x.data > 0, 1, e + self.alpha))


class GELU(Module):
    def __init__(self, approximate="none"):
        self.approximate = approximate

    def forward(self, x):
        x = as_tensor(x)
        X = x.data.astype(np.float64)
        if self.approximate == "tanh":
            c = math.sqrt(2 / math.pi)
            t = np.tanh(c * (X + 0.044715 * X**3))
            phi = (1 + t) / 2
            slope = phi + X * (1 - t * t) / 2 * c * (1 + 3 * 0.044715 * X * X)
        else:
            phi = (1 + _erf(X / math.sqrt(2))) / 2
            slope = phi + X * np.exp(-X * X / 2) / math.sqrt(2 * math.pi)
        return _elementwise(x, X * phi, slope)


class Sigmoid(Module):
    def forward(self, x):
        return as_tensor(x).sigmoid()


class Tanh(Module):
    def forward(self, x):
        return as_tensor(x).tanh()


class Softmax(Module):
    def __init__(self, dim=None):
        self.dim = dim

    def forward(self, x):
        return as_tensor(x).softmax(self.dim)


class Dropout(Module):
    def __init__(self, p=0.5):
        if not 0 <= p <= 1:
            raise ValueError(f"p is {p}")
        self.p = p

    def forward(self, x):
        x = as_tensor(x)
        if not self.training or self.p == 0:
            return x
        kept = generator().random(x.shape) >= self.p
        return x * Tensor((kept / max(1 - self.p, 1e-30)).astype(x.dtype))


def _normalised(x, axes, eps):
    """(x - mean) / sqrt(variance + eps) over some axes, as one step; also mean and variance."""
    X = x.data
    mean = X.mean(axes, keepdims=True)
    var = X.var(axes, keepdims=True)
    scale = 1 / np.sqrt(var + np.asarray(eps, X.dtype))
    z = (X - mean) * scale

    def back(g):
        x._receive((g - g.mean(axes, keepdims=True) - z * (g * z).mean(axes, keepdims=True)) * scale)

    return record(z, (x,), back), mean, var


class LayerNorm(Module):
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight = Parameter(np.ones(self.normalized_shape, np.float32)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(self.normalized_shape, np.float32)) if elementwise_affine else None

    def forward(self, x):
        z, _, _ = _normalised(as_tensor(x), tuple(range(-len(self.normalized_shape), 0)), self.eps)
        return z if self.weight is None else z * self.weight + self.bias


class BatchNorm1d(Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.weight = Parameter(np.ones(num_features, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(num_features, np.float32)) if affine else None
        self.register_buffer("running_mean", Tensor(np.zeros(num_features, np.float32)))
        self.register_buffer("running_var", Tensor(np.ones(num_features, np.float32)))
        self.register_buffer("num_batches_tracked", Tensor(0))

    def forward(self, x):
        x = as_tensor(x)
        shape = (1, -1) + (1,) * (x.ndim - 2)
        if self.training:
            z, mean, var = _normalised(x, (0, *range(2, x.ndim)), self.eps)
            n = x.numel() // self.num_features
            m = self.momentum
            self.running_mean.data[:] = (1 - m) * self.running_mean.data + m * mean.ravel()
            self.running_var.data[:] = (1 - m) * self.running_var.data + m * var.ravel() * (n / (n - 1))
            self.num_batches_tracked.data += 1
        else:
            z = (x - self.running_mean.reshape(shape)) / (self.running_var.reshape(shape) + self.eps).sqrt()
        return z if self.weight is None else z * self.weight.reshape(shape) + self.bias.reshape(shape)


class BatchNorm2d(BatchNorm1d):
    pass


class Embedding(Module):
    def __init__(self, num_embeddings, embedding_dim):
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(generator().standard_normal((num_embeddings, embedding_dim)).astype(np.float32))

    def forward(self, indices):
        indices = as_tensor(indices).data
        if indices.size and (indices.min() < 0 or indices.max() >= self.num_embeddings):
            raise IndexError("an index is not in the table")
        return self.weight[indices]
