# Xavier weights, shifts raised until the units respond, and a search for the learning rate on a copy.
import copy

import numpy as np
from diagnostics import can_overfit_tiny_batch, diagnose, gradients_flow
from dropout import dropout, dropout_mask
from initialization import initialize
from layer_norm import layer_norm
from relu import relu


def block_forward(z, gamma, beta, p_drop, rng, training):
    h = relu(layer_norm(z, gamma, beta, 1e-5))
    if training:
        mask = dropout_mask(z.shape, p_drop, rng).astype(z.dtype)
        h = dropout(h, mask, p_drop)
    else:
        mask = None
    return h, mask


def block_backward(dh, z, gamma, beta, mask, p_drop):
    xhat = layer_norm(z)
    open_ = (gamma * xhat + beta > 0).astype(z.dtype)
    if mask is not None:
        open_ = open_ * mask / z.dtype.type(1 - p_drop)
    dy = dh * open_
    g = dy * gamma
    g = g - g.mean(-1, keepdims=True) - xhat * (g * xhat).mean(-1, keepdims=True)
    std = np.sqrt(((z - z.mean(-1, keepdims=True)) ** 2).mean(-1, keepdims=True) + 1e-5)
    return g / std, (dy * xhat).sum(0), dy.sum(0)


def find_fault(network, X, y):
    if network.training:
        return "mode"
    healthy = diagnose(network, X, y)
    for question, fault in (("activations", "dead units"), ("gradients", "weights"), ("overfit", "learning rate")):
        if not healthy[question]:
            return fault
    return "none"


def repair(network, X, y, rng):
    fault = find_fault(network, X, y)
    if fault == "mode":
        network.training = False
    if fault == "dead units":
        for beta in network.betas:
            np.maximum(beta, 0, out=beta)
    if fault == "weights":
        for W in network.weights:
            W[...] = initialize(W.shape[1], W.shape[0], "xavier", rng)
    if fault == "learning rate":
        rates = [rate for rate in (0.05, 0.1, 0.2, 0.4) if works(network, rate, X, y)]
        network.learning_rate = rates[-1]


def works(network, rate, X, y):
    trial = copy.deepcopy(network)
    trial.learning_rate = rate
    return can_overfit_tiny_batch(trial, X, y) and gradients_flow(trial, X, y)
