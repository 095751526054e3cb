# A class with gamma and beta as attributes, as in PyTorch.
# independent
import numpy as np


class LayerNorm:
    def __init__(self, normalized_shape, eps=1e-5):
        self.gamma = np.ones(normalized_shape)
        self.beta = np.zeros(normalized_shape)
        self.eps = eps

    def forward(self, x):
        mean = x.mean(axis=-1, keepdims=True)
        var = x.var(axis=-1, keepdims=True)
        self.x_hat = (x - mean) / np.sqrt(var + self.eps)
        return self.gamma * self.x_hat + self.beta


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    ln = LayerNorm(x.shape[-1], eps)
    if gamma is not None:
        ln.gamma = gamma
    if beta is not None:
        ln.beta = beta
    return ln.forward(x)
