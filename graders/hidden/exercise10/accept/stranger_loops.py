# Plain loops.
# independent
import copy
import math

import numpy as np


def shapes_are_correct(network, X, n_outputs):
    for batch in [X, X[:1]]:
        logits = network.forward(batch)
        if logits.ndim != 2:
            return False
        if logits.shape[0] != batch.shape[0]:
            return False
        if logits.shape[1] != n_outputs:
            return False
        for row in logits:
            for value in row:
                if not math.isfinite(value):
                    return False
    return True


def can_overfit_tiny_batch(network, X, y):
    net = copy.deepcopy(network)
    n = min(8, len(X))
    for step in range(100):
        net.step(X[:n], y[:n])
        logits = net.forward(X[:n])
        right = 0
        for i in range(n):
            if np.argmax(logits[i]) == y[i]:
                right += 1
        if right == n:
            return True
    return False


def activations_are_healthy(network, X):
    for layer in network.activations(X):
        n, width = layer.shape
        if network.activation == "relu":
            dead = 0
            for j in range(width):
                alive = False
                for i in range(n):
                    if layer[i, j] != 0:
                        alive = True
                        break
                if not alive:
                    dead += 1
            if dead > width / 2:
                return False
        if network.activation in ("tanh", "sigmoid"):
            low = -1 if network.activation == "tanh" else 0
            saturated = 0
            for i in range(n):
                for j in range(width):
                    if layer[i, j] - low <= 0.01 or 1 - layer[i, j] <= 0.01:
                        saturated += 1
            if saturated > n * width / 2:
                return False
    return True


def gradient_norms(network, X, y):
    loss, dW, db = network.loss_and_gradients(X, y)
    norms = np.zeros(len(dW))
    for k in range(len(dW)):
        total = 0.0
        for row in dW[k]:
            for g in row:
                total += g * g
        norms[k] = math.sqrt(total)
    return norms


def gradients_flow(network, X, y):
    for norm in gradient_norms(network, X, y):
        if not 1e-3 <= norm <= 1e2:
            return False
    return True


def diagnose(network, X, y):
    result = {}
    result["shapes"] = shapes_are_correct(network, X, y.max() + 1)
    result["overfit"] = can_overfit_tiny_batch(network, X, y)
    result["activations"] = activations_are_healthy(network, X)
    result["gradients"] = gradients_flow(network, X, y)
    return result
