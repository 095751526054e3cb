# A hundred steps and a single check at the end.
# independent
"""Does what the table says: deep copy, 100 steps of its own step, then predict."""

import copy
import math

import numpy as np
from network import Network


def shapes_are_correct(network: Network, X, n_outputs):
    whole = network.forward(X)
    first = network.forward(X[:1])
    correct = whole.shape == (X.shape[0], n_outputs) and first.shape == (1, n_outputs)
    finite = not (~np.isfinite(whole)).any() and not (~np.isfinite(first)).any()
    return correct and finite


def can_overfit_tiny_batch(network: Network, X, y):
    tiny_X = X[0:8]
    tiny_y = y[0:8]
    trained = copy.deepcopy(network)
    n_steps = 0
    while n_steps < 100:
        trained.step(tiny_X, tiny_y)
        n_steps += 1
    prediction = np.argmax(trained.forward(tiny_X), axis=1)
    return np.array_equal(prediction, tiny_y)


def activations_are_healthy(network: Network, X):
    kind = network.activation
    shares = np.zeros(len(network.activations(X)))
    for k, a in enumerate(network.activations(X)):
        if kind == "relu":
            shares[k] = np.count_nonzero(np.count_nonzero(a, axis=0) == 0) / a.shape[1]
        if kind == "tanh":
            shares[k] = np.count_nonzero(np.abs(a) > 0.99) / a.size
        if kind == "sigmoid":
            shares[k] = np.count_nonzero(np.abs(2 * a - 1) > 0.98) / a.size
    return (shares <= 0.5).all()


def gradient_norms(network: Network, X, y):
    gradients = network.loss_and_gradients(X, y)[1]
    return np.array([math.hypot(*g.flatten()) for g in gradients])


def gradients_flow(network: Network, X, y):
    norms = gradient_norms(network, X, y)
    return np.array_equal(norms, np.clip(norms, 1e-3, 1e2))


def diagnose(network: Network, X, y):
    names = ["shapes", "overfit", "activations", "gradients"]
    answers = [
        shapes_are_correct(network, X, y.max() + 1),
        can_overfit_tiny_batch(network, X, y),
        activations_are_healthy(network, X),
        gradients_flow(network, X, y),
    ]
    return dict(zip(names, answers))
