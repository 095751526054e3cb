# Small pure functions.
# independent
import copy

import numpy as np

IDLE = {
    "relu": lambda a: ~a.any(axis=0),
    "leaky_relu": lambda a: np.zeros(a.shape, dtype=bool),
    "tanh": lambda a: 1 - np.abs(a) < 0.01,
    "sigmoid": lambda a: np.minimum(a, 1 - a) < 0.01,
}


def shapes_are_correct(network, X, n_outputs):
    outputs = network.forward(X), network.forward(X[:1])
    shapes = [out.shape for out in outputs]
    return shapes == [(len(X), n_outputs), (1, n_outputs)] and all(np.isfinite(out).all() for out in outputs)


def can_overfit_tiny_batch(network, X, y):
    X, y, net = X[:8], y[:8], copy.deepcopy(network)

    def step_and_look(_):
        net.step(X, y)
        return np.array_equal(np.argmax(net.forward(X), axis=-1), y)

    return any(map(step_and_look, range(100)))


def activations_are_healthy(network, X):
    return all(IDLE[network.activation](a).mean() <= 0.5 for a in network.activations(X))


def gradient_norms(network, X, y):
    return np.sqrt([np.einsum("ij,ij->", g, g) for g in network.loss_and_gradients(X, y)[1]])


def gradients_flow(network, X, y):
    norms = gradient_norms(network, X, y)
    return (np.isfinite(norms) & (norms > 1e-3) & (norms < 1e2)).all()


def diagnose(network, X, y):
    return dict(
        shapes=shapes_are_correct(network, X, y.max() + 1),
        overfit=can_overfit_tiny_batch(network, X, y),
        activations=activations_are_healthy(network, X),
        gradients=gradients_flow(network, X, y),
    )
