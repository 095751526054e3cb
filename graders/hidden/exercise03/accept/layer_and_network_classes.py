# One class for a layer and one for the network; ReLU by assigning 0.
# independent
import numpy as np


class Layer:
    def __init__(self, W):
        self.W = W

    def __call__(self, x):
        return np.dot(x, self.W.T)


class Network:
    def __init__(self, W1, W2):
        self.first = Layer(W1)
        self.second = Layer(W2)

    def forward(self, x):
        h = self.first(x)
        h[h < 0] = 0.0
        return h, self.second(h)


def two_layer_forward(x: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if np.issubdtype(x.dtype, np.integer):
        x = x.astype(np.float64)
    if np.issubdtype(W1.dtype, np.integer):
        W1 = W1.astype(np.float64)
    if np.issubdtype(W2.dtype, np.integer):
        W2 = W2.astype(np.float64)
    return Network(W1, W2).forward(x)
