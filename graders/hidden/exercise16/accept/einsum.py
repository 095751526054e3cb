# Everything in einsum
# independent
"""LSTM, einsum style: gates on an axis of their own, weights as (4, hidden, …)."""

import numpy as np

es = np.einsum


def _gates(zx, h, W_h):
    hidden = h.shape[-1]
    z = zx + es("nj,akj->ank", h, W_h.reshape(4, hidden, hidden))
    a = 1 / (1 + np.exp(-z))
    a[2] = np.tanh(z[2])
    return a


def lstm_cell(x, h, c, W_x, W_h, b):
    outputs, h, c, _ = lstm(x[None], h, c, W_x, W_h, b)
    return h, c


def lstm(x, h0, c0, W_x, W_h, b):
    tokens, n, features = x.shape
    hidden = h0.shape[-1]
    zx = es("tnf,akf->tank", x, W_x.reshape(4, hidden, features)) + b.reshape(4, 1, hidden)
    h, c = h0, c0
    H, C, A = [h0], [c0], []
    for t in range(tokens):
        a = _gates(zx[t], h, W_h)
        c = a[1] * c + a[0] * a[2]
        h = a[3] * np.tanh(c)
        H.append(h)
        C.append(c)
        A.append(a)
    H, C = np.stack(H), np.stack(C)
    return H[1:].copy(), h, c, {"x": x, "H": H, "C": C, "A": np.stack(A)}


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    x, H, C, A = cache["x"], cache["H"], cache["C"], cache["A"]
    hidden = H.shape[-1]
    slope = A * (1 - A)
    slope[:, 2] = 1 - A[:, 2] ** 2
    T = np.tanh(C[1:])
    Z = np.empty_like(A)
    w = W_h.reshape(4, hidden, hidden)
    for t in range(len(x) - 1, -1, -1):
        i, f, g, o = A[t]
        dh = dh + doutputs[t]
        dc = dc + dh * o * (1 - T[t] ** 2)
        Z[t] = np.stack([dc * g, dc * C[t], dc * i, dh * T[t]]) * slope[t]
        dh = es("ank,akj->nj", Z[t], w)
        dc = dc * f
    dx = es("tank,akf->tnf", Z, W_x.reshape(4, hidden, -1))
    dW_x = es("tank,tnf->akf", Z, x).reshape(W_x.shape)
    dW_h = es("tank,tnj->akj", Z, H[:-1]).reshape(W_h.shape)
    return [dx, dh, dc, dW_x, dW_h, es("tank->ak", Z).reshape(-1)]
