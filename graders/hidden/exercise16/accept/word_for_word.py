# The README's formulas, word for word
# independent
import numpy as np


def σ(z):
    return 1 / (1 + np.exp(-z))


def lstm_cell(x, h, c, W_x, W_h, b):
    z = x @ W_x.T + h @ W_h.T + b
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)
    i = σ(z_i)
    f = σ(z_f)
    g = np.tanh(z_g)
    o = σ(z_o)
    c_t = f * c + i * g
    h_t = o * np.tanh(c_t)
    return h_t, c_t


def lstm(x, h0, c0, W_x, W_h, b):
    h = h0
    c = c0
    outputs = []
    cache = []
    for x_t in x:
        z = x_t @ W_x.T + h @ W_h.T + b
        z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)
        i = σ(z_i)
        f = σ(z_f)
        g = np.tanh(z_g)
        o = σ(z_o)
        c_t = f * c + i * g
        h_t = o * np.tanh(c_t)
        cache.append((x_t, h, c, i, f, g, o, np.tanh(c_t)))
        h = h_t
        c = c_t
        outputs.append(h)
    return np.array(outputs), h, c, cache


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    h_bar = dh
    c_bar = dc
    dx = []
    dW_x = np.zeros(W_x.shape)
    dW_h = np.zeros(W_h.shape)
    db = np.zeros(len(W_x))
    for doutputs_t, (x_t, h_before, c_before, i, f, g, o, tanh_c) in zip(doutputs[::-1], cache[::-1]):
        h_bar = h_bar + doutputs_t
        c_bar = c_bar + h_bar * o * (1 - tanh_c**2)
        z_bar = np.concatenate(
            [
                c_bar * g * i * (1 - i),
                c_bar * c_before * f * (1 - f),
                c_bar * i * (1 - g**2),
                h_bar * tanh_c * o * (1 - o),
            ],
            axis=-1,
        )
        dx.append(z_bar @ W_x)
        dW_x += z_bar.T @ x_t
        dW_h += z_bar.T @ h_before
        db += z_bar.sum(axis=0)
        # for the step before
        h_bar = z_bar @ W_h
        c_bar = c_bar * f
    return np.array(dx[::-1]), h_bar, c_bar, dW_x, dW_h, db
