# Norms from traces and logarithms, saturation from the slope.
# independent
"""Norms by traces and logarithms and saturation by the slope."""

import copy

import numpy as np


def shapes_are_correct(network, X, n_outputs):
    # x - x is 0 for every finite number and NaN for the others
    def finite_of_shape(logits, shape):
        return np.shape(logits) == shape and not np.any(logits - logits)

    with np.errstate(invalid="ignore"):
        return finite_of_shape(network.forward(X), (X.shape[0], n_outputs)) and finite_of_shape(
            network.forward(X[:1]), (1, n_outputs)
        )


def can_overfit_tiny_batch(network, X, y):
    X, y = X[:8], y[:8]
    f = copy.deepcopy(network)
    for _ in range(100):
        f.step(X, y)
        if not np.any(f.forward(X).argmax(axis=1) - y):
            return True
    return False


def activations_are_healthy(network, X):
    hidden = network.activations(X)
    if network.activation == "relu":  # more than half dead: the median of the columns' maxima is 0
        return all(np.count_nonzero(a.max(axis=0)) >= a.shape[1] / 2 for a in hidden)
    if network.activation == "tanh":  # |a| >= 0.99, which is 1 - a^2 <= 1 - 0.99^2
        return all(np.mean(1 - a**2 <= 1 - 0.99**2) <= 0.5 for a in hidden)
    if network.activation == "sigmoid":  # a (1 - a) <= 0.01 * 0.99
        return all(np.mean(a * (1 - a) <= 0.01 * 0.99) <= 0.5 for a in hidden)
    return True


def gradient_norms(network, X, y):
    return np.array([np.sqrt(np.trace(G.T @ G)) for G in network.loss_and_gradients(X, y)[1]])


def gradients_flow(network, X, y):
    with np.errstate(divide="ignore"):
        decades = np.log10(gradient_norms(network, X, y))
    return bool((np.abs(decades + 0.5) <= 2.5).all())


def diagnose(network, X, y):
    return {
        "shapes": shapes_are_correct(network, X, len(np.unique(y))),
        "overfit": can_overfit_tiny_batch(network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }
