# A small class with a forward method, and ReLU in place on its own array.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    net = Network(W1, W2)
    y = net.forward(x)
    return [net.hidden, y]


class Network:
    def __init__(self, *weights):
        self.weights = weights

    def forward(self, x):
        first, second = self.weights
        self.hidden = x.dot(first.T)
        self.hidden[self.hidden < 0] = 0
        return self.hidden.dot(second.T)
