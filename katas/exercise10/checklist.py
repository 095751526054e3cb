"""The checklist of exercise 10. It is supplied: `katas run exercise10` prints it for a healthy network."""

from collections.abc import Callable

import numpy as np
from network import Network

Check = Callable[..., bool]


def main(
    shapes_are_correct: Check, can_overfit_tiny_batch: Check, activations_are_healthy: Check, gradients_flow: Check
):
    """Print four sentences that are true of a healthy network, the function that checks each, and what it returns."""
    rng = np.random.default_rng(10)
    X, y = rng.standard_normal((64, 6)), np.arange(64) % 3
    network = Network([6, 16, 16, 3], "relu", rng)
    for sentence, check, arguments in (
        ("forward tensor shapes are correct", shapes_are_correct, (network, X, 3)),
        ("model can overfit a tiny batch", can_overfit_tiny_batch, (network, X, y)),
        ("activation statistics are healthy", activations_are_healthy, (network, X)),
        ("gradient norms are tracked by layer", gradients_flow, (network, X, y)),
    ):
        try:
            answer = check(*arguments)
        except NotImplementedError:
            answer = "not written yet"
        print(f"{sentence:35}  {check.__name__:23}  {answer}")
