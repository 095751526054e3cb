# A loop over the places, all samples at once; equal maxima share the gradient.
import numpy as np


def conv2d(x, weight, bias=None, stride=1, padding=0):
    kh, kw = weight.shape[2:]
    padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding), x.dtype)
    padded[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]] = x
    rows = range(0, padded.shape[2] - kh + 1, stride)
    columns = range(0, padded.shape[3] - kw + 1, stride)
    y = [
        [np.tensordot(padded[:, :, i : i + kh, j : j + kw], weight, ([1, 2, 3], [1, 2, 3])) for j in columns]
        for i in rows
    ]
    y = np.array(y).transpose(2, 3, 0, 1)
    return y if bias is None else y + bias.reshape(1, -1, 1, 1)


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    kh, kw = weight.shape[2:]
    height, width = x.shape[2:]
    padded = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    dpadded = np.zeros_like(padded)
    dweight = np.zeros_like(weight)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            rows, columns = slice(i * stride, i * stride + kh), slice(j * stride, j * stride + kw)
            dpadded[:, :, rows, columns] += np.tensordot(dy[:, :, i, j], weight, 1)
            dweight += np.tensordot(dy[:, :, i, j].T, padded[:, :, rows, columns], 1)
    dx = dpadded[:, :, padding : padding + height, padding : padding + width]
    return dx, dweight, dy.sum(axis=0).sum(axis=-1).sum(axis=-1)


def max_pool2d(x, size, stride=None):
    stride = size if stride is None else stride
    rows = range(0, x.shape[2] - size + 1, stride)
    columns = range(0, x.shape[3] - size + 1, stride)
    y = [[np.amax(x[:, :, i : i + size, j : j + size], axis=(2, 3)) for j in columns] for i in rows]
    return np.moveaxis(np.array(y), (0, 1), (2, 3))


def max_pool2d_gradient(dy, x, size, stride=None):
    stride = size if stride is None else stride
    dx = np.zeros_like(x)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            place = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
            mask = (x[place] == x[place].max(axis=(2, 3), keepdims=True)).astype(x.dtype)
            dx[place] += mask / mask.sum(axis=(2, 3), keepdims=True) * dy[:, :, i, j, None, None]
    return dx
