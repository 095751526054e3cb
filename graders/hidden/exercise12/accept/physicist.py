# every sum as a loop, one number at a time
# independent
import numpy as np


def conv2d(x, weight, bias=None, stride=1, padding=0):
    N, C, H, W = x.shape
    O, _, A, B = weight.shape
    R = (H + 2 * padding - A) // stride + 1
    S = (W + 2 * padding - B) // stride + 1
    y = np.zeros((N, O, R, S))
    for n in range(N):
        for o in range(O):
            for i in range(R):
                for j in range(S):
                    total = 0.0 if bias is None else bias[o]
                    for c in range(C):
                        for a in range(A):
                            for b in range(B):
                                h = stride * i + a - padding
                                w = stride * j + b - padding
                                if 0 <= h < H and 0 <= w < W:
                                    total += weight[o, c, a, b] * x[n, c, h, w]
                    y[n, o, i, j] = total
    return y


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    N, C, H, W = x.shape
    O, _, A, B = weight.shape
    _, _, R, S = dy.shape
    dx = np.zeros(x.shape)
    dweight = np.zeros(weight.shape)
    dbias = np.zeros(O)
    for n in range(N):
        for o in range(O):
            for i in range(R):
                for j in range(S):
                    dbias[o] += dy[n, o, i, j]
                    for c in range(C):
                        for a in range(A):
                            for b in range(B):
                                h = stride * i + a - padding
                                w = stride * j + b - padding
                                if 0 <= h < H and 0 <= w < W:
                                    dx[n, c, h, w] += dy[n, o, i, j] * weight[o, c, a, b]
                                    dweight[o, c, a, b] += dy[n, o, i, j] * x[n, c, h, w]
    return dx, dweight, dbias


def max_pool2d(x, size, stride=None):
    s = size if stride is None else stride
    N, C, H, W = x.shape
    y = np.full((N, C, (H - size) // s + 1, (W - size) // s + 1), -np.inf)
    for n, c, i, j in np.ndindex(y.shape):
        for a in range(size):
            for b in range(size):
                y[n, c, i, j] = max(y[n, c, i, j], x[n, c, s * i + a, s * j + b])
    return y


def max_pool2d_gradient(dy, x, size, stride=None):
    s = size if stride is None else stride
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dy.shape):
        best, where = -np.inf, None
        for a in range(size):
            for b in range(size):
                if x[n, c, s * i + a, s * j + b] > best:
                    best, where = x[n, c, s * i + a, s * j + b], (s * i + a, s * j + b)
        dx[n, c, where[0], where[1]] += dy[n, c, i, j]
    return dx
