# sliding_window_view and einsum; dx as a convolution of the spread dy with the flipped kernel.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(x, kh, kw, stride):
    return sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]


def conv2d(x, weight, bias=None, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    y = np.einsum("ncijab,ocab->noij", windows(x, *weight.shape[2:], stride), weight)
    return y if bias is None else y + bias[None, :, None, None]


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    n, channels_out, rows, columns = dy.shape
    kh, kw = weight.shape[2:]
    height, width = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dweight = np.einsum("noij,ncijab->ocab", dy, windows(padded, kh, kw, stride))
    spread = np.zeros((n, channels_out, height + 2 * padding + kh - 1, width + 2 * padding + kw - 1), dy.dtype)
    spread[:, :, kh - 1 : kh - 1 + stride * rows : stride, kw - 1 : kw - 1 + stride * columns : stride] = dy
    dx = conv2d(spread, weight[:, :, ::-1, ::-1].swapaxes(0, 1))
    return dx[:, :, padding : padding + height, padding : padding + width], dweight, np.einsum("noij->o", dy)


def max_pool2d(x, size, stride=None):
    return windows(x, size, size, stride or size).max(axis=(-2, -1))


def max_pool2d_gradient(dy, x, size, stride=None):
    y = max_pool2d(x, size, stride)
    dx = np.zeros_like(x)
    view = sliding_window_view(dx, (size, size), axis=(2, 3), writeable=True)[
        :, :, :: stride or size, :: stride or size
    ]
    mask = windows(x, size, size, stride or size) == y[..., None, None]
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            view[:, :, i, j] += mask[:, :, i, j] * dy[:, :, i, j, None, None]
    return dx
