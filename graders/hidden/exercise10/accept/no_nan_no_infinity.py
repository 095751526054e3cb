# Explicit checks for NaN and infinity.
import copy

import numpy as np


def shapes_are_correct(network, X, n_outputs):
    Z, z = network.forward(X), network.forward(X[:1])
    if Z.shape != (X.shape[0], n_outputs) or z.shape != (1, n_outputs):
        return False
    return not (np.isnan(Z).any() or np.isinf(Z).any() or np.isnan(z).any() or np.isinf(z).any())


def can_overfit_tiny_batch(network, X, y):
    net = copy.deepcopy(network)
    for _ in range(100):
        net.step(X[:8], y[:8])
        if (net.forward(X[:8]).argmax(axis=1) == y[:8]).all():
            return True
    return False


def activations_are_healthy(network, X):
    for a in network.activations(X):
        if network.activation == "relu":
            bad = (a == 0).all(axis=0).mean()
        elif network.activation == "tanh":
            bad = (np.abs(a) > 0.99).mean()
        elif network.activation == "sigmoid":
            bad = ((a < 0.01) | (a > 0.99)).mean()
        else:
            bad = 0
        if bad > 0.5:
            return False
    return True


def gradient_norms(network, X, y):
    return np.array([np.sqrt((dW**2).sum()) for dW in network.loss_and_gradients(X, y)[1]])


def gradients_flow(network, X, y):
    return not any(np.isnan(g) or g < 1e-3 or g > 1e2 for g in gradient_norms(network, X, y))


def diagnose(network, X, y):
    return {
        "shapes": shapes_are_correct(network, X, y.max() + 1),
        "overfit": can_overfit_tiny_batch(network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }
