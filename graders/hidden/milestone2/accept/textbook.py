# The gradient in one line with sums, as in textbooks, and the report of exercise 10's diagnose.
# core only
import numpy as np
from deep_training import LEARNING_RATE
from diagnostics import diagnose
from dropout import dropout_mask
from initialization import initialize


def block_forward(z, gamma, beta, p_drop, rng, training):
    mu = z.mean(axis=1, keepdims=True)
    var = z.var(axis=1, keepdims=True)
    xhat = (z - mu) / np.sqrt(var + 1e-5)
    h = np.maximum(0, gamma * xhat + beta)
    mask = None
    if training:
        mask = dropout_mask(z.shape, p_drop, rng)
        h = h * mask / (1 - p_drop)
    return h, mask


def block_backward(dh, z, gamma, beta, mask, p_drop):
    n = z.shape[1]
    inv_std = 1 / np.sqrt(z.var(axis=1, keepdims=True) + 1e-5)
    xhat = (z - z.mean(axis=1, keepdims=True)) * inv_std
    dy = dh.copy()
    if mask is not None:
        dy = dy * mask / (1 - p_drop)
    dy[gamma * xhat + beta <= 0] = 0
    dgamma = np.sum(dy * xhat, axis=0)
    dbeta = np.sum(dy, axis=0)
    dx = dy * gamma
    dz = inv_std / n * (n * dx - np.sum(dx, axis=1, keepdims=True) - xhat * np.sum(dx * xhat, axis=1, keepdims=True))
    return dz, dgamma, dbeta


def find_fault(network, X, y):
    if network.training:
        return "mode"
    report = diagnose(network, X, y)
    if not report["activations"]:
        return "dead units"
    elif not report["gradients"]:
        return "weights"
    elif not report["overfit"]:
        return "learning rate"
    else:
        return "none"


def repair(network, X, y, rng):
    fault = find_fault(network, X, y)
    if fault == "mode":
        network.training = False
    if fault == "dead units":
        network.betas = [np.zeros_like(b) for b in network.betas]
    if fault == "weights":
        network.weights = [initialize(W.shape[1], W.shape[0], "he", rng) for W in network.weights]
    if fault == "learning rate":
        network.learning_rate = LEARNING_RATE
