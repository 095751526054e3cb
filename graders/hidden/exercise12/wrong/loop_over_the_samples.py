# A Python loop goes through the samples: operations on the whole batch are much faster.
# task: speed
import numpy as np


def conv2d(x, weight, bias=None, stride=1, padding=0):
    kh, kw = weight.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    y = np.zeros((len(x), len(weight), rows, columns), x.dtype)
    for n in range(len(x)):
        for i in range(rows):
            for j in range(columns):
                window = x[n, :, stride * i : stride * i + kh, stride * j : stride * j + kw]
                y[n, :, i, j] = np.tensordot(weight, window, 3)
    return y if bias is None else y + bias[:, None, None]


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    kh, kw = weight.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for n, o, i, j in np.ndindex(dy.shape):
        place = n, slice(None), slice(stride * i, stride * i + kh), slice(stride * j, stride * j + kw)
        dx[place] += dy[n, o, i, j] * weight[o]
        dweight[o] += dy[n, o, i, j] * x[place]
    height, width = x.shape[2:]
    return dx[:, :, padding : height - padding, padding : width - padding], dweight, dy.sum(axis=(0, 2, 3))


def max_pool2d(x, size, stride=None):
    stride = stride or size
    rows, columns = (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1
    y = np.zeros((*x.shape[:2], rows, columns), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        y[n, c, i, j] = x[n, c, stride * i : stride * i + size, stride * j : stride * j + size].max()
    return y


def max_pool2d_gradient(dy, x, size, stride=None):
    stride = stride or size
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        window = x[n, c, stride * i : stride * i + size, stride * j : stride * j + size]
        a, b = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, stride * i + a, stride * j + b] += dy[n, c, i, j]
    return dx
