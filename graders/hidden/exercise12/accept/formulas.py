# the formulas of the README, word for word
# independent
import numpy as np


def conv2d(x, weight, bias=None, stride=1, padding=0):
    W, b_, s, p = weight, bias, stride, padding
    n_, C, height, width = x.shape
    O, _, kh, kw = W.shape
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    rows = (height + 2 * p - kh) // s + 1
    columns = (width + 2 * p - kw) // s + 1
    y = np.zeros((n_, O, rows, columns))
    for o in range(O):
        for i in range(rows):
            for j in range(columns):
                y[:, o, i, j] = 0 if b_ is None else b_[o]
                for c in range(C):
                    for a in range(kh):
                        for b in range(kw):
                            y[:, o, i, j] += W[o, c, a, b] * x[:, c, s * i + a, s * j + b]
    return y


def conv2d_gradient(dy, x, weight, stride=1, padding=0):
    W, s, p = weight, stride, padding
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    n_, C, H, Wd = x.shape
    O, _, kh, kw = W.shape
    _, _, rows, columns = dy.shape
    dW = np.zeros(W.shape)
    for o, c, a, b in np.ndindex(W.shape):
        for i in range(rows):
            for j in range(columns):
                dW[o, c, a, b] += (dy[:, o, i, j] * x[:, c, s * i + a, s * j + b]).sum()
    db = np.zeros(O)
    for o in range(O):
        for n in range(n_):
            for i in range(rows):
                for j in range(columns):
                    db[o] += dy[n, o, i, j]
    dx = np.zeros(x.shape)
    for h in range(H):
        for w in range(Wd):
            downs = [(i, a) for i in range(rows) for a in range(kh) if s * i + a == h]
            rights = [(j, b) for j in range(columns) for b in range(kw) if s * j + b == w]
            for i, a in downs:
                for j, b in rights:
                    for o in range(O):
                        for c in range(C):
                            dx[:, c, h, w] += dy[:, o, i, j] * W[o, c, a, b]
    return dx[:, :, p : H - p, p : Wd - p], dW, db


def max_pool2d(x, size, stride=None):
    if stride is None:
        stride = size
    n, channels, height, width = x.shape
    rows = (height - size) // stride + 1
    columns = (width - size) // stride + 1
    y = np.zeros((n, channels, rows, columns))
    for i in range(rows):
        for j in range(columns):
            y[:, :, i, j] = np.amax(x[:, :, stride * i : stride * i + size, stride * j : stride * j + size], (2, 3))
    return y


def max_pool2d_gradient(dy, x, size, stride=None):
    if stride is None:
        stride = size
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dy.shape):
        window = x[n, c, stride * i : stride * i + size, stride * j : stride * j + size]
        a, b = np.unravel_index(np.argmax(window), window.shape)
        dx[n, c, stride * i + a, stride * j + b] += dy[n, c, i, j]
    return dx
