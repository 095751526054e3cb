# One derivative per operation, in reverse order; questions and repairs in tables.
import deep_training
import numpy as np
from diagnostics import activations_are_healthy, can_overfit_tiny_batch, gradients_flow
from dropout import dropout, dropout_mask
from initialization import initialize
from layer_norm import layer_norm
from relu import relu, relu_derivative


def block_forward(z, gamma, beta, p_drop, rng, training):
    h = relu(layer_norm(z, gamma, beta, eps=1e-5))
    mask = None
    if training:
        mask = np.asarray(dropout_mask(z.shape, p_drop, rng), dtype=z.dtype)
        h = dropout(h, mask, p_drop)
    return h, mask


def block_backward(dh, z, gamma, beta, mask, p_drop):
    m = z.shape[-1]
    mu = np.mean(z, axis=-1, keepdims=True)
    centred = z - mu
    var = np.mean(centred**2, axis=-1, keepdims=True)
    inv = 1 / np.sqrt(var + 1e-5)
    xhat = centred * inv
    y = gamma * xhat + beta
    d = dh if mask is None else dropout(dh, mask, p_drop)
    d = d * relu_derivative(y)
    dbeta = d.sum(axis=0)
    dgamma = (d * xhat).sum(axis=0)
    dxhat = d * gamma
    dinv = (dxhat * centred).sum(axis=-1, keepdims=True)
    dvar = -0.5 * dinv * inv**3
    dcentred = dxhat * inv + dvar * 2 * centred / m
    dmu = -dcentred.sum(axis=-1, keepdims=True)
    return dcentred + dmu / m, dgamma, dbeta


QUESTIONS = {
    "mode": lambda network, X, y: not network.training,
    "dead units": lambda network, X, y: activations_are_healthy(network, X),
    "weights": gradients_flow,
    "learning rate": can_overfit_tiny_batch,
}


def find_fault(network, X, y):
    return next((fault for fault, healthy in QUESTIONS.items() if not healthy(network, X, y)), "none")


def evaluate(network, rng):
    network.training = False


def revive(network, rng):
    for beta in network.betas:
        beta.fill(0)


def redraw(network, rng):
    for W in network.weights:
        W[:] = initialize(*W.shape[::-1], "he", rng)


def reset(network, rng):
    network.learning_rate = deep_training.LEARNING_RATE


REPAIRS = {"mode": evaluate, "dead units": revive, "weights": redraw, "learning rate": reset}


def repair(network, X, y, rng):
    fault = find_fault(network, X, y)
    if fault in REPAIRS:
        REPAIRS[fault](network, rng)
