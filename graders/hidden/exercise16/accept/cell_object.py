# A class that holds the weights and a tape of steps; the sigmoid is a logaddexp.
import numpy as np


class Step:
    def __init__(self, x, h, c, W_x, W_h, b):
        n, hidden = h.shape
        self.x, self.h, self.c = x, h, c
        z = (W_x @ x.T + W_h @ h.T + b[:, None]).reshape(4, hidden, n).swapaxes(1, 2)
        self.i, self.f, self.o = np.exp(-np.logaddexp(np.zeros_like(z[[0, 1, 3]]), -z[[0, 1, 3]]))
        self.g = np.tanh(z[2])
        self.new_c = self.i * self.g + self.f * c
        self.new_h = self.o * np.tanh(self.new_c)

    def back(self, dh, dc):
        t = np.tanh(self.new_c)
        do = dh * t
        dc = dh * self.o * (1 - t**2) + dc
        di, df, dg = dc * self.g, dc * self.c, dc * self.i
        slopes = [self.i * (1 - self.i), self.f * (1 - self.f), 1 - self.g**2, self.o * (1 - self.o)]
        return np.concatenate([d * s for d, s in zip((di, df, dg, do), slopes, strict=True)], axis=1), dc * self.f


class Tape(list):
    pass


def lstm_cell(x, h, c, W_x, W_h, b):
    step = Step(x, h, c, W_x, W_h, b)
    return step.new_h, step.new_c


def lstm(x, h0, c0, W_x, W_h, b):
    tape = Tape()
    for token in x:
        h, c = (tape[-1].new_h, tape[-1].new_c) if tape else (h0, c0)
        tape.append(Step(token, h, c, W_x, W_h, b))
    return np.array([step.new_h for step in tape]), tape[-1].new_h, tape[-1].new_c, tape


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    dzs = []
    for step, doutput in zip(reversed(cache), reversed(doutputs), strict=True):
        dz, dc = step.back(dh + doutput, dc)
        dzs.insert(0, dz)
        dh = dz @ W_h
    dW_x = sum(dz.T @ step.x for dz, step in zip(dzs, cache, strict=True))
    dW_h = sum(dz.T @ step.h for dz, step in zip(dzs, cache, strict=True))
    return np.array([dz @ W_x for dz in dzs]), dh, dc, dW_x, dW_h, sum(dz.sum(axis=0) for dz in dzs)
