# Lists inside, arrays at the end
# independent
from math import exp, tanh

import numpy as np

# inside, everything is a list of floats; arrays are made at the very end


def sigmoid(z):
    return 1 / (1 + exp(-z)) if z >= 0 else exp(z) / (1 + exp(z))


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def cell(x, h, c, W_x, W_h, b):
    """One step of one sequence."""
    m = len(h)
    z = [dot(u, x) + dot(w, h) + bias for u, w, bias in zip(W_x, W_h, b)]
    i = [sigmoid(value) for value in z[:m]]
    f = [sigmoid(value) for value in z[m : 2 * m]]
    g = [tanh(value) for value in z[2 * m : 3 * m]]
    o = [sigmoid(value) for value in z[3 * m :]]
    new_c = [p * q + r * s for p, q, r, s in zip(f, c, i, g)]
    t = [tanh(value) for value in new_c]
    new_h = [p * q for p, q in zip(o, t)]
    return new_h, new_c, (x, h, c, i, f, g, o, t)


def lstm_cell(x, h, c, W_x, W_h, b):
    weights = W_x.tolist(), W_h.tolist(), b.tolist()
    answers = [cell(*each, *weights)[:2] for each in zip(x.tolist(), h.tolist(), c.tolist())]
    return np.array([answer[0] for answer in answers]), np.array([answer[1] for answer in answers])


def lstm(x, h0, c0, W_x, W_h, b):
    weights = W_x.tolist(), W_h.tolist(), b.tolist()
    outputs, last_h, last_c, cache = [], [], [], []
    for number in range(len(h0)):
        h, c, hs, steps = h0[number].tolist(), c0[number].tolist(), [], []
        for token in x[:, number].tolist():
            h, c, step = cell(token, h, c, *weights)
            hs.append(h)
            steps.append(step)
        outputs.append(hs)
        last_h.append(h)
        last_c.append(c)
        cache.append(steps)
    return np.array(outputs).transpose(1, 0, 2), np.array(last_h), np.array(last_c), cache


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    rows = len(W_x)
    columns_x, columns_h = W_x.T.tolist(), W_h.T.tolist()
    dW_x = [[0.0] * W_x.shape[1] for _ in range(rows)]
    dW_h = [[0.0] * W_h.shape[1] for _ in range(rows)]
    db = [0.0] * rows
    all_dx, all_dh, all_dc = [], [], []
    for number, steps in enumerate(cache):
        a, e = dh[number].tolist(), dc[number].tolist()
        dxs = []
        for d, (x, h, c, i, f, g, o, t) in zip(reversed(doutputs[:, number].tolist()), reversed(steps)):
            a = [p + q for p, q in zip(a, d)]
            e = [q + p * r * (1 - s * s) for p, q, r, s in zip(a, e, o, t)]
            dz = [p * q * r * (1 - r) for p, q, r in zip(e, g, i)]
            dz += [p * q * r * (1 - r) for p, q, r in zip(e, c, f)]
            dz += [p * q * (1 - r * r) for p, q, r in zip(e, i, g)]
            dz += [p * q * r * (1 - r) for p, q, r in zip(a, t, o)]
            dxs.insert(0, [dot(dz, column) for column in columns_x])
            for row, value in enumerate(dz):
                db[row] += value
                dW_x[row] = [old + value * each for old, each in zip(dW_x[row], x)]
                dW_h[row] = [old + value * each for old, each in zip(dW_h[row], h)]
            a = [dot(dz, column) for column in columns_h]
            e = [p * q for p, q in zip(e, f)]
        all_dx.append(dxs)
        all_dh.append(a)
        all_dc.append(e)
    dx = np.swapaxes(np.array(all_dx), 0, 1)
    return dx, np.array(all_dh), np.array(all_dc), np.array(dW_x), np.array(dW_h), np.array(db)
