"""Convolution and pooling of images (n, c, h, w), or of one image (c, h, w).

Over all windows, position (i, j) of the kernel meets one regular grid of the padded image, roughly
x[…, i::stride, j::stride]. Operations loop over these few grids, never over the many windows.
"""

import numpy as np

from .backend import namespace
from .functional import blank, pair
from .tensor import OUTPUT, as_tensor, record

COLUMNS = 2**19  # maximal number of elements in a matrix of windows


class Windows:
    """The positions of a kernel's windows in images of a given shape.

    `size` is the number of windows, (h', w'). Iteration yields (i, j, grid), where grid is an index into padded images.
    With `ceil`, one more window may reach beyond the padding if it begins before it; the padded images then have more
    padding below and on the right.
    """

    def __init__(self, name, shape, kernel, stride, padding, dilation=1, ceil=False):
        self.kernel, self.stride, self.padding, self.dilation = map(two, (kernel, stride, padding, dilation))
        if min(*self.kernel, *self.stride, *self.dilation) < 1 or min(self.padding) < 0:
            raise RuntimeError(f"{name}: kernel, stride and dilation must be at least 1, and padding at least 0")
        self.image = tuple(shape[-2:])
        padded = [n + 2 * p for n, p in zip(self.image, self.padding, strict=True)]
        spans = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]
        self.size = tuple((n - m) // s + 1 for n, m, s in zip(padded, spans, self.stride, strict=True))
        if ceil:
            ends = zip(self.image, self.padding, padded, spans, self.stride, self.size, strict=True)
            self.size = tuple(k + ((q - m) % s > 0 and k * s < n + p) for n, p, q, m, s, k in ends)
            reached = [(k - 1) * s + m for k, s, m in zip(self.size, self.stride, spans, strict=True)]
            padded = map(max, padded, reached)
        self.padded = (*shape[:-2], *padded)
        self.apart = all(m <= s for m, s in zip(spans, self.stride, strict=True))  # whether windows don't overlap
        if min(self.size) < 1:
            raise RuntimeError(
                f"{name}: a window of shape {self.kernel} doesn't fit into an input of shape {tuple(shape)}"
            )

    def __iter__(self):
        (kh, kw), (dh, dw), (sh, sw), (h, w) = self.kernel, self.dilation, self.stride, self.size
        for i in range(kh):
            for j in range(kw):
                top, left = i * dh, j * dw
                yield i, j, (..., slice(top, top + sh * (h - 1) + 1, sh), slice(left, left + sw * (w - 1) + 1, sw))

    def inside(self, padded):
        """Return the part of padded images without the padding, a view."""
        (p, q), (h, w) = self.padding, self.image
        return padded[..., p : p + h, q : q + w]

    def pad(self, x, value=0.0):
        """Return the images with a border of `value`, or x itself if there is no padding."""
        if self.padded[-2:] == self.image:
            return x
        out = namespace(x).full((*x.shape[:-2], *self.padded[-2:]), value, x.dtype)
        self.inside(out)[...] = x
        return out

    def columns(self, x, groups):
        """Return all windows of padded images as columns of a matrix per group: (groups, c/groups kh kw, n h' w')."""
        (n, c), (a, b, s, t) = x.shape[:2], x.strides
        (dh, dw), (sh, sw) = self.dilation, self.stride
        view = namespace(x).lib.stride_tricks.as_strided(
            x, (c, *self.kernel, n, *self.size), (b, s * dh, t * dw, a, s * sh, t * sw)
        )
        return view.reshape(groups, -1, n * self.size[0] * self.size[1])

    def fold(self, columns, n):
        """The transpose of `columns`: add each column to where it came from in padded images (n, c, h, w)."""
        columns = columns.reshape(-1, *self.kernel, n, *self.size).swapaxes(0, 3)
        out = namespace(columns).zeros((n, columns.shape[3], *self.padded[-2:]), columns.dtype)
        for i, j, grid in self:
            out[grid] += columns[:, i, j]
        return out


def two(size):
    """Return a size as (height, width); an int means both. ValueError unless there are two."""
    height, width = size if isinstance(size, (tuple, list)) else (size, size)
    return height, width


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlation: x (n, c, h, w), weight (out, c/groups, kh, kw), bias (out,) or None -> (n, out, h', w').

    Multiplies the weights, as rows, by the windows, as columns, for as many images at once as COLUMNS elements allow.
    If that is all images, the columns are kept for backward. Otherwise backward computes them again, because they are
    kh kw times as large as the images. RuntimeError with both shapes if x and weight don't fit.
    """
    x = as_tensor(x)
    if x.ndim == 3:
        return conv2d(x.unsqueeze(0), weight, bias, stride, padding, dilation, groups).squeeze(0)
    x, weight = pair(x, weight)
    X, W = x.data, weight.data
    if X.ndim != 4 or X.shape[1] != W.shape[1] * groups:
        raise RuntimeError(
            f"conv2d: input of shape {X.shape} and weight of shape {W.shape}, groups={groups}, do not fit"
        )
    n, out, xp = len(X), len(W), namespace(X)
    windows = Windows("conv2d", X.shape, W.shape[2:], stride, padding, dilation)
    rows = W.reshape(groups, out // groups, -1)
    step = max(1, COLUMNS // max(1, windows.size[0] * windows.size[1] * W[0].size * groups))
    parts = [slice(i, i + step) for i in range(0, n, step)]

    def columns_of(part):
        return windows.columns(windows.pad(X[part]), groups) if kept is None else kept

    kept = None
    if len(parts) == 1:
        kept = columns_of(parts[0])
    z = xp.empty((n, out, *windows.size), X.dtype)
    for part in parts:
        product = rows @ columns_of(part)
        product = product.reshape(out, -1, *windows.size).swapaxes(0, 1)
        if bias is None:
            z[part] = product
        else:
            np.add(product, bias.data[:, None, None], out=z[part])

    def as_rows(g):  # (n, out, h', w') as the matrix of `product`
        return g.swapaxes(0, 1).reshape(groups, out // groups, -1)

    def rule_x(g):
        d = xp.empty(X.shape, g.dtype)
        for part in parts:
            columns = rows.swapaxes(1, 2) @ as_rows(g[part])
            d[part] = windows.inside(windows.fold(columns, len(d[part])))
        return d

    def rule_weight(g):
        d = xp.zeros((groups, rows.shape[2], rows.shape[1]), g.dtype)  # transposed, which is faster in BLAS
        for part in parts:
            d += columns_of(part) @ as_rows(g[part]).swapaxes(1, 2)
        return d.swapaxes(1, 2).reshape(W.shape)

    edges = [(x, rule_x, weight), (weight, rule_weight, x)]
    if bias is not None:
        edges.append((bias, lambda g: g.sum((0, 2, 3))))
    return record(z, *edges)


def _pooling(name, x, kernel, stride, padding, dilation=1, ceil=False):
    """Return the windows for pooling. RuntimeError if the padding exceeds half the kernel, or x isn't an image."""
    if x.ndim < 3:
        raise RuntimeError(f"{name}: expected images (…, h, w), got an input of shape {x.shape}")
    if any(2 * p > k for p, k in zip(two(padding), two(kernel), strict=True)):
        raise RuntimeError(f"{name}: padding {padding} is more than half of the kernel {kernel}")
    return Windows(name, x.shape, kernel, kernel if stride is None else stride, padding, dilation, ceil)


def max_pool2d(x, kernel, stride=None, padding=0, dilation=1, ceil=False):
    """Maximum of every window, (…, h, w) -> (…, h', w'); the first one gets the gradient. Default stride: kernel."""
    x = as_tensor(x)
    windows = _pooling("max_pool2d", x, kernel, stride, padding, dilation, ceil)
    X = windows.pad(x.data, -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
    first, *others = (X[grid] for _, _, grid in windows)
    z = first.copy()
    for other in others:
        np.maximum(z, other, out=z)

    def rule(g):
        d = blank(g, X.shape)
        free = namespace(g).ones(g.shape, bool)  # windows whose maximum hasn't been found yet
        for i, j, grid in windows:
            last = (i + 1, j + 1) == windows.kernel
            here = free if last else np.logical_and(X[grid] == z, free)
            free = free ^ here
            if windows.apart:
                np.multiply(g, here, out=d[grid])
            else:
                d[grid] += g * here
        return windows.inside(d)

    return record(z, (x, rule, x, OUTPUT))


def avg_pool2d(x, kernel, stride=None, padding=0, ceil=False, count_include_pad=True, divisor=None):
    """Mean of every window, (…, h, w) -> (…, h', w'), with or without the padding's zeros. Default stride: kernel.

    `divisor`: what to divide the sum of every window by, instead of the number of its elements.
    """
    x = as_tensor(x)
    windows = _pooling("avg_pool2d", x, kernel, stride, padding, ceil=ceil)
    X, xp = windows.pad(x.data), namespace(x.data)
    (p, q), (h, w) = windows.padding, windows.image
    counted = np.s_[: h + 2 * p, : w + 2 * q] if count_include_pad else np.s_[p : p + h, q : q + w]
    weight = xp.zeros(windows.padded[-2:], X.dtype)
    weight[counted] = 1
    share = 1 / (divisor or sum(weight[grid] for _, _, grid in windows))
    z = sum(X[grid] for _, _, grid in windows) * share
    shape = X.shape

    def rule(g):
        d = blank(g, shape)
        g = g * share
        for _, _, grid in windows:
            d[grid] += g
        return windows.inside(d)

    return record(z, (x, rule))
