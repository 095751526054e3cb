"""Milestone 2: a deeper network, broken and repaired.

    katas run milestone2

trains a network of your blocks, breaks it in four ways, calls your repair, and draws deep_training.png.
"""

import deep_training  # supplied
import numpy as np
from deep_training import DeepNetwork
from diagnostics import activations_are_healthy, can_overfit_tiny_batch, gradients_flow  # yours, from exercise 10
from dropout import dropout, dropout_mask  # yours, from exercise 8
from initialization import initialize  # yours, from exercise 7
from layer_norm import layer_norm  # yours, from exercise 9
from relu import relu, relu_derivative  # yours, from exercise 2


def block_forward(
    z: np.ndarray, gamma: np.ndarray, beta: np.ndarray, p_drop: float, rng: np.random.Generator, training: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Normalise each row of z, apply the ReLU and, in training only, drop units.

    Arguments:
        z: the output of the block's affine layer, shape (n, width).
        gamma, beta: scale and shift of the layer norm, shape (width,). Its eps is 1e-5.
        p_drop: the probability of dropping a unit, 0 <= p_drop < 1. Scale up the units that are kept.
        rng: draws the mask, in training.
        training: False in evaluation, where no unit is dropped.

    Returns:
        h, shape (n, width), and the mask of 0s and 1s that was used, shape (n, width). In evaluation, the second
        part is None.

    For extra points: float32 arrays give a float32 h; a call doesn't change its arguments.
    """
    raise NotImplementedError


def block_backward(
    dh: np.ndarray, z: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mask: np.ndarray | None, p_drop: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of the loss L with respect to z, gamma and beta.

    Arguments:
        dh: the gradient of L with respect to h, shape (n, width).
        z, gamma, beta, p_drop: as in block_forward.
        mask: the second part of what block_forward returned: 0s and 1s in the dtype of z, or None in evaluation.

    Returns:
        dz (n, width), dgamma (width,) and dbeta (width,). dgamma and dbeta are sums over the rows.

    For extra points: float32 arrays give float32 gradients; a call doesn't change its arguments.

    These are the gradients that PyTorch's autograd computes.
    """
    raise NotImplementedError


def find_fault(network: DeepNetwork, X: np.ndarray, y: np.ndarray) -> str:
    """Return the name of the one fault that this network has.

    Arguments:
        network: a DeepNetwork with at most one fault.
        X: images, shape (n, n_inputs), n >= 8.
        y: their classes, shape (n,).

    Returns:
        "mode": the network is in training mode, so forward(X) drops units.
        "dead units": more than half of the units of a block are 0 for every row of X.
        "weights": the weights of a layer are so large that a gradient vanishes or explodes.
        "learning rate": the learning rate is so small or so large that the network can't learn.
        "none": the network is healthy.
    """
    raise NotImplementedError


def repair(network: DeepNetwork, X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> None:
    """Change the network, so that it has no fault. Leave everything else as it is.

    Arguments:
        network, X, y: as in find_fault. Change the network itself; return nothing.
        rng: for new weights, if you need some.
    """
    raise NotImplementedError


if __name__ == "__main__":
    deep_training.main(block_forward, block_backward, find_fault, repair)
