"""Challenge 1: gradients that vanish on their way through fifteen layers. NumPy or torch inside, as you like.

    katas run challenge1

trains two networks that differ in nothing but their activation and draws what their gradients did: gradients.png.
"""

import os

import numpy as np
import pandas as pd


class DeepNetwork:
    """A network of affine layers with an activation after each of them but the last, trained by gradient descent.

    X is always an array (n, n_inputs), float32 or float64, of numbers between 0 and 1, y an array (n,) of int64, the
    classes 0 to n_classes - 1. Compute in float32 or in float64. What comes out are NumPy arrays and Python or NumPy
    floats. An extra: leave arguments as they are.
    """

    def __init__(
        self,
        n_layers: int = 15,
        activation: str = "sigmoid",
        *,
        n_inputs: int = 784,
        width: int = 32,
        n_classes: int = 10,
        seed: int = 0,
    ) -> None:
        """n_layers affine layers, the output layer included: n_inputs → width → … → width → n_classes.

        `activation` is "sigmoid" or "relu"; you may offer others. The seed decides the weights: equal seeds give equal
        networks, different seeds different ones. Extras: ValueError for an unknown activation such as "sigmoidal"; the
        global random generators (of random, numpy.random and torch) stay as they were.
        """
        raise NotImplementedError

    def forward(self, X: np.ndarray) -> np.ndarray:
        """The logits (n, n_classes): what the last layer gives, with no activation and no softmax."""
        raise NotImplementedError

    def parameters(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """A pair (W, b) for each layer, first layer first, as they are now: W (fan_out, fan_in), b (fan_out,).

        The arrays may be the network's own or copies.
        """
        raise NotImplementedError

    def train_step(self, X: np.ndarray, y: np.ndarray, learning_rate: float) -> float:
        """One plain step of gradient descent, W - learning_rate · dL/dW and b likewise, in every layer.

        L is the cross-entropy of softmax(logits), its mean over the rows of X. Returns L before the step, a float.
        """
        raise NotImplementedError

    def track_gradients(self) -> list[float]:
        """‖dL/dW‖ of each layer, first layer first: n_layers floats, as the last train_step had them before its update.

        The norm is Frobenius's, the root of the sum of squares. An extra: RuntimeError before the first train_step.
        """
        raise NotImplementedError


def experiment(
    X: np.ndarray, y: np.ndarray, activation: str, *, n_steps: int, learning_rate: float, batch_size: int, seed: int
) -> pd.DataFrame:
    """Train DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed) by n_steps calls of its train_step.

    Every step takes `batch_size` rows of X with their classes and draws them anew; the last batch is as large as the
    others. The seed decides the rows (an extra). Returns a frame with the columns step (from 0), layer (from 1),
    gradient_norm and loss, in this order. It has a row for every step and layer, sorted by step, then by layer. Each
    row has the loss of its step.
    """
    raise NotImplementedError


def plot_gradients(sigmoid: pd.DataFrame, relu: pd.DataFrame, path: str) -> None:
    """Draw two frames of experiment into one picture, a PNG file at `path`, with matplotlib.

    Draw the gradient norms of at least the first and the last layer, as they are or averaged over steps, along a
    logarithmic axis. Label both directions. Name "sigmoid" and "ReLU" in titles, a legend or texts.
    """
    raise NotImplementedError


def fixed_network(X: np.ndarray, y: np.ndarray, seed: int) -> DeepNetwork:
    """A DeepNetwork of 15 layers and ReLUs that has learned the digits X (n, 784), y (n,).

    Train it by its own train_step and by nothing else: at most 1 500 steps in all, each on at most 128 digits. Width,
    batches and learning rates are up to you. The seed decides everything (an extra).
    """
    raise NotImplementedError


def main() -> None:
    """See it with your own eyes."""
    from digits import load_digits  # supplied

    X, y = load_digits()
    frames = {}
    for activation in ("sigmoid", "relu"):
        frames[activation] = experiment(X, y, activation, n_steps=200, learning_rate=0.05, batch_size=64, seed=0)
        fresh = frames[activation].query("step == 0").set_index("layer")["gradient_norm"]
        print(f"{activation}: first layer / last layer = {fresh[1] / fresh[15]:.1e}")
    plot_gradients(frames["sigmoid"], frames["relu"], "gradients.png")
    print(f"the picture is {os.path.abspath('gradients.png')}")
    right = fixed_network(X, y, seed=0).forward(X).argmax(axis=1) == y
    print(f"the fixed network has {right.mean():.1%} of its own training digits right")


if __name__ == "__main__":
    main()
