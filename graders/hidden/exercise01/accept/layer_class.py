# A small class whose forward method goes row by row.
# independent
import numpy as np


def _as_floating(a):
    """Integers become float64, floats stay what they are."""
    if np.issubdtype(a.dtype, np.integer):
        return a.astype(np.float64)
    return a


class AffineLayer:
    def __init__(self, weights, bias):
        self.weights = _as_floating(weights)
        self.bias = _as_floating(bias)

    def forward(self, x):
        x = _as_floating(x)
        if x.ndim == 1:
            return self.weights @ x + self.bias
        return np.stack([self.weights @ row + self.bias for row in x])


def affine(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    return AffineLayer(W, b).forward(x)
