# As short as possible
# independent
import numpy as np

t, J = np.tanh, np.concatenate


def S(x, h, c, U, V, b):
    i, f, g, o = np.split(x @ U.T + h @ V.T + b, 4, 1)
    i, f, o = (1 / (1 + np.exp(-a)) for a in (i, f, o))
    g = t(g)
    C = f * c + i * g
    return o * t(C), C, (x, h, c, i, f, g, o, t(C))


lstm_cell = lambda *a: S(*a)[:2]


def lstm(x, h0, c0, W_x, W_h, b):
    O, K, h, c = [], [], h0, c0
    for y in x:
        h, c, k = S(y, h, c, W_x, W_h, b)
        O += [h]
        K += [k]
    return np.array(O), h, c, K


def lstm_gradient(D, dh, dc, K, U, V):
    X, u, v, b = [], 0, 0, 0
    for d, (x, h, c, i, f, g, o, T) in zip(D[::-1], K[::-1]):
        dh = dh + d
        dc = dc + dh * o * (1 - T * T)
        z = J([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * T * o * (1 - o)], 1)
        X, u, v, b = [z @ U] + X, u + z.T @ x, v + z.T @ h, b + z.sum(0)
        dh, dc = z @ V, dc * f
    return np.array(X), dh, dc, u, v, b
