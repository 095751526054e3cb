# Both gradients as calls of conv2d; pooling by recursion over rows, then columns.
# without: speed
import numpy as np


def conv2d(x, weight, bias=None, stride=1, padding=0):
    if len(x) > 1:
        return np.concatenate(
            [conv2d(x[:1], weight, bias, stride, padding), conv2d(x[1:], weight, bias, stride, padding)]
        )
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    kh, kw = weight.shape[2:]
    full = sum(
        np.einsum(
            "oc,nchw->nohw", weight[:, :, a, b], x[:, :, a : x.shape[2] - kh + 1 + a, b : x.shape[3] - kw + 1 + b]
        )
        for a in range(kh)
        for b in range(kw)
    )
    y = full[:, :, ::stride, ::stride]
    return y if bias is None else (y.swapaxes(1, 3) + bias).swapaxes(1, 3)


def spread(dy, stride):
    n, o, rows, columns = dy.shape
    wide = np.zeros((n, o, stride * (rows - 1) + 1, stride * (columns - 1) + 1), dy.dtype)
    wide[:, :, ::stride, ::stride] = dy
    return wide


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    (height, width), (kh, kw) = x.shape[2:], weight.shape[2:]
    dy_wide = spread(dy, stride)
    dweight = conv2d(x.transpose(1, 0, 2, 3), dy_wide.transpose(1, 0, 2, 3), None, 1, padding)
    dweight = dweight.transpose(1, 0, 2, 3)[:, :, :kh, :kw]
    below = height + 2 * padding - kh + 1 - dy_wide.shape[2]
    right = width + 2 * padding - kw + 1 - dy_wide.shape[3]
    dy_full = np.pad(dy_wide, ((0, 0), (0, 0), (kh - 1, kh - 1 + below), (kw - 1, kw - 1 + right)))
    dx = conv2d(dy_full, np.flip(weight, (2, 3)).transpose(1, 0, 2, 3))
    return dx[:, :, padding : padding + height, padding : padding + width], dweight, np.einsum("noij->o", dy)


def max_pool2d(x, size, stride=None):
    stride = size if stride is None else stride

    def along(x, k):  # the maximum of k neighbours in the last axis
        return x if k == 1 else np.maximum(x[..., :-1], x[..., 1:]) if k == 2 else along(along(x, 2), k - 1)

    rows = along(x.swapaxes(2, 3), size)[..., ::stride].swapaxes(2, 3)
    return along(rows, size)[..., ::stride]


def max_pool2d_gradient(dy, x, size, stride=None):
    stride = size if stride is None else stride
    y, dx = max_pool2d(x, size, stride), np.zeros_like(x)
    for (n, c, i, j), d in np.ndenumerate(dy):
        rows, columns = np.nonzero(x[n, c] == y[n, c, i, j])  # the number may occur outside the window, too
        for row, column in zip(rows, columns, strict=True):
            if 0 <= row - stride * i < size and 0 <= column - stride * j < size:
                dx[n, c, row, column] += d
                break
    return dx
