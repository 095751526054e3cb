# One careful step at a time.
# independent
import copy

import numpy as np


def shapes_are_correct(network, X, n_outputs):
    logits = network.forward(X)
    logits1 = network.forward(X[:1])
    n = X.shape[0]
    if logits.shape == (n, n_outputs):
        if logits1.shape == (1, n_outputs):
            if np.isfinite(logits).all() == True:
                if np.isfinite(logits1).all() == True:
                    return True
    return False


def can_overfit_tiny_batch(network, X, y):
    my_copy = copy.deepcopy(network)
    X_small = X[:8].copy()
    y_small = y[:8].copy()
    for i in range(100):
        my_copy.step(X_small, y_small)
        logits = my_copy.forward(X_small)
        predictions = np.argmax(logits, axis=1)
        if np.sum(predictions == y_small) == len(y_small):
            return True
    return False


def activations_are_healthy(network, X):
    layers = network.activations(X)
    shares = []
    for a in layers:
        if network.activation == "relu":
            # a unit is dead if its biggest value is 0
            dead = np.max(a, axis=0) == 0
            share = np.sum(dead) / a.shape[1]
        elif network.activation == "tanh":
            share = np.sum(a > 0.99) + np.sum(a < -0.99)
            share = share / a.size
        elif network.activation == "sigmoid":
            share = np.sum(a > 0.99) + np.sum(a < 0.01)
            share = share / a.size
        else:
            share = 0
        shares.append(share)
    if max(shares) > 0.5:
        return False
    else:
        return True


def gradient_norms(network, X, y):
    loss, dW, db = network.loss_and_gradients(X, y)
    norms = []
    for g in dW:
        norms.append(np.sqrt(np.sum(g * g)))
    return np.array(norms)


def gradients_flow(network, X, y):
    norms = gradient_norms(network, X, y)
    for norm in norms:
        if np.isnan(norm) or np.isinf(norm):
            return False
        if norm < 0.001 or norm > 100:
            return False
    return True


def diagnose(network, X, y):
    n_outputs = np.max(y) + 1
    return {
        "shapes": shapes_are_correct(network, X, n_outputs),
        "overfit": can_overfit_tiny_batch(network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }
