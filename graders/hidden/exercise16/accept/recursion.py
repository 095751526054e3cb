# A recursion over the tokens; the gradient computes the forward pass again, and [h, 1, x] is one vector.
import numpy as np


def lstm_cell(x, h, c, W_x, W_h, b):
    W = np.concatenate([W_h, b[:, None], W_x], axis=1)
    u = np.concatenate([h, np.ones_like(h[:, :1]), x], axis=1)
    i, f, g, o = np.split(u @ W.T, 4, axis=1)
    c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    return np.tanh(c) / (1 + np.exp(-o)), c


def lstm(x, h0, c0, W_x, W_h, b):
    h, c = lstm_cell(x[0], h0, c0, W_x, W_h, b)
    if len(x) == 1:
        return h[None], h, c, (x, h0, c0, b)
    rest, last_h, last_c, _ = lstm(x[1:], h, c, W_x, W_h, b)
    return np.concatenate([h[None], rest]), last_h, last_c, (x, h0, c0, b)


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    x, h0, c0, b = cache
    h, c = lstm_cell(x[0], h0, c0, W_x, W_h, b)
    dx, dW_x, dW_h, db = x[:0], 0 * W_x, 0 * W_h, 0 * b
    if len(x) > 1:
        dx, dh, dc, dW_x, dW_h, db = lstm_gradient(doutputs[1:], dh, dc, (x[1:], h, c, b), W_x, W_h)
    dh = dh + doutputs[0]
    i, f, g, o = np.split(x[0] @ W_x.T + h0 @ W_h.T + b, 4, axis=1)
    i, f, g, o = 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f)), np.tanh(g), 1 / (1 + np.exp(-o))
    dc = dc + dh * o / np.cosh(c) ** 2
    dz = np.concatenate([dc * g * (i - i**2), dc * c0 * (f - f**2), dc * i * (1 - g**2), dh * h * (1 - o)], axis=1)
    grown = dW_x + dz.T @ x[0], dW_h + dz.T @ h0, db + dz.sum(axis=0)
    return np.concatenate([(dz @ W_x)[None], dx]), dz @ W_h, dc * f, *grown
