"""Exercise 10: four diagnostics for a network that doesn't learn."""

import numpy as np
from network import Network


def shapes_are_correct(network: Network, X: np.ndarray, n_outputs: int) -> bool:
    """Return whether the logits have the right shape and are finite, for all rows of X and for its first row alone.

    Arguments:
        network: a Network or an object of a class derived from it. No function in this file may change it (an extra).
        X: inputs, shape (n, n_inputs), float64.
        n_outputs: how many logits there should be for each row.

    Returns:
        True if forward(X) has shape (n, n_outputs), forward(X[:1]) has shape (1, n_outputs), and every logit of both
        is finite; False otherwise, even if axes are swapped or missing.
    """
    raise NotImplementedError


def can_overfit_tiny_batch(network: Network, X: np.ndarray, y: np.ndarray) -> bool:
    """Return whether the network can learn the first 8 samples by heart (all of them, if there are fewer).

    Train a copy, made with copy.deepcopy, by its own `step`: these samples as one batch, the default learning rate, at
    most 100 steps.

    Arguments:
        X: shape (n, n_inputs), float64.
        y: classes, shape (n,), integers in [0, n_outputs).

    Returns:
        True if all of these samples are predicted correctly after the same step; False otherwise. The prediction is
        the class with the largest logit from `forward`.
    """
    raise NotImplementedError


def activations_are_healthy(network: Network, X: np.ndarray) -> bool:
    """Return whether at most half of every hidden layer is dead or saturated, over all rows of X.

    relu: a unit is dead if it is 0 for every row. The share is the fraction of dead units in a layer.
    tanh, sigmoid: a value is saturated if it is within 0.01 of one of the function's two limits (-1 and 1, 0 and 1).
        The share is the fraction of saturated values among the n * width values of a layer.
    leaky_relu: never dead, never saturated.

    Arguments:
        X: shape (n, n_inputs), float64.

    Returns:
        True if the share is at most 1/2 in every hidden layer; False otherwise.
    """
    raise NotImplementedError


def gradient_norms(network: Network, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the Frobenius norm of dL/dW for every layer, sqrt(sum of squares); L is the mean cross-entropy of X and y.

    Arguments:
        X: shape (n, n_inputs), float64.
        y: classes, shape (n,), integers.

    Returns:
        One norm per layer, first layer first: float64, shape (n_layers,). Includes the output layer, but no biases.
    """
    raise NotImplementedError


def gradients_flow(network: Network, X: np.ndarray, y: np.ndarray) -> bool:
    """Return whether the gradient neither vanishes nor explodes in any layer.

    Returns:
        True if every one of the gradient_norms is finite and between 1e-3 and 1e2; False otherwise.
    """
    raise NotImplementedError


def diagnose(network: Network, X: np.ndarray, y: np.ndarray) -> dict[str, bool]:
    """Return the answers of all four diagnostics. Every class occurs in y, so there should be y.max() + 1 outputs.

    Returns:
        {"shapes": ..., "overfit": ..., "activations": ..., "gradients": ...}, True where the network is healthy.
    """
    raise NotImplementedError


if __name__ == "__main__":
    from checklist import main

    main(shapes_are_correct, can_overfit_tiny_batch, activations_are_healthy, gradients_flow)
