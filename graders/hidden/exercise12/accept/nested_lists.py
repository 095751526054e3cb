# lists of lists inside; the gradients are a list
# independent
import numpy as np


def zeros(n, c, h, w):
    return [[[[0.0] * w for _ in range(h)] for _ in range(c)] for _ in range(n)]


def surround(channel, padding):
    width = len(channel[0]) + 2 * padding
    empty = [[0.0] * width for _ in range(padding)]
    middle = [[0.0] * padding + row + [0.0] * padding for row in channel]
    return empty + middle + [list(row) for row in empty]


def conv2d(x, weight, bias=None, stride=1, padding=0):
    pictures = [[surround(channel, padding) for channel in picture] for picture in x.tolist()]
    kernels = weight.tolist()
    biases = [0.0] * len(kernels) if bias is None else bias.tolist()
    kh, kw = len(kernels[0][0]), len(kernels[0][0][0])
    tops = range(0, len(pictures[0][0]) - kh + 1, stride)
    lefts = range(0, len(pictures[0][0][0]) - kw + 1, stride)

    def number(picture, kernel, top, left):
        return sum(
            u * v
            for channel, layer in zip(picture, kernel)
            for row, line in zip(channel[top : top + kh], layer)
            for u, v in zip(row[left : left + kw], line)
        )

    return np.array(
        [[[[number(p, k, t, l) + b for l in lefts] for t in tops] for k, b in zip(kernels, biases)] for p in pictures]
    )


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    pictures = [[surround(channel, padding) for channel in picture] for picture in x.tolist()]
    n, channels, height, width = len(pictures), len(pictures[0]), len(pictures[0][0]), len(pictures[0][0][0])
    dx = zeros(n, channels, height, width)
    kernels = weight.tolist()
    dweight = zeros(*weight.shape)
    dbias = [0.0] * len(kernels)
    for p, results in enumerate(dy.tolist()):
        for o, result in enumerate(results):
            for i, row in enumerate(result):
                for j, d in enumerate(row):
                    dbias[o] += d
                    for c, layer in enumerate(kernels[o]):
                        for a, line in enumerate(layer):
                            for b, w in enumerate(line):
                                dx[p][c][i * stride + a][j * stride + b] += d * w
                                dweight[o][c][a][b] += d * pictures[p][c][i * stride + a][j * stride + b]
    inner = [
        [[row[padding : width - padding] for row in channel[padding : height - padding]] for channel in picture]
        for picture in dx
    ]
    return [np.array(inner), np.array(dweight), np.array(dbias)]


def max_pool2d(x, size, stride=None):
    if stride is None:
        stride = size
    return np.array(
        [
            [
                [
                    [
                        max(max(row[left : left + size]) for row in channel[top : top + size])
                        for left in range(0, len(channel[0]) - size + 1, stride)
                    ]
                    for top in range(0, len(channel) - size + 1, stride)
                ]
                for channel in picture
            ]
            for picture in x.tolist()
        ]
    )


def max_pool2d_gradient(dy, x, size, stride=None):
    if stride is None:
        stride = size
    pictures = x.tolist()
    dx = zeros(*x.shape)
    for p, results in enumerate(dy.tolist()):
        for c, result in enumerate(results):
            for i, row in enumerate(result):
                for j, d in enumerate(row):
                    cells = [
                        (pictures[p][c][h][w], h, w)
                        for h in range(i * stride, i * stride + size)
                        for w in range(j * stride, j * stride + size)
                    ]
                    _, h, w = max(cells)
                    dx[p][c][h][w] += d
    return np.array(dx)
