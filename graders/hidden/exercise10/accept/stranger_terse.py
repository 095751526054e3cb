# As short as possible.
# independent
import copy

import numpy as np


def shapes_are_correct(network, X, n_outputs):
    a, b = network.forward(X), network.forward(X[:1])
    return a.shape == (len(X), n_outputs) and b.shape == (1, n_outputs) and np.isfinite(np.vstack([a, b])).all()


def can_overfit_tiny_batch(network, X, y):
    net, X, y = copy.deepcopy(network), X[:8], y[:8]
    for _ in range(100):
        net.step(X, y)
        if np.all(net.forward(X).argmax(1) == y):
            return True
    return False


def activations_are_healthy(network, X):
    f = network.activation
    if f == "leaky_relu":
        return True
    if f == "relu":
        return all(np.mean(a.sum(0) == 0) <= 0.5 for a in network.activations(X))
    lo = {"tanh": -1, "sigmoid": 0}[f]
    return all(np.mean((a < lo + 0.01) + (a > 0.99)) <= 0.5 for a in network.activations(X))


def gradient_norms(network, X, y):
    return np.array([np.linalg.norm(dW, "fro") for dW in network.loss_and_gradients(X, y)[1]])


def gradients_flow(network, X, y):
    return all(1e-3 < g < 1e2 for g in gradient_norms(network, X, y))


def diagnose(network, X, y):
    return {
        "shapes": shapes_are_correct(network, X, y.max() + 1),
        "overfit": can_overfit_tiny_batch(network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }
