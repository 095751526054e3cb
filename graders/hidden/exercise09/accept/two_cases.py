# Vectors and batches handled separately, and four cases of gamma and beta.
# independent
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    if x.ndim == 1:
        mean = np.mean(x)
        difference = x - mean
        variance = np.mean(difference**2)
        y = difference / np.sqrt(variance + eps)
    else:
        mean = np.mean(x, axis=-1)
        mean = np.expand_dims(mean, axis=-1)
        difference = x - mean
        variance = np.mean(difference**2, axis=-1)
        variance = np.expand_dims(variance, axis=-1)
        y = difference / np.sqrt(variance + eps)
    if gamma is None and beta is None:
        return y
    if gamma is None:
        return y + beta
    if beta is None:
        return gamma * y
    return gamma * y + beta
