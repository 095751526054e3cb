# Loops over tokens, sequences and units, in Python floats.
# core only
import math

import numpy as np


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def one(x, h, c, W_x, W_h, b, unit):
    hidden = len(h)
    z = []
    for gate in range(4):
        row = gate * hidden + unit
        z.append(b[row] + sum(W_x[row, k] * x[k] for k in range(len(x))))
        z[-1] += sum(W_h[row, k] * h[k] for k in range(hidden))
    i, f, g, o = sigmoid(z[0]), sigmoid(z[1]), math.tanh(z[2]), sigmoid(z[3])
    return i, f, g, o, f * c[unit] + i * g


def lstm_cell(x, h, c, W_x, W_h, b):
    new_h, new_c = np.empty(h.shape), np.empty(c.shape)
    for s in range(len(x)):
        for unit in range(h.shape[1]):
            *_, o, new_c[s, unit] = one(x[s], h[s], c[s], W_x, W_h, b, unit)
            new_h[s, unit] = o * math.tanh(new_c[s, unit])
    return new_h, new_c


def lstm(x, h0, c0, W_x, W_h, b):
    states = [(h0, c0)]
    for token in x:
        states.append(lstm_cell(token, *states[-1], W_x, W_h, b))
    return np.array([h for h, _ in states[1:]]), *states[-1], [x, states, b]


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    x, states, b = cache
    hidden, dx, dh, dc = dh.shape[1], np.zeros(x.shape), dh.tolist(), dc.tolist()
    dW_x, dW_h, db = np.zeros(W_x.shape), np.zeros(W_h.shape), np.zeros(b.shape)
    for t in range(len(x) - 1, -1, -1):
        h, c = states[t]
        for s in range(len(h)):
            passed = [0.0] * hidden
            for unit in range(hidden):
                i, f, g, o, new = one(x[t, s], h[s], c[s], W_x, W_h, b, unit)
                total = dh[s][unit] + float(doutputs[t, s, unit])
                of_c = dc[s][unit] + total * o * (1 - math.tanh(new) ** 2)
                slopes = (
                    of_c * g * i * (1 - i),
                    of_c * c[s, unit] * f * (1 - f),
                    of_c * i * (1 - g * g),
                    total * math.tanh(new) * o * (1 - o),
                )
                for gate, dz in enumerate(slopes):
                    row = gate * hidden + unit
                    db[row] += dz
                    dW_x[row] += dz * x[t, s]
                    dW_h[row] += dz * h[s]
                    dx[t, s] += dz * W_x[row]
                    for k in range(hidden):
                        passed[k] += dz * W_h[row, k]
                dc[s][unit] = of_c * f
            dh[s] = passed
    return dx, np.array(dh), np.array(dc), dW_x, dW_h, db
