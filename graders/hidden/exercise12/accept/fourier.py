# The Fourier transform: a correlation is a product of one transform and the conjugate of the other.
# core only
import numpy as np


def correlate(x, weight, shape):
    """Return the circular correlation, summed over channels: (n, c, h, w), (o, c, kh, kw) → (n, o, h, w)."""
    X, W = np.fft.rfft2(x, shape), np.fft.rfft2(weight, shape)
    return np.fft.irfft2(np.einsum("nchw,ochw->nohw", X, W.conj()), shape)


def conv2d(x, weight, bias=None, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    h, w = x.shape[2] - weight.shape[2] + 1, x.shape[3] - weight.shape[3] + 1
    y = correlate(x, weight, x.shape[2:])[:, :, :h:stride, :w:stride]
    return y if bias is None else y + bias[:, None, None]


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    shape, (kh, kw) = padded.shape[2:], weight.shape[2:]
    full = np.zeros((*dy.shape[:2], shape[0] - kh + 1, shape[1] - kw + 1))
    full[:, :, ::stride, ::stride] = dy
    dweight = correlate(padded.swapaxes(0, 1), full.swapaxes(0, 1), shape)[:, :, :kh, :kw].swapaxes(0, 1)
    D, W = np.fft.rfft2(full, shape), np.fft.rfft2(weight, shape)
    dx = np.fft.irfft2(np.einsum("nohw,ochw->nchw", D, W), shape)
    return dx[:, :, padding : shape[0] - padding, padding : shape[1] - padding], dweight, dy.sum((0, 2, 3))


def max_pool2d(x, size, stride=None):
    stride = stride or size
    rows = np.stack([x[:, :, i : i + size].max(axis=2) for i in range(0, x.shape[2] - size + 1, stride)], axis=2)
    return np.stack([rows[..., j : j + size].max(axis=3) for j in range(0, x.shape[3] - size + 1, stride)], axis=3)


def max_pool2d_gradient(dy, x, size, stride=None):
    stride, dx = stride or size, np.zeros(x.shape)
    for (n, c, i, j), d in np.ndenumerate(dy):
        window = x[n, c, stride * i :, stride * j :][:size, :size]
        dx[n, c, stride * i :, stride * j :][:size, :size][window == window.max()] += d
    return dx
