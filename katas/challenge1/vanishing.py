"""Challenge 1: gradients that vanish on their way through fifteen layers. NumPy or torch inside, as you like.

    katas run challenge1

trains two networks that differ in nothing but their activation and draws what their gradients did: gradients.png.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported: small networks are slower on several threads

import numpy as np
import pandas as pd


class DeepNetwork:
    """A network of affine layers with an activation after each of them but the last, trained by gradient descent.

    X is always an array (n, n_inputs), float32 or float64, of numbers between 0 and 1, y an array (n,) of int64, the
    classes 0 to n_classes - 1. Compute in float32 or in float64. Return NumPy arrays, and Python or NumPy floats. (What
    your own functions pass to your own methods is up to you.) An extra: leave arguments as they are.
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

        `activation` is "sigmoid" or "relu"; you may offer others. Choose the initial weights to suit it: for "sigmoid"
        Xavier's (variance 2 / (fan_in + fan_out)) or the like, for "relu" He's (variance 2 / fan_in). Biases may start
        at 0. The seed decides all of them: equal seeds give equal networks, different seeds different ones. Extras:
        ValueError for an unknown activation such as "sigmoidal"; the global random generators (of random, numpy.random
        and torch) stay as they were.
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

    For every step draw a new batch at random: exactly `batch_size` rows of X with their classes, with or without
    replacement. Different steps may share rows. The seed decides which rows are drawn (an extra).

    Returns a frame with the columns step (from 0), layer (from 1), gradient_norm and loss, in this order. It has a row
    for every step and layer, sorted by step, then by layer. Each row has the loss of its step.
    """
    raise NotImplementedError


def plot_gradients(sigmoid: pd.DataFrame, relu: pd.DataFrame, path: str) -> None:
    """Draw two frames of experiment into one picture, a PNG file at `path`, with matplotlib.

    Draw the gradient norms of at least the first and the last layer, as they are or averaged over steps, along a
    logarithmic axis. Label the x axis and the y axis. Name "sigmoid" and "ReLU" in titles, a legend or texts.
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
        print(f"{activation}: gradient norms at step 0: layer 1 {fresh[1]:.1e}, layer 8 {fresh[8]:.1e}, ", end="")
        print(f"layer 15 {fresh[15]:.1e}; first layer / last layer = {fresh[1] / fresh[15]:.1e}")
        loss = frames[activation].groupby("step")["loss"].first()
        print(f"{activation}: mean loss of the first ten steps {loss[:10].mean():.3f}, ", end="")
        print(f"of the last ten {loss[-10:].mean():.3f}")
    plot_gradients(frames["sigmoid"], frames["relu"], "gradients.png")
    print(f"the picture is {os.path.abspath('gradients.png')}")
    right = fixed_network(X, y, seed=0).forward(X).argmax(axis=1) == y
    print(f"the fixed network has {right.mean():.1%} of its own training digits right")


if __name__ == "__main__":
    main()
