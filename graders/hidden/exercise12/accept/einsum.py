# every sum is an einsum over a view of all windows; equal maxima share
# independent
import numpy as np
from numpy.lib.stride_tricks import as_strided


def windows(x, kh, kw, s, writeable=False):
    """All places of a window: a view of shape (n, c, rows, columns, kh, kw)."""
    n, c, h, w = x.shape
    sn, sc, sh, sw = x.strides
    shape = n, c, (h - kh) // s + 1, (w - kw) // s + 1, kh, kw
    return as_strided(x, shape, (sn, sc, sh * s, sw * s, sh, sw), writeable=writeable)


def padded(x, p):
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))


def conv2d(x, weight, bias=None, stride=1, padding=0):
    y = np.einsum("ncijab,ocab->noij", windows(padded(x, padding), *weight.shape[2:], stride), weight)
    if bias is not None:
        y = y + np.einsum("o,noij->noij", bias, np.ones_like(y))
    return y


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    big = padded(x, padding)
    n, c, h, w = big.shape
    _, _, kh, kw = weight.shape
    _, _, rows, columns = dy.shape
    down = (stride * np.arange(rows)[:, None, None] + np.arange(kh)[:, None] == np.arange(h)).astype(dy.dtype)
    right = (stride * np.arange(columns)[:, None, None] + np.arange(kw)[:, None] == np.arange(w)).astype(dy.dtype)
    dbig = np.einsum("noij,ocab,iah,jbw->nchw", dy, weight, down, right, optimize=True)
    dweight = np.einsum("noij,ncijab->ocab", dy, windows(big, kh, kw, stride))
    dbias = np.einsum("noij->o", dy)
    height, width = x.shape[2:]
    return dbig[:, :, padding : padding + height, padding : padding + width], dweight, dbias


def max_pool2d(x, size, stride=None):
    return np.max(windows(x, size, size, stride or size), axis=(-2, -1))


def max_pool2d_gradient(dy, x, size, stride=None):
    s = stride or size
    view = windows(x, size, size, s)
    mask = (view == view.max(axis=(-2, -1), keepdims=True)).astype(dy.dtype)
    mask = np.einsum("ncijab,ncij->ncijab", mask, 1 / np.einsum("ncijab->ncij", mask))
    dx = np.zeros(x.shape, x.dtype)
    for a in range(size):
        for b in range(size):
            i, j = dy.shape[2:]
            dx[:, :, a : a + s * i : s, b : b + s * j : s] += np.einsum("ncij,ncij->ncij", mask[..., a, b], dy)
    return dx
