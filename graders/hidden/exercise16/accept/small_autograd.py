# Autograd in miniature: every value remembers its parents, and the gradient walks back through all of them.
# core only
import numpy as np


class Value:
    def __init__(self, data, parents=()):
        self.data, self.parents, self.grad = data, parents, np.zeros(np.shape(data))

    def __add__(self, other):
        def to_other(d):
            return d if np.shape(other.data) == d.shape else d.sum(axis=0)

        return Value(self.data + other.data, [(self, lambda d: d), (other, to_other)])

    def __mul__(self, other):
        return Value(self.data * other.data, [(self, lambda d: d * other.data), (other, lambda d: d * self.data)])

    def linear(self, W):
        return Value(self.data @ W.data.T, [(self, lambda d: d @ W.data), (W, lambda d: d.T @ self.data)])

    def tanh(self):
        y = np.tanh(self.data)
        return Value(y, [(self, lambda d: d * (1 - y * y))])

    def sigmoid(self):
        y = 1 / (1 + np.exp(-self.data))
        return Value(y, [(self, lambda d: d * y * (1 - y))])

    def columns(self, start, stop):
        def back(d):
            whole = np.zeros(self.data.shape)
            whole[:, start:stop] = d
            return whole

        return Value(self.data[:, start:stop], [(self, back)])


def graph(x, h, c, W_x, W_h, b):
    H = h.data.shape[1]
    z = x.linear(W_x) + h.linear(W_h) + b
    i, f, g, o = (z.columns(k * H, (k + 1) * H) for k in range(4))
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def lstm_cell(*arguments):
    h, c = graph(*map(Value, arguments))
    return h.data, c.data


def lstm(x, h0, c0, W_x, W_h, b):
    first = h, c, *weights = [Value(each) for each in (h0, c0, W_x, W_h, b)]
    tokens, outputs = [Value(token) for token in x], []
    for token in tokens:
        h, c = graph(token, h, c, *weights)
        outputs.append(h)
    return np.array([each.data for each in outputs]), h.data, c.data, (tokens, first, outputs, c)


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    tokens, first, outputs, c = cache
    for value, d in zip([*outputs, outputs[-1], c], [*doutputs, dh, dc], strict=True):
        value.grad = value.grad + d
    order, seen = [], set()

    def visit(value):
        if id(value) not in seen:
            seen.add(id(value))
            for parent, _ in value.parents:
                visit(parent)
            order.append(value)

    visit(outputs[-1])
    for value in reversed(order):
        for parent, back in value.parents:
            parent.grad = parent.grad + back(value.grad)
    h0, c0, W_x, W_h, b = first
    return np.array([token.grad for token in tokens]), h0.grad, c0.grad, W_x.grad, W_h.grad, b.grad
