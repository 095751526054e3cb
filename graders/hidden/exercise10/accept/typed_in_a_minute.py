# Written quickly, with no refinements.
import copy

import numpy as np


def shapes_are_correct(network, X, n_outputs):
    return bool(
        network.forward(X).shape == (len(X), n_outputs)
        and network.forward(X[:1]).shape == (1, n_outputs)
        and np.isfinite(network.forward(X)).all()
        and np.isfinite(network.forward(X[:1])).all()
    )


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
    norms = gradient_norms(network, X, y)
    return np.all(np.isfinite(norms)) and np.all(norms > 1e-3) and np.all(norms < 1e2)


def diagnose(network, X, y):
    return {
        "shapes": shapes_are_correct(network, X, y.max() + 1),
        "overfit": can_overfit_tiny_batch(network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }
