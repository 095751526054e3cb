# Loops, as a physicist writes them
# independent
# LSTM, by components: s = sequence, k = hidden unit, j = feature
import math

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + math.exp(-z))


def _step(x, h, c, W_x, W_h, b):
    n, hidden = h.shape
    features = x.shape[1]
    gates = np.zeros((4, n, hidden))
    h_new = np.zeros((n, hidden))
    c_new = np.zeros((n, hidden))
    for s in range(n):
        for k in range(hidden):
            for gate in range(4):
                row = gate * hidden + k
                z = b[row]
                for j in range(features):
                    z += W_x[row, j] * x[s, j]
                for j in range(hidden):
                    z += W_h[row, j] * h[s, j]
                gates[gate, s, k] = math.tanh(z) if gate == 2 else sigmoid(z)
            i, f, g, o = gates[:, s, k]
            c_new[s, k] = f * c[s, k] + i * g
            h_new[s, k] = o * math.tanh(c_new[s, k])
    return h_new, c_new, gates


def lstm_cell(x, h, c, W_x, W_h, b):
    h, c, _ = _step(x, h, c, W_x, W_h, b)
    return h, c


def lstm(x, h0, c0, W_x, W_h, b):
    tokens, n, _ = x.shape
    hidden = h0.shape[1]
    hs = np.zeros((tokens + 1, n, hidden))
    cs = np.zeros((tokens + 1, n, hidden))
    gates = np.zeros((tokens, 4, n, hidden))
    hs[0] = h0
    cs[0] = c0
    for t in range(tokens):
        hs[t + 1], cs[t + 1], gates[t] = _step(x[t], hs[t], cs[t], W_x, W_h, b)
    return hs[1:].copy(), hs[-1].copy(), cs[-1].copy(), (x.copy(), hs, cs, gates)


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    x, hs, cs, gates = cache
    tokens, n, features = x.shape
    hidden = hs.shape[2]
    dx = np.zeros(x.shape)
    dW_x = np.zeros((4 * hidden, features))
    dW_h = np.zeros((4 * hidden, hidden))
    db = np.zeros(4 * hidden)
    dh = np.array(dh, dtype=float)
    dc = np.array(dc, dtype=float)
    for t in range(tokens - 1, -1, -1):
        dz = np.zeros((n, 4 * hidden))
        for s in range(n):
            for k in range(hidden):
                i, f, g, o = gates[t, :, s, k]
                tanh_c = math.tanh(cs[t + 1, s, k])
                dh[s, k] += doutputs[t, s, k]
                dc[s, k] += dh[s, k] * o * (1 - tanh_c**2)
                dz[s, k] = dc[s, k] * g * i * (1 - i)
                dz[s, hidden + k] = dc[s, k] * cs[t, s, k] * f * (1 - f)
                dz[s, 2 * hidden + k] = dc[s, k] * i * (1 - g * g)
                dz[s, 3 * hidden + k] = dh[s, k] * tanh_c * o * (1 - o)
                dc[s, k] *= f
        dh[:] = 0
        for s in range(n):
            for row in range(4 * hidden):
                db[row] += dz[s, row]
                for j in range(features):
                    dx[t, s, j] += dz[s, row] * W_x[row, j]
                    dW_x[row, j] += dz[s, row] * x[t, s, j]
                for j in range(hidden):
                    dh[s, j] += dz[s, row] * W_h[row, j]
                    dW_h[row, j] += dz[s, row] * hs[t, s, j]
    return dx, dh, dc, dW_x, dW_h, db
