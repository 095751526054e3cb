# A small class that holds the answers.
# independent
"""Diagnostics with a Doctor who examines a patient."""

from copy import deepcopy

import numpy as np

LIMITS = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}


class Doctor:
    steps = 100
    tiny = 8
    max_idle = 0.5
    near = 0.01
    low, high = 1e-3, 1e2

    def __init__(self, network):
        self.network = network

    def shapes(self, X, n_outputs):
        return all(self._is_good(self.network.forward(x), (len(x), n_outputs)) for x in (X, X[:1]))

    @staticmethod
    def _is_good(logits, shape):
        return logits.shape == shape and bool(np.isfinite(logits).all())

    def overfit(self, X, y):
        X, y = X[: self.tiny], y[: self.tiny]
        guinea_pig = deepcopy(self.network)
        for _ in range(self.steps):
            if self._all_right(guinea_pig, X, y):
                return True
            guinea_pig.step(X, y)
        return self._all_right(guinea_pig, X, y)

    @staticmethod
    def _all_right(network, X, y):
        return np.array_equal(network.forward(X).argmax(axis=1), y)

    def idle_share(self, a):
        name = self.network.activation
        if name == "relu":
            return np.mean(np.all(a == 0, axis=0))
        if name in LIMITS:
            low, high = LIMITS[name]
            return np.mean((a <= low + self.near) | (a >= high - self.near))
        return 0.0

    def activations(self, X):
        return all(self.idle_share(a) <= self.max_idle for a in self.network.activations(X))

    def norms(self, X, y):
        _, weights, _ = self.network.loss_and_gradients(X, y)
        return np.array([np.sqrt(np.sum(dW**2)) for dW in weights])

    def gradients(self, X, y):
        return all(self.low <= norm <= self.high for norm in self.norms(X, y))


def shapes_are_correct(network, X, n_outputs):
    return Doctor(network).shapes(X, n_outputs)


def can_overfit_tiny_batch(network, X, y):
    return Doctor(network).overfit(X, y)


def activations_are_healthy(network, X):
    return Doctor(network).activations(X)


def gradient_norms(network, X, y):
    return Doctor(network).norms(X, y)


def gradients_flow(network, X, y):
    return Doctor(network).gradients(X, y)


def diagnose(network, X, y):
    doctor = Doctor(network)
    return {
        "shapes": doctor.shapes(X, y.max() + 1),
        "overfit": doctor.overfit(X, y),
        "activations": doctor.activations(X),
        "gradients": doctor.gradients(X, y),
    }
