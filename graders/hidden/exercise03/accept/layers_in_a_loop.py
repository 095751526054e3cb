# A loop over the layers that keeps all activations, with (a + |a|) / 2 for ReLU.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    activations = [x]
    for w in (W1, W2):
        activations.append((w * activations[-1][..., None, :]).sum(axis=-1))
        if w is W1:
            activations[-1] = (activations[-1] + abs(activations[-1])) / 2
    return activations[1], activations[2]
