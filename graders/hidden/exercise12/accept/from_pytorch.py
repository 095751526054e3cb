# ported from PyTorch: unfold, one matrix product, fold
# independent
import numpy as np


def _unfold(x, kernel_size, stride, padding):
    """im2col: (N, C, H, W) -> (N, C * kh * kw, L)."""
    N, C, H, W = x.shape
    kh, kw = kernel_size
    oh, ow = (H + 2 * padding - kh) // stride + 1, (W + 2 * padding - kw) // stride + 1
    x = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    h = np.arange(kh).repeat(kw)[:, None] + stride * np.arange(oh).repeat(ow)
    w = np.tile(np.arange(kw), kh)[:, None] + stride * np.tile(np.arange(ow), oh)
    return x[:, :, h, w].reshape(N, C * kh * kw, oh * ow), (oh, ow), (h, w)


def _fold(columns, shape, index, padding):
    """col2im."""
    N, C, H, W = shape
    h, w = index
    out = np.zeros((N, C, H + 2 * padding, W + 2 * padding), dtype=columns.dtype)
    np.add.at(out, (slice(None), slice(None), h, w), columns.reshape(N, C, *h.shape))
    return out[:, :, padding : H + padding, padding : W + padding]


def conv2d(x, weight, bias=None, stride=1, padding=0):
    columns, (oh, ow), _ = _unfold(x, weight.shape[2:], stride, padding)
    out = weight.reshape(weight.shape[0], -1) @ columns
    if bias is not None:
        out += bias[:, None]
    return out.reshape(x.shape[0], weight.shape[0], oh, ow)


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    grad_output = dy.reshape(dy.shape[0], dy.shape[1], -1)
    columns, _, index = _unfold(x, weight.shape[2:], stride, padding)
    flat = weight.reshape(weight.shape[0], -1)
    grad_input = _fold(flat.T @ grad_output, x.shape, index, padding)
    grad_weight = (grad_output @ columns.transpose(0, 2, 1)).sum(axis=0).reshape(weight.shape)
    grad_bias = grad_output.sum(axis=(0, 2))
    return grad_input, grad_weight, grad_bias


def _max_pool2d_with_indices(x, size, stride):
    N, C, H, W = x.shape
    columns, (oh, ow), (h, w) = _unfold(x.reshape(N * C, 1, H, W), (size, size), stride, 0)
    best = columns.argmax(axis=1)
    out = np.take_along_axis(columns, best[:, None], axis=1).reshape(N, C, oh, ow)
    place = np.arange(h.shape[1])
    return out, h[best, place] * W + w[best, place]


def max_pool2d(x, size, stride=None):
    return _max_pool2d_with_indices(x, size, size if stride is None else stride)[0]


def max_pool2d_gradient(dy, x, size, stride=None):
    N, C, H, W = x.shape
    _, indices = _max_pool2d_with_indices(x, size, size if stride is None else stride)
    grad_input = np.zeros((N * C, H * W), dtype=dy.dtype)
    np.add.at(grad_input, (np.arange(N * C)[:, None], indices), dy.reshape(N * C, -1))
    return grad_input.reshape(x.shape)
