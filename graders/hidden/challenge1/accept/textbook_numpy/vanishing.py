"""Challenge 1 in NumPy, straight from the formulas of the README."""

import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        if activation not in ("sigmoid", "relu"):
            raise ValueError(f"unknown activation {activation!r}")
        self.n_layers = n_layers
        self.activation = activation
        rng = np.random.default_rng(seed)
        sizes = [n_inputs] + [width] * (n_layers - 1) + [n_classes]
        self.W = []
        self.b = []
        for fan_in, fan_out in zip(sizes[:-1], sizes[1:]):
            if activation == "relu":
                std = np.sqrt(2.0 / fan_in)  # He
            else:
                std = np.sqrt(2.0 / (fan_in + fan_out))  # Xavier
            self.W.append(rng.normal(0.0, std, size=(fan_out, fan_in)))
            self.b.append(np.zeros(fan_out))
        self.norms = None

    def _phi(self, Z):
        if self.activation == "relu":
            return np.maximum(Z, 0.0)
        return 1.0 / (1.0 + np.exp(-Z))

    def _phi_prime(self, A):
        if self.activation == "relu":
            return (A > 0).astype(float)
        return A * (1.0 - A)

    def _forward(self, X):
        activations = [X]
        A = X
        for W, b in zip(self.W[:-1], self.b[:-1]):
            A = self._phi(A @ W.T + b)
            activations.append(A)
        return activations, A @ self.W[-1].T + self.b[-1]

    def forward(self, X):
        return self._forward(X)[1]

    def parameters(self):
        return list(zip(self.W, self.b))

    def train_step(self, X, y, learning_rate):
        n = len(X)
        activations, logits = self._forward(X)
        P = softmax(logits)
        loss = -np.mean(np.log(P[np.arange(n), y]))
        delta = P.copy()
        delta[np.arange(n), y] -= 1.0
        delta /= n

        dWs = [None] * self.n_layers
        dbs = [None] * self.n_layers
        for k in reversed(range(self.n_layers)):
            dWs[k] = delta.T @ activations[k]
            dbs[k] = delta.sum(axis=0)
            if k > 0:
                delta = (delta @ self.W[k]) * self._phi_prime(activations[k])

        self.norms = [float(np.linalg.norm(dW)) for dW in dWs]
        for k in range(self.n_layers):
            self.W[k] -= learning_rate * dWs[k]
            self.b[k] -= learning_rate * dbs[k]
        return float(loss)

    def track_gradients(self):
        if self.norms is None:
            raise RuntimeError("call train_step first")
        return self.norms


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    network = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed)
    rng = np.random.default_rng(seed)
    rows = []
    for step in range(n_steps):
        batch = rng.choice(len(X), size=batch_size, replace=False)
        loss = network.train_step(X[batch], y[batch], learning_rate)
        for layer, norm in enumerate(network.track_gradients(), start=1):
            rows.append((step, layer, norm, loss))
    return pd.DataFrame(rows, columns=["step", "layer", "gradient_norm", "loss"])


def plot_gradients(sigmoid, relu, path):
    fig, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True)
    for ax, frame, title in zip(axes, (sigmoid, relu), ("sigmoid", "ReLU")):
        table = frame.pivot(index="step", columns="layer", values="gradient_norm")
        colors = plt.cm.viridis(np.linspace(0, 1, table.shape[1]))
        for color, layer in zip(colors, table.columns):
            ax.plot(table.index, table[layer], color=color, label=f"layer {layer}")
        ax.set_yscale("log")
        ax.set_xlabel("step")
        ax.set_ylabel("gradient norm")
        ax.set_title(title)
    axes[1].legend(fontsize=6)
    fig.tight_layout()
    fig.savefig(path)
    plt.close(fig)


def fixed_network(X, y, seed):
    network = DeepNetwork(15, "relu", width=64, n_inputs=X.shape[1], seed=seed)
    rng = np.random.default_rng(seed)
    n_steps = 1500
    for step in range(n_steps):
        learning_rate = 0.1 * (1 - step / n_steps)
        batch = rng.choice(len(X), size=128, replace=False)
        network.train_step(X[batch], y[batch], learning_rate)
    return network


def main():
    from digits import load_digits

    X, y = load_digits()
    frames = {}
    for activation in ("sigmoid", "relu"):
        frames[activation] = experiment(X, y, activation, n_steps=200, learning_rate=0.05, batch_size=64, seed=0)
        fresh = frames[activation].query("step == 0").set_index("layer")["gradient_norm"]
        print(f"{activation}: first layer / last layer = {fresh[1] / fresh[15]:.1e}")
        print(fresh.to_string())
        print(frames[activation].groupby("step").loss.first().iloc[[0, 50, 100, 199]])
    plot_gradients(frames["sigmoid"], frames["relu"], "gradients.png")
    print(f"saved the picture as {os.path.abspath('gradients.png')}")
    right = fixed_network(X, y, seed=0).forward(X).argmax(axis=1) == y
    print(f"the fixed network gets {right.mean():.1%} of its own training digits right")


if __name__ == "__main__":
    main()
