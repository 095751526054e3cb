import math

import numpy as np

from .module import Module, Parameter
from .tensor import Tensor, make, to_tensor, where, zeros, ones


def uniform(bound, shape):
    return Parameter(np.random.uniform(-bound, bound, shape).astype(np.float32))


def pair(x):
    if isinstance(x, int):
        return x, x
    return x[0], x[1]


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True):
        self.in_features = in_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = uniform(bound, (out_features, in_features))
        if bias:
            self.bias = uniform(bound, (out_features,))
        else:
            self.bias = None

    def forward(self, x):
        x = to_tensor(x)
        y = x @ self.weight.T
        if self.bias is not None:
            y = y + self.bias
        return y


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        if in_channels % groups != 0 or out_channels % groups != 0:
            raise ValueError("the groups do not divide the channels")
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
        if bias:
            self.bias = uniform(bound, (out_channels,))
        else:
            self.bias = None

    def forward(self, x):
        x = to_tensor(x)
        if x.shape[1] != self.in_channels:
            raise RuntimeError("images of " + str(x.shape) + " have not " + str(self.in_channels) + " channels")
        kh, kw = self.kernel_size
        sh, sw = self.stride
        ph, pw = self.padding
        dh, dw = self.dilation
        n, c, h, w = x.shape
        out_h = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
        out_w = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
        if out_h < 1 or out_w < 1:
            raise RuntimeError("the images are smaller than the kernel")
        padded = np.zeros((n, c, h + 2 * ph, w + 2 * pw), x.dtype)
        padded[:, :, ph : ph + h, pw : pw + w] = x.data
        W = self.weight.data
        ci = c // self.groups
        co = self.out_channels // self.groups
        y = np.zeros((n, self.out_channels, out_h, out_w), np.result_type(x.dtype, W.dtype))
        for group in range(self.groups):
            inputs = slice(group * ci, group * ci + ci)
            outputs = slice(group * co, group * co + co)
            for i in range(out_h):
                for j in range(out_w):
                    window = padded[
                        :, inputs, i * sh : i * sh + dh * (kh - 1) + 1 : dh, j * sw : j * sw + dw * (kw - 1) + 1 : dw
                    ]
                    y[:, outputs, i, j] = window.reshape(n, -1) @ W[outputs].reshape(co, -1).T

        def back(g):
            dW = np.zeros(W.shape, g.dtype)
            dx = np.zeros(padded.shape, g.dtype)
            for group in range(self.groups):
                inputs = slice(group * ci, group * ci + ci)
                outputs = slice(group * co, group * co + co)
                for i in range(out_h):
                    for j in range(out_w):
                        rows = slice(i * sh, i * sh + dh * (kh - 1) + 1, dh)
                        columns = slice(j * sw, j * sw + dw * (kw - 1) + 1, dw)
                        window = padded[:, inputs, rows, columns]
                        gij = g[:, outputs, i, j]
                        dW[outputs] += (gij.T @ window.reshape(n, -1)).reshape(co, ci, kh, kw)
                        dx[:, inputs, rows, columns] += (gij @ W[outputs].reshape(co, -1)).reshape(n, ci, kh, kw)
            return [dx[:, :, ph : ph + h, pw : pw + w], dW]

        result = make(y, "own", [x, self.weight], back)
        if self.bias is not None:
            result = result + self.bias.reshape(1, self.out_channels, 1, 1)
        return result


Conv2D = Conv2d


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        self.kernel_size = kernel_size
        self.stride = stride
        if stride is None:
            self.stride = kernel_size
        self.padding = padding
        self.dilation = dilation

    def forward(self, x):
        x = to_tensor(x)
        kh, kw = pair(self.kernel_size)
        sh, sw = pair(self.stride)
        ph, pw = pair(self.padding)
        dh, dw = pair(self.dilation)
        n, c, h, w = x.shape
        out_h = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
        out_w = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
        padded = np.full((n, c, h + 2 * ph, w + 2 * pw), -np.inf, x.dtype)
        padded[:, :, ph : ph + h, pw : pw + w] = x.data
        # every place of the kernel may win
        best = np.full((n, c, out_h, out_w), -np.inf, x.dtype)
        winner = np.zeros((n, c, out_h, out_w), int)
        for p in range(kh):
            for q in range(kw):
                piece = padded[:, :, p * dh : p * dh + sh * out_h : sh, q * dw : q * dw + sw * out_w : sw]
                piece = piece[:, :, :out_h, :out_w]
                better = piece > best
                best[better] = piece[better]
                winner[better] = p * kw + q

        def back(g):
            dx = np.zeros(padded.shape, g.dtype)
            for p in range(kh):
                for q in range(kw):
                    piece = dx[:, :, p * dh : p * dh + sh * out_h : sh, q * dw : q * dw + sw * out_w : sw]
                    piece[:, :, :out_h, :out_w] += g * (winner == p * kw + q)
            return [dx[:, :, ph : ph + h, pw : pw + w]]

        return make(best, "own", [x], back)


class AvgPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size = kernel_size
        self.stride = stride
        if stride is None:
            self.stride = kernel_size
        self.padding = padding

    def forward(self, x):
        x = to_tensor(x)
        kh, kw = pair(self.kernel_size)
        sh, sw = pair(self.stride)
        ph, pw = pair(self.padding)
        n, c, h, w = x.shape
        out_h = (h + 2 * ph - kh) // sh + 1
        out_w = (w + 2 * pw - kw) // sw + 1
        padded = np.zeros((n, c, h + 2 * ph, w + 2 * pw), x.dtype)
        padded[:, :, ph : ph + h, pw : pw + w] = x.data
        y = np.zeros((n, c, out_h, out_w), x.dtype)
        for i in range(out_h):
            for j in range(out_w):
                y[:, :, i, j] = padded[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw].mean(axis=(2, 3))

        def back(g):
            dx = np.zeros(padded.shape, g.dtype)
            for i in range(out_h):
                for j in range(out_w):
                    dx[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw] += g[:, :, i : i + 1, j : j + 1] / (kh * kw)
            return [dx[:, :, ph : ph + h, pw : pw + w]]

        return make(y, "own", [x], back)


class Flatten(Module):
    def __init__(self, start_dim=1, end_dim=-1):
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x):
        return to_tensor(x).flatten(self.start_dim, self.end_dim)


class ReLU(Module):
    def forward(self, x):
        return to_tensor(x).relu()


class LeakyReLU(Module):
    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        x = to_tensor(x)
        return where(x > 0, x, x * self.negative_slope)


class ELU(Module):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        x = to_tensor(x)
        # the exponential only of what is not positive
        negative = x.minimum(Tensor(np.zeros(x.shape, x.dtype)))
        return where(x > 0, x, (negative.exp() - 1) * self.alpha)


class GELU(Module):
    def __init__(self, approximate="none"):
        self.approximate = approximate

    def forward(self, x):
        x = to_tensor(x)
        if self.approximate == "tanh":
            inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
            return x / 2 * (inner.tanh() + 1)
        phi = []
        for number in x.data.flatten().tolist():
            phi.append((1 + math.erf(number / math.sqrt(2))) / 2)
        phi = np.array(phi).reshape(x.shape)
        density = np.exp(-x.data * x.data / 2) / math.sqrt(2 * math.pi)

        def back(g):
            return [g * (phi + x.data * density)]

        return make((x.data * phi).astype(x.dtype), "own", [x], back)


class Sigmoid(Module):
    def forward(self, x):
        return to_tensor(x).sigmoid()


class Tanh(Module):
    def forward(self, x):
        return to_tensor(x).tanh()


class Softmax(Module):
    def __init__(self, dim=None):
        self.dim = dim

    def forward(self, x):
        return to_tensor(x).softmax(self.dim)


class Dropout(Module):
    def __init__(self, p=0.5):
        if p < 0 or p > 1:
            raise ValueError("p must be from 0 to 1")
        self.p = p

    def forward(self, x):
        x = to_tensor(x)
        if not self.training:
            return x
        if self.p == 1:
            return x * 0
        mask = np.random.rand(*x.shape) >= self.p
        return x * Tensor(mask).to(x.dtype) / (1 - self.p)


class LayerNorm(Module):
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        if elementwise_affine:
            self.weight = Parameter(np.ones(self.normalized_shape, np.float32))
            self.bias = Parameter(np.zeros(self.normalized_shape, np.float32))
        else:
            self.weight = None
            self.bias = None

    def forward(self, x):
        x = to_tensor(x)
        axes = []
        for i in range(len(self.normalized_shape)):
            axes.append(-1 - i)
        axes = tuple(axes)
        mean = x.mean(axes, keepdim=True)
        var = x.var(axes, correction=0, keepdim=True)
        y = (x - mean) / (var + self.eps).sqrt()
        if self.weight is not None:
            y = y * self.weight + self.bias
        return y


class BatchNorm1d(Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        if affine:
            self.weight = Parameter(np.ones(num_features, np.float32))
            self.bias = Parameter(np.zeros(num_features, np.float32))
        else:
            self.weight = None
            self.bias = None
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))
        self.register_buffer("num_batches_tracked", Tensor(0))

    def forward(self, x):
        x = to_tensor(x)
        if x.ndim == 2:
            axes = (0,)
            shape = (1, self.num_features)
        elif x.ndim == 3:
            axes = (0, 2)
            shape = (1, self.num_features, 1)
        else:
            axes = (0, 2, 3)
            shape = (1, self.num_features, 1, 1)
        if self.training:
            n = x.numel() / self.num_features
            mean = x.mean(axes, keepdim=True)
            var = x.var(axes, correction=0, keepdim=True)
            new_mean = mean.data.reshape(-1)
            new_var = var.data.reshape(-1) * n / (n - 1)
            m = self.momentum
            self.running_mean.data = (self.running_mean.data * (1 - m) + new_mean * m).astype(self.running_mean.dtype)
            self.running_var.data = (self.running_var.data * (1 - m) + new_var * m).astype(self.running_var.dtype)
            self.num_batches_tracked += 1
        else:
            mean = self.running_mean.reshape(shape)
            var = self.running_var.reshape(shape)
        y = (x - mean) / (var + self.eps).sqrt()
        if self.affine:
            y = y * self.weight.reshape(shape) + self.bias.reshape(shape)
        return y


class BatchNorm2d(BatchNorm1d):
    pass


class Embedding(Module):
    def __init__(self, num_embeddings, embedding_dim):
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.weight = Parameter(np.random.randn(num_embeddings, embedding_dim).astype(np.float32))

    def forward(self, indices):
        indices = to_tensor(indices)
        for i in indices.data.flatten().tolist():
            if i < 0 or i >= self.num_embeddings:
                raise IndexError("there is no row " + str(i))
        return self.weight[indices]
