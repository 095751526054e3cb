# Textbook notation: one matrix for each gate, the sigmoid with exp, and dicts as cache.
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_cell(x, h, c, W_x, W_h, b):
    return step(x, h, c, W_x, W_h, b)[:2]


def step(x, h_prev, c_prev, W_x, W_h, b):
    H = h_prev.shape[1]
    z = {}
    for k, name in enumerate("ifgo"):
        rows = slice(k * H, (k + 1) * H)
        z[name] = x.dot(W_x[rows].T) + h_prev.dot(W_h[rows].T) + b[rows]
    i, f, o = sigmoid(z["i"]), sigmoid(z["f"]), sigmoid(z["o"])
    g = np.tanh(z["g"])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    return h, c, dict(x=x, h_prev=h_prev, c_prev=c_prev, i=i, f=f, g=g, o=o, c=c)


def lstm(x, h0, c0, W_x, W_h, b):
    outputs = np.zeros((x.shape[0], *h0.shape), dtype=x.dtype)
    cache, h, c = {}, h0, c0
    for t in range(x.shape[0]):
        h, c, cache[t] = step(x[t], h, c, W_x, W_h, b)
        outputs[t] = h
    return outputs, h, c, cache


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    H = W_h.shape[1]
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros(4 * H, dtype=W_x.dtype)
    dx = np.zeros((len(cache), doutputs.shape[1], W_x.shape[1]), dtype=W_x.dtype)
    dh_next, dc_next = dh, dc
    for t in reversed(range(len(cache))):
        s = cache[t]
        dh = doutputs[t] + dh_next
        dc = dc_next + dh * s["o"] * (1 - np.tanh(s["c"]) ** 2)
        dz = {
            "i": dc * s["g"] * s["i"] * (1 - s["i"]),
            "f": dc * s["c_prev"] * s["f"] * (1 - s["f"]),
            "g": dc * s["i"] * (1 - s["g"] ** 2),
            "o": dh * np.tanh(s["c"]) * s["o"] * (1 - s["o"]),
        }
        dh_next = np.zeros_like(dh)
        for k, name in enumerate("ifgo"):
            rows = slice(k * H, (k + 1) * H)
            dW_x[rows] += dz[name].T.dot(s["x"])
            dW_h[rows] += dz[name].T.dot(s["h_prev"])
            db[rows] += dz[name].sum(axis=0)
            dx[t] += dz[name].dot(W_x[rows])
            dh_next += dz[name].dot(W_h[rows])
        dc_next = dc * s["f"]
    return dx, dh_next, dc_next, dW_x, dW_h, db
