# The window and the kernel are flattened in different orders: put the channel first in both.
# task: convolution
import numpy as np


def conv2d(x, weight, bias=None, stride=1, padding=0):
    kh, kw = weight.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))).transpose(0, 2, 3, 1)
    rows, columns = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    y = np.zeros((len(x), len(weight), rows, columns), x.dtype)
    for i in range(rows):
        for j in range(columns):
            window = x[:, stride * i : stride * i + kh, stride * j : stride * j + kw]
            y[:, :, i, j] = window.reshape(len(x), -1) @ weight.reshape(len(weight), -1).T
    return y if bias is None else y + bias[:, None, None]


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    kh, kw = weight.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))).transpose(0, 2, 3, 1)
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            place = slice(None), slice(stride * i, stride * i + kh), slice(stride * j, stride * j + kw)
            dweight += (dy[:, :, i, j].T @ x[place].reshape(len(x), -1)).reshape(weight.shape)
            dx[place] += (dy[:, :, i, j] @ weight.reshape(len(weight), -1)).reshape(x[place].shape)
    dx = dx[:, padding : dx.shape[1] - padding, padding : dx.shape[2] - padding].transpose(0, 3, 1, 2)
    return dx, dweight, dy.sum(axis=(0, 2, 3))


def max_pool2d(x, size, stride=None):
    stride = stride or size
    rows, columns = (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1
    y = np.zeros((*x.shape[:2], rows, columns), x.dtype)
    for i in range(rows):
        for j in range(columns):
            y[:, :, i, j] = x[:, :, stride * i : stride * i + size, stride * j : stride * j + size].max(axis=(2, 3))
    return y


def max_pool2d_gradient(dy, x, size, stride=None):
    stride, y, dx = stride or size, max_pool2d(x, size, stride), np.zeros_like(x)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            place = ..., slice(stride * i, stride * i + size), slice(stride * j, stride * j + size)
            dx[place] += (x[place] == y[:, :, i : i + 1, j : j + 1]) * dy[:, :, i : i + 1, j : j + 1]
    return dx
