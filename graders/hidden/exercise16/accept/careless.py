# The caller's arrays are changed in place, and everything is float64.
# core only
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def lstm_cell(x, h, c, W_x, W_h, b):
    z = np.dot(x, W_x.T)
    z += np.dot(h, W_h.T)
    z += b
    i, f, g, o = np.array_split(z, 4, axis=1)
    c *= sigmoid(f)
    c += sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def lstm(x, h0, c0, W_x, W_h, b):
    outputs = np.zeros((len(x),) + h0.shape)
    cache = []
    h, c = h0, c0
    for t in range(len(x)):
        z = x[t] @ W_x.T + h @ W_h.T + b
        cache.append([x[t], h, c.copy(), z])
        h, c = lstm_cell(x[t], h, c, W_x, W_h, b)
        outputs[t] = h
    return [outputs, h, c, cache]


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    n_hidden = dh.shape[1]
    dx = np.zeros((len(doutputs), len(dh), W_x.shape[1]))
    dW_x, dW_h, db = np.zeros(W_x.shape), np.zeros(W_h.shape), np.zeros(4 * n_hidden)
    while cache:
        x, h, c, z = cache.pop()
        t = len(cache)
        i, f, g, o = np.array_split(z, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        new_c = f * c + i * g
        dh += doutputs[t]
        dc += dh * o * (1 - np.tanh(new_c) ** 2)
        z[:, :n_hidden] = dc * g * i * (1 - i)
        z[:, n_hidden : 2 * n_hidden] = dc * c * f * (1 - f)
        z[:, 2 * n_hidden : 3 * n_hidden] = dc * i * (1 - g**2)
        z[:, 3 * n_hidden :] = dh * np.tanh(new_c) * o * (1 - o)
        dW_x += z.T @ x
        dW_h += z.T @ h
        db += np.sum(z, axis=0)
        dx[t] = z @ W_x
        dh = z @ W_h
        dc *= f
    return [dx, dh, dc, dW_x, dW_h, db]
