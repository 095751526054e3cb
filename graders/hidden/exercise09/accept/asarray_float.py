# Everything converted to float64 first; the variance as the square of the standard deviation.
# independent
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    single = x.dtype == np.float32
    x = np.asarray(x, dtype=float)
    gamma = np.ones(x.shape[-1]) if gamma is None else np.asarray(gamma, dtype=float)
    beta = np.zeros(x.shape[-1]) if beta is None else np.asarray(beta, dtype=float)
    mean = np.mean(x, axis=-1, keepdims=True)
    std = np.std(x, axis=-1, keepdims=True)
    y = gamma * (x - mean) / np.sqrt(std**2 + eps) + beta
    return y.astype(np.float32) if single else y
