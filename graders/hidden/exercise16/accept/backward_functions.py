# The cache is a list of functions, each of which takes the gradient back through one step.
import numpy as np


def split(z):
    H = z.shape[-1] // 4
    s = 0.5 * np.tanh(0.5 * z) + 0.5
    return s[:, :H], s[:, H : 2 * H], np.tanh(z[:, 2 * H : 3 * H]), s[:, 3 * H :]


def forward(x, h, c, W_x, W_h, b):
    i, f, g, o = split(x @ W_x.T + h @ W_h.T + b)
    new_c = f * c + i * g
    squashed = np.tanh(new_c)

    def backward(dh, dc):
        dc = dc + dh * o * (1 - squashed**2)
        dz = np.hstack([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * squashed * o * (1 - o)])
        return dz @ W_x, dz @ W_h, dc * f, dz.T @ x, dz.T @ h, dz.sum(0)

    return o * squashed, new_c, backward


def lstm_cell(*arguments):
    h, c, _ = forward(*arguments)
    return h, c


def lstm(x, h, c, W_x, W_h, b):
    outputs, cache = [], []
    for token in x:
        h, c, backward = forward(token, h, c, W_x, W_h, b)
        outputs.append(h)
        cache.append(backward)
    return np.stack(outputs), h, c, cache


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    dx, sums = [None] * len(cache), [0, 0, 0]
    for t in reversed(range(len(cache))):
        dx[t], dh, dc, *shares = cache[t](dh + doutputs[t], dc)
        sums = [total + share for total, share in zip(sums, shares, strict=True)]
    return np.stack(dx), dh, dc, *sums
