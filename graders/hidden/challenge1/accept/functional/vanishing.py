"""Pure functions over a list of (W, b); the class only holds the state."""

from functools import partial, reduce
from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

# activation -> (function of z, slope as a function of the output a, variance of the weights)
PHI = {
    "sigmoid": (lambda z: 0.5 * (1 + np.tanh(z / 2)), lambda a: a - a * a, lambda i, o: 2 / (i + o)),
    "relu": (partial(np.maximum, 0), np.sign, lambda i, o: 2 / i),
    "tanh": (np.tanh, lambda a: 1 - a * a, lambda i, o: 2 / (i + o)),
}


def init(sizes, variance, rng):
    return [(np.sqrt(variance(i, o)) * rng.standard_normal((o, i)), np.zeros(o)) for i, o in pairwise(sizes)]


def affine(a, layer):
    W, b = layer
    return a @ W.T + b


def inputs_of(params, phi, X):
    """What goes into each layer."""
    return reduce(lambda seen, layer: [*seen, phi(affine(seen[-1], layer))], params[:-1], [X])


def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def value_and_grad(params, phi, slope, X, y):
    seen = inputs_of(params, phi, X)
    logp = log_softmax(affine(seen[-1], params[-1]))
    loss = -logp[np.arange(len(y)), y].mean()
    delta = (np.exp(logp) - np.eye(logp.shape[1])[y]) / len(y)

    def back(carry, pair):
        delta, grads = carry
        a, (W, _) = pair
        return (delta @ W) * slope(a), [(delta.T @ a, delta.sum(0)), *grads]

    _, grads = reduce(back, list(zip(seen, params))[::-1], (delta, []))
    return loss, grads


def sgd(params, grads, rate):
    return [(W - rate * dW, b - rate * db) for (W, b), (dW, db) in zip(params, grads)]


def batches(n, size, count, seed):
    rng = np.random.default_rng([seed, 1])
    return (rng.permutation(n)[:size] for _ in range(count))


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        try:
            self.phi, self.slope, variance = PHI[activation]
        except KeyError:
            raise ValueError(f"activation {activation!r}: choose from {', '.join(PHI)}") from None
        sizes = [n_inputs, *[width] * (n_layers - 1), n_classes]
        self.params = init(sizes, variance, np.random.default_rng(seed))
        self.grads = None

    def forward(self, X):
        return affine(inputs_of(self.params, self.phi, X)[-1], self.params[-1])

    def parameters(self):
        return self.params

    def train_step(self, X, y, learning_rate):
        loss, self.grads = value_and_grad(self.params, self.phi, self.slope, X, y)
        self.params = sgd(self.params, self.grads, learning_rate)
        return loss

    def track_gradients(self):
        if self.grads is None:
            raise RuntimeError("no train_step so far")
        return [np.linalg.norm(dW) for dW, _ in self.grads]


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    net = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed)

    def rows(step, batch):
        loss = net.train_step(X[batch], y[batch], learning_rate)
        return [(step, k, norm, loss) for k, norm in enumerate(net.track_gradients(), 1)]

    steps = enumerate(batches(len(X), batch_size, n_steps, seed))
    table = [row for step, batch in steps for row in rows(step, batch)]
    return pd.DataFrame(table, columns=["step", "layer", "gradient_norm", "loss"])


def plot_gradients(sigmoid, relu, path):
    fig, axes = plt.subplots(2, 1, sharex=True, figsize=(7, 8))
    for ax, name, frame in zip(axes, ["sigmoid", "ReLU"], [sigmoid, relu]):
        frame.pivot(index="step", columns="layer", values="gradient_norm").plot(
            ax=ax, logy=True, title=name, colormap="viridis", legend=False, ylabel="gradient norm"
        )
    axes[1].set_xlabel("step")
    fig.savefig(path)
    plt.close(fig)


def fixed_network(X, y, seed):
    n_steps = 1000
    net = DeepNetwork(15, "relu", n_inputs=X.shape[1], width=64, seed=seed)
    for step, batch in enumerate(batches(len(X), 64, n_steps, seed)):
        net.train_step(X[batch], y[batch], 0.1 * (1 - step / n_steps))
    return net


def main():
    from digits import load_digits

    X, y = load_digits()
    frames = [
        experiment(X, y, name, n_steps=200, learning_rate=0.05, batch_size=64, seed=0) for name in ("sigmoid", "relu")
    ]
    for frame in frames:
        print(frame[frame.step == 0].gradient_norm.iloc[[0, 4, 9, 14]].tolist(), frame.loss.iloc[[0, -1]].tolist())
    plot_gradients(*frames, "gradients.png")
    print((fixed_network(X, y, 0).forward(X).argmax(1) == y).mean())


if __name__ == "__main__":
    main()
