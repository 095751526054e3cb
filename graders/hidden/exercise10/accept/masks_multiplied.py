# Boolean masks, multiplied and summed.
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
    shares = []
    for a in network.activations(X):
        n, width = a.shape
        if network.activation == "relu":
            shares.append(((a != 0).sum(axis=0) == 0).sum() / width)
        if network.activation == "tanh":
            shares.append(((a > 0.99) + (a < -0.99)).sum() / (n * width))
        if network.activation == "sigmoid":
            shares.append(((a > 0.99) + (a < 0.01)).sum() / (n * width))
    return all(share <= 0.5 for share in shares)


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
