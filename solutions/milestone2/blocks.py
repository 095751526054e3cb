"""Milestone 2: a deeper network, made to fail and repaired."""

import deep_training  # supplied
import numpy as np
from deep_training import DeepNetwork
from diagnostics import activations_are_healthy, can_overfit_tiny_batch, gradients_flow
from dropout import dropout, dropout_mask
from initialization import initialize
from layer_norm import layer_norm
from relu import relu, relu_derivative

EPS = 1e-5  # as in layer_norm


def block_forward(
    z: np.ndarray, gamma: np.ndarray, beta: np.ndarray, p_drop: float, rng: np.random.Generator, training: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Normalise, apply the ReLU and, in training only, drop units. Return h and the mask, which is None otherwise."""
    h = relu(layer_norm(z, gamma, beta))
    if not training:
        return h, None
    mask = dropout_mask(h.shape, p_drop, rng).astype(h.dtype)
    return dropout(h, mask, p_drop), mask


def block_backward(
    dh: np.ndarray, z: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mask: np.ndarray | None, p_drop: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dz, dgamma and dbeta. The mean and the variance of a row depend on z too, which gives two more terms."""
    normal = layer_norm(z)
    if mask is not None:
        dh = dropout(dh, mask, p_drop)
    dy = dh * relu_derivative(gamma * normal + beta)
    dnormal = dy * gamma
    centre = dnormal.mean(axis=1, keepdims=True)
    along = (dnormal * normal).mean(axis=1, keepdims=True)
    dz = (dnormal - centre - normal * along) / np.sqrt(z.var(axis=1, keepdims=True) + EPS)
    return dz, (dy * normal).sum(axis=0), dy.sum(axis=0)


def find_fault(network: DeepNetwork, X: np.ndarray, y: np.ndarray) -> str:
    """Ask about causes before consequences: a network with dead units or huge weights can't overfit either."""
    if network.training:
        return "mode"
    if not activations_are_healthy(network, X):
        return "dead units"
    if not gradients_flow(network, X, y):
        return "weights"
    if not can_overfit_tiny_batch(network, X, y):
        return "learning rate"
    return "none"


def repair(network: DeepNetwork, X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> None:
    """Repair what find_fault names, and nothing else."""
    fault = find_fault(network, X, y)
    if fault == "mode":
        network.training = False
    elif fault == "dead units":
        network.betas = [np.zeros_like(beta) for beta in network.betas]
    elif fault == "weights":
        for W in network.weights:
            fan_out, fan_in = W.shape
            W[...] = initialize(fan_in, fan_out, "he", rng)
    elif fault == "learning rate":
        network.learning_rate = deep_training.LEARNING_RATE


if __name__ == "__main__":
    deep_training.main(block_forward, block_backward, find_fault, repair)
