import math

import numpy as np

from .module import Module, Parameter
from .tensor import Tensor, ones, randn, rng, where, zeros


def uniform(bound, shape):
    return Parameter(rng().uniform(-bound, bound, shape).astype(np.float32))


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True):
        self.in_features = in_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = uniform(bound, (out_features, in_features))
        self.bias = uniform(bound, out_features) if bias else None

    def forward(self, x):
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias


def out_size(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def im2col(x, kernel, stride, padding, dilation, fill=0.0):
    """(n, c, h, w) to columns (n, c, kh * kw, h' * w'), and the size (h', w')."""
    n, c, h, w = x.shape
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = kernel, stride, padding, dilation
    oh, ow = out_size(h, kh, sh, ph, dh), out_size(w, kw, sw, pw, dw)
    if oh < 1 or ow < 1:
        raise RuntimeError(f"images of {h} x {w} are smaller than the kernel {kernel}")
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=fill)
    cols = np.empty((n, c, kh, kw, oh, ow), x.dtype)
    for i in range(kh):
        for j in range(kw):
            cols[:, :, i, j] = x[:, :, i * dh : i * dh + sh * oh : sh, j * dw : j * dw + sw * ow : sw]
    return cols.reshape(n, c, kh * kw, oh * ow), (oh, ow)


def col2im(cols, shape, kernel, stride, padding, dilation, out):
    n, c, h, w = shape
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = kernel, stride, padding, dilation
    oh, ow = out
    cols = cols.reshape(n, c, kh, kw, oh, ow)
    x = np.zeros((n, c, h + 2 * ph, w + 2 * pw), cols.dtype)
    for i in range(kh):
        for j in range(kw):
            x[:, :, i * dh : i * dh + sh * oh : sh, j * dw : j * dw + sw * ow : sw] += cols[:, :, i, j]
    return x[:, :, ph : ph + h, pw : pw + w]


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        if in_channels % groups or out_channels % groups:
            raise ValueError("groups must divide in_channels and out_channels")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair(kernel_size)
        self.stride = pair(stride)
        self.padding = pair(padding)
        self.dilation = pair(dilation)
        self.groups = groups
        kh, kw = self.kernel_size
        bound = 1 / math.sqrt(in_channels // groups * kh * kw)
        self.weight = uniform(bound, (out_channels, in_channels // groups, kh, kw))
        self.bias = uniform(bound, out_channels) if bias else None

    def forward(self, x):
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise RuntimeError(f"Conv2d: images {x.shape} for weights {self.weight.shape}")
        settings = (self.kernel_size, self.stride, self.padding, self.dilation)
        n, G, o = x.shape[0], self.groups, self.out_channels
        cols, size = im2col(x.data, *settings)
        cols = cols.reshape(n, G, -1, size[0] * size[1])
        weight = self.weight
        W = weight.data.reshape(G, o // G, -1)
        out = Tensor._make((W @ cols).reshape(n, o, *size), (x, weight), "conv2d")

        def _backward():
            g = out._g.reshape(n, G, o // G, -1)
            if weight.requires_grad:
                weight._take((g @ cols.swapaxes(-1, -2)).sum(0).reshape(weight.shape))
            if x.requires_grad:
                x._take(col2im(W.swapaxes(-1, -2) @ g, x.shape, *settings, size))

        out._backward = _backward
        return out if self.bias is None else out + self.bias.reshape(1, -1, 1, 1)


Conv2D = Conv2d


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        self.kernel_size = pair(kernel_size)
        self.stride = self.kernel_size if stride is None else pair(stride)
        self.padding = pair(padding)
        self.dilation = pair(dilation)

    def forward(self, x):
        settings = (self.kernel_size, self.stride, self.padding, self.dilation)
        cols, size = im2col(x.data, *settings, fill=-np.inf)
        best = cols.argmax(axis=2)[:, :, None]
        out = Tensor._make(np.take_along_axis(cols, best, 2).reshape(*x.shape[:2], *size), (x,), "maxpool")

        def _backward():
            g = np.zeros_like(cols)
            np.put_along_axis(g, best, out._g.reshape(best.shape), 2)
            x._take(col2im(g, x.shape, *settings, size))

        out._backward = _backward
        return out


class AvgPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size = pair(kernel_size)
        self.stride = self.kernel_size if stride is None else pair(stride)
        self.padding = pair(padding)

    def forward(self, x):
        settings = (self.kernel_size, self.stride, self.padding, (1, 1))
        cols, size = im2col(x.data, *settings)
        out = Tensor._make(cols.mean(axis=2).reshape(*x.shape[:2], *size), (x,), "avgpool")

        def _backward():
            g = out._g.reshape(*x.shape[:2], 1, -1) / cols.shape[2]
            x._take(col2im(np.broadcast_to(g, cols.shape), x.shape, *settings, size))

        out._backward = _backward
        return out


class Flatten(Module):
    def __init__(self, start_dim=1, end_dim=-1):
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x):
        return x.flatten(self.start_dim, self.end_dim)


class ReLU(Module):
    def forward(self, x):
        return x.relu()


class LeakyReLU(Module):
    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        return where(x > 0, x, x * self.negative_slope)


class ELU(Module):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        return where(x > 0, x, (x.minimum(0.0).exp() - 1) * self.alpha)


class GELU(Module):
    def __init__(self, approximate="none"):
        self.approximate = approximate

    def forward(self, x):
        return x.gelu(self.approximate)


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
            raise ValueError(f"p is {p}, and should be from 0 to 1")
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return x * 0
        mask = (rng().random(x.shape) >= self.p) / (1 - self.p)
        return x * Tensor(mask.astype(x.dtype))


class LayerNorm(Module):
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.weight = Parameter(np.ones(self.normalized_shape, np.float32)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(self.normalized_shape, np.float32)) if elementwise_affine else None

    def forward(self, x):
        axes = tuple(range(-len(self.normalized_shape), 0))
        z = (x - x.mean(axes, keepdim=True)) / (x.var(axes, correction=0, keepdim=True) + self.eps).sqrt()
        return z if self.weight is None else z * self.weight + self.bias


class BatchNorm1d(Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.weight = Parameter(np.ones(num_features, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(num_features, np.float32)) if affine else None
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))
        self.register_buffer("num_batches_tracked", Tensor(0))

    def forward(self, x):
        axes = tuple(i for i in range(x.ndim) if i != 1)
        shape = [1] * x.ndim
        shape[1] = self.num_features
        if self.training:
            mean = x.mean(axes, keepdim=True)
            var = x.var(axes, correction=0, keepdim=True)
            n = x.numel() / self.num_features
            m = self.momentum
            self.running_mean.data[...] = (1 - m) * self.running_mean.data + m * mean.data.reshape(-1)
            self.running_var.data[...] = (1 - m) * self.running_var.data + m * var.data.reshape(-1) * n / (n - 1)
            self.num_batches_tracked.data[...] += 1
        else:
            mean = self.running_mean.reshape(shape)
            var = self.running_var.reshape(shape)
        z = (x - mean) / (var + self.eps).sqrt()
        return z if self.weight is None else z * self.weight.reshape(shape) + self.bias.reshape(shape)


class BatchNorm2d(BatchNorm1d):
    pass


class Embedding(Module):
    def __init__(self, num_embeddings, embedding_dim):
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.weight = Parameter(randn(num_embeddings, embedding_dim))

    def forward(self, indices):
        if (indices.data < 0).any() or (indices.data >= self.num_embeddings).any():
            raise IndexError("an index that is not in the table")
        return self.weight[indices]
