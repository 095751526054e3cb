"""Challenge 1: gradients that vanish on their way through fourteen sigmoids, but pass through ReLUs."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported: small networks are slower on several threads

import argparse
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure
from progress import shown

LAYERS = 15
STEPS, BATCH, WIDTH, LEARNING_RATE = 1000, 64, 64, 0.1  # for fixed_network

FUNCTIONS = {  # a = φ(z), and φ'(z) as a function of a
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "relu": (lambda z: np.maximum(z, 0), lambda a: a > 0),
}
VARIANCES = {  # of the initial weights (fan_out, fan_in): Xavier's and He's
    "sigmoid": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "relu": lambda fan_in, _: 2 / fan_in,  # ReLU removes half of the squared length, so double it
}


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        if activation not in FUNCTIONS:
            raise ValueError(f"unknown activation {activation!r}; use one of {', '.join(FUNCTIONS)}")
        self.n_layers = n_layers
        self.activation = activation
        self.phi, self.slope = FUNCTIONS[activation]
        rng = np.random.default_rng(seed)
        sizes = [n_inputs, *[width] * (n_layers - 1), n_classes]
        self.layers = []
        for fan_in, fan_out in pairwise(sizes):
            W = np.sqrt(VARIANCES[activation](fan_in, fan_out)) * rng.standard_normal((fan_out, fan_in))
            self.layers.append((W.astype(np.float32), np.zeros(fan_out, np.float32)))
        self.norms = None

    def forward(self, X):
        return self._activations(X)[-1]

    def _activations(self, X):
        """Return the input of each layer, and the logits: n_layers + 1 arrays."""
        *hidden, (W_last, b_last) = self.layers
        A = [np.asarray(X, dtype=np.float32)]
        for W, b in hidden:
            A.append(self.phi(A[-1] @ W.T + b))
        return [*A, A[-1] @ W_last.T + b_last]

    def parameters(self):
        return list(self.layers)

    def train_step(self, X, y, learning_rate):
        *A, logits = self._activations(X)
        rows = np.arange(len(y))
        log_p = logits - logits.max(axis=1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))

        delta = np.exp(log_p)  # dL/dz of the last layer: (p - one-hot y) / n
        delta[rows, y] -= 1
        delta /= len(y)
        gradients = []
        for (W, _), a in zip(self.layers[::-1], A[::-1], strict=True):
            gradients.insert(0, (delta.T @ a, delta.sum(axis=0)))
            delta = (delta @ W) * self.slope(a)  # dL/dz of the layer below; not used after the first layer

        self.norms = [float(np.linalg.norm(dW)) for dW, _ in gradients]
        self.layers = [
            (W - learning_rate * dW, b - learning_rate * db)
            for (W, b), (dW, db) in zip(self.layers, gradients, strict=True)
        ]
        return float(-log_p[rows, y].mean())

    def track_gradients(self):
        if self.norms is None:
            raise RuntimeError("no gradients yet; call train_step first")
        return list(self.norms)


def batches(X, y, batch_size, n_steps, seed):
    """Yield n_steps batches, each with rows drawn anew; the seed decides which rows."""
    rng = np.random.default_rng([seed, 1])  # a different stream from the one that draws the weights
    for _ in range(n_steps):
        rows = rng.choice(len(X), batch_size, replace=False)
        yield X[rows], y[rows]


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    network = DeepNetwork(LAYERS, activation, n_inputs=X.shape[1], seed=seed)
    records = []
    with shown(activation, total=n_steps) as tell:
        for step, (X_batch, y_batch) in enumerate(batches(X, y, batch_size, n_steps, seed)):
            loss = network.train_step(X_batch, y_batch, learning_rate)
            records += [(step, layer, norm, loss) for layer, norm in enumerate(network.track_gradients(), start=1)]
            tell(step + 1, loss, gradients=network.track_gradients())
    return pd.DataFrame(records, columns=["step", "layer", "gradient_norm", "loss"])


def plot_gradients(sigmoid, relu, path):
    figure = Figure(figsize=(9, 4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, name, frame in zip(panels, ("sigmoid", "ReLU"), (sigmoid, relu), strict=True):
        norms = frame.pivot(index="step", columns="layer", values="gradient_norm")
        for layer, norm in norms.items():
            colour = colormaps["viridis"](0.9 * layer / norms.columns.max())
            axes.semilogy(norm.index, norm, color=colour, label=f"layer {layer}")
        axes.set(title=name, xlabel="step")
    panels[0].set_ylabel("norm of the gradient of W")
    panels[1].legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path)


def fixed_network(X, y, seed):
    network = DeepNetwork(LAYERS, "relu", n_inputs=X.shape[1], width=WIDTH, seed=seed)
    with shown("fixed network", total=STEPS) as tell:
        for step, (X_batch, y_batch) in enumerate(batches(X, y, BATCH, STEPS, seed)):
            tell(step + 1, network.train_step(X_batch, y_batch, LEARNING_RATE * (1 - step / STEPS)))
    return network


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
