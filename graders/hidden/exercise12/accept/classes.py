# Classes with forward and backward, as in PyTorch; pooling by sorting, in float64.
# core only
import numpy as np


class Conv2d:
    def __init__(self, weight, bias, stride, padding):
        self.weight = weight
        self.bias = np.zeros(weight.shape[0]) if bias is None else bias
        self.stride, self.padding = stride, padding

    def windows(self):
        kh, kw = self.weight.shape[2:]
        for i, top in enumerate(range(0, self.x.shape[2] - kh + 1, self.stride)):
            for j, left in enumerate(range(0, self.x.shape[3] - kw + 1, self.stride)):
                yield i, j, slice(top, top + kh), slice(left, left + kw)

    def forward(self, x):
        p = self.padding
        self.x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        found = {
            (i, j): np.einsum("ncab,ocab->no", self.x[:, :, rows, columns], self.weight) + self.bias
            for i, j, rows, columns in self.windows()
        }
        y = np.zeros((*found[0, 0].shape, *(1 + last for last in max(found))))
        for (i, j), value in found.items():
            y[:, :, i, j] = value
        return y

    def backward(self, dy):
        p = self.padding
        dx, self.dweight = np.zeros(self.x.shape), np.zeros(self.weight.shape)
        self.dbias = dy.sum(axis=(0, 2, 3))
        for i, j, rows, columns in self.windows():
            d = dy[:, :, i, j]
            self.dweight += (d[:, :, None, None, None] * self.x[:, None, :, rows, columns]).sum(axis=0)
            dx[:, :, rows, columns] += (d[:, :, None, None, None] * self.weight).sum(axis=1)
        return dx[:, :, p:-p, p:-p] if p else dx


class MaxPool2d:
    def __init__(self, size, stride):
        self.size, self.stride = size, stride if stride is not None else size

    def forward(self, x):
        self.x = x
        height, width = x.shape[2:]
        self.tops = range(0, height - self.size + 1, self.stride)
        self.lefts = range(0, width - self.size + 1, self.stride)
        y = np.zeros((*x.shape[:2], len(self.tops), len(self.lefts)))
        for i, top in enumerate(self.tops):
            for j, left in enumerate(self.lefts):
                window = x[:, :, top : top + self.size, left : left + self.size]
                y[:, :, i, j] = np.sort(window.reshape(*x.shape[:2], -1))[..., -1]
        return y

    def backward(self, dy):
        y = self.forward(self.x)
        dx = np.zeros(self.x.shape)
        for i, top in enumerate(self.tops):
            for j, left in enumerate(self.lefts):
                window = self.x[:, :, top : top + self.size, left : left + self.size]
                is_max = window == y[:, :, i, j][:, :, None, None]
                dx[:, :, top : top + self.size, left : left + self.size] += is_max * dy[:, :, i, j][:, :, None, None]
        return dx


def conv2d(x, weight, bias=None, stride=1, padding=0):
    return Conv2d(weight, bias, stride, padding).forward(x)


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    layer = Conv2d(weight, None, stride, padding)
    layer.forward(x)
    dx = layer.backward(dy)
    return dx, layer.dweight, layer.dbias


def max_pool2d(x, size, stride=None):
    return MaxPool2d(size, stride).forward(x)


def max_pool2d_gradient(dy, x, size, stride=None):
    pool = MaxPool2d(size, stride)
    pool.forward(x)
    return pool.backward(dy)
