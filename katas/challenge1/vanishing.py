"""Challenge 1: gradients that vanish on their way through fifteen layers. Use NumPy or torch, as you like.

    katas run challenge1

trains two networks, one with sigmoids and one with ReLUs, and draws their gradients over time: gradients.png.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported: small networks are slower on several threads

import argparse

import numpy as np
import pandas as pd


class DeepNetwork:
    """A network of affine layers, with an activation after each of them except the last, trained by gradient descent.

    X is always an array (n, n_inputs) in float32 or float64, with values between 0 and 1. y is an int64 array (n,) of
    classes from 0 to n_classes - 1. Compute in float32 or float64. Return NumPy arrays, and Python or NumPy floats.
    (What your own functions pass to your own methods is up to you.) Extra: don't modify the arguments.
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
        """Make n_layers affine layers, including the output layer: n_inputs → width → … → width → n_classes.

        `activation` is "sigmoid" or "relu"; you may offer others. Choose the initial weights to suit it: Xavier's
        (variance 2 / (fan_in + fan_out)) or similar ones for "sigmoid", He's (variance 2 / fan_in) for "relu". Biases
        may start at 0. The seed decides all weights: equal seeds give equal networks, and different seeds different
        ones. Extras: raise ValueError for an unknown activation such as "sigmoidal"; leave the global random generators
        (of random, numpy.random and torch) as they were.
        """
        self.n_layers = n_layers
        self.activation = activation
        raise NotImplementedError

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return the logits (n, n_classes): the output of the last layer, without an activation or a softmax."""
        raise NotImplementedError

    def parameters(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the current (W, b) of each layer, first layer first: W (fan_out, fan_in), b (fan_out,).

        The arrays may be the network's own or copies.
        """
        raise NotImplementedError

    def train_step(self, X: np.ndarray, y: np.ndarray, learning_rate: float) -> float:
        """Take one plain step of gradient descent in every layer: W - learning_rate · dL/dW, and the same for b.

        L is the cross-entropy of softmax(logits), averaged over the rows of X. Return L before the step, a float.
        """
        raise NotImplementedError

    def track_gradients(self) -> list[float]:
        """Return ‖dL/dW‖ of each layer in the last train_step, before its update: n_layers floats, first layer first.

        Use the Frobenius norm, the square root of the sum of squares. Extra: raise RuntimeError before the first
        train_step.
        """
        raise NotImplementedError


def experiment(
    X: np.ndarray, y: np.ndarray, activation: str, *, n_steps: int, learning_rate: float, batch_size: int, seed: int
) -> pd.DataFrame:
    """Train DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed) by calling its train_step n_steps times.

    For each step, draw a new random batch: exactly `batch_size` rows of X with their classes, with or without
    replacement. Different steps may share rows. The seed decides which rows are drawn (an extra).

    Return a frame with the columns step (from 0), layer (from 1), gradient_norm and loss, in this order. It has one row
    for each step and layer, sorted by step and then by layer. Each row has the loss of its step.
    """
    raise NotImplementedError


def plot_gradients(sigmoid: pd.DataFrame, relu: pd.DataFrame, path: str) -> None:
    """Draw two frames from experiment in one picture with matplotlib, and save it as a PNG file at `path`.

    Draw the gradient norms of at least the first and the last layer, either for each step or averaged over the steps,
    on a logarithmic axis. Label the x axis and the y axis. Write "sigmoid" and "ReLU" in titles, a legend or other
    texts.
    """
    raise NotImplementedError


def fixed_network(X: np.ndarray, y: np.ndarray, seed: int) -> DeepNetwork:
    """Return a DeepNetwork of 15 layers with ReLUs that has learned the digits X (n, 784), y (n,).

    Train it with its own train_step and nothing else: at most 1 500 steps in all, each on at most 128 digits. Width,
    batches and learning rates are up to you. Return it (or a copy) as its last step left it. The seed decides
    everything (an extra).
    """
    raise NotImplementedError


def main() -> None:
    """Train and compare both networks, draw their gradients, and train the fixed network."""
    from digits import load_digits  # supplied

    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("--data", default="mnist", help="mnist, or mnist-full after katas data fetch mnist-full")
    X, y = load_digits(options.parse_args().data)
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
    print(f"saved the picture as {os.path.abspath('gradients.png')}")
    right = fixed_network(X, y, seed=0).forward(X).argmax(axis=1) == y
    print(f"the fixed network gets {right.mean():.1%} of its own training digits right")


if __name__ == "__main__":
    main()
