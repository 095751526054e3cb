# Windows as one view of the padded image, and all sums over them by einsum; the maximum of a window by argmax.
"""Convolution and pooling on sliding windows."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .functional import pair
from .tensor import as_tensor, record


def two(size):
    """A size as (height, width)."""
    return (size, size) if isinstance(size, int) else tuple(size)


def windows_of(x, kernel, stride, padding, dilation, value):
    """The padded images, and the view (…, h', w', kh, kw) of their windows."""
    (p, q), (d, e) = padding, dilation
    padded = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(p, p), (q, q)], constant_values=value)
    span = [d * (kernel[0] - 1) + 1, e * (kernel[1] - 1) + 1]
    if any(s > n for s, n in zip(span, padded.shape[-2:], strict=True)):
        raise RuntimeError(f"no window of shape {kernel} in images of shape {x.shape}")
    view = sliding_window_view(padded, span, axis=(-2, -1))
    return padded, view[..., :: stride[0], :: stride[1], ::d, ::e]


def put_back(parts, shape, stride, padding, dilation):
    """Add up (…, h', w', kh, kw) where the windows lie in images of this shape."""
    (p, q), (s, t), (d, e), (h, w, kh, kw) = padding, stride, dilation, parts.shape[-4:]
    out = np.zeros((*shape[:-2], shape[-2] + 2 * p, shape[-1] + 2 * q), parts.dtype)
    for i in range(kh):
        for j in range(kw):
            rows, columns = slice(i * d, i * d + s * h - s + 1, s), slice(j * e, j * e + t * w - t + 1, t)
            out[..., rows, columns] += parts[..., i, j]
    return out[..., p : p + shape[-2], q : q + shape[-1]]


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlation of images (n, c, h, w)."""
    x, weight = pair(as_tensor(x), weight)
    if x.ndim != 4 or x.shape[1] != weight.shape[1] * groups:
        raise RuntimeError(f"images of shape {x.shape} and weights of shape {weight.shape} do not fit")
    stride, padding, dilation = two(stride), two(padding), two(dilation)
    _, seen = windows_of(x.data, weight.shape[2:], stride, padding, dilation, 0)
    n, _, h, w, kh, kw = seen.shape
    seen = seen.reshape(n, groups, -1, h, w, kh, kw)
    kernels = weight.data.reshape(groups, -1, *weight.shape[1:])
    z = np.einsum("ngchwij,gocij->ngohw", seen, kernels, optimize=True).reshape(n, -1, h, w)

    def image(g):
        g = g.reshape(n, groups, -1, h, w)
        parts = np.einsum("ngohw,gocij->ngchwij", g, kernels, optimize=True)
        return put_back(parts.reshape(n, -1, h, w, kh, kw), x.shape, stride, padding, dilation)

    def kernel(g):
        g = g.reshape(n, groups, -1, h, w)
        return np.einsum("ngchwij,ngohw->gocij", seen, g, optimize=True).reshape(weight.shape)

    edges = [(x, image, weight), (weight, kernel, x)]
    if bias is not None:
        z = z + bias.data.reshape(-1, 1, 1)
        edges.append((bias, lambda g: np.einsum("nohw->o", g)))
    return record(z, *edges)


def max_pool2d(x, kernel, stride=None, padding=0, dilation=1, _ceil=False):
    """The largest of every window."""
    kernel, stride = two(kernel), two(kernel if stride is None else stride)
    padding, dilation = two(padding), two(dilation)
    _, seen = windows_of(x.data, kernel, stride, padding, dilation, -np.inf)
    flat = seen.reshape(*seen.shape[:-2], -1)
    place = flat.argmax(-1)[..., None]
    z = np.take_along_axis(flat, place, -1)[..., 0]
    shape = flat.shape

    def rule(g):
        parts = np.zeros(shape, g.dtype)
        np.put_along_axis(parts, place, g[..., None], -1)
        return put_back(parts.reshape(*shape[:-1], *kernel), x.shape, stride, padding, dilation)

    return record(z, (x, rule))


def avg_pool2d(x, kernel, stride=None, padding=0, _ceil=False, count_include_pad=True, _divisor=None):
    """The mean of every window."""
    kernel, stride, padding = two(kernel), two(kernel if stride is None else stride), two(padding)
    _, seen = windows_of(x.data, kernel, stride, padding, (1, 1), 0)
    _, counted = windows_of(np.ones_like(x.data), kernel, stride, padding, (1, 1), float(count_include_pad))
    count = counted.sum((-2, -1))

    def rule(g):
        parts = np.broadcast_to((g / count)[..., None, None], (*g.shape, *kernel))
        return put_back(parts, x.shape, stride, padding, (1, 1))

    return record(seen.sum((-2, -1)) / count, (x, rule))
