# NumPy by hand, with a dictionary of activations that also has tanh; batches from a permutation
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

ACTIVATIONS = {
    "sigmoid": (lambda z: 1.0 / (1.0 + np.exp(-z)), lambda a: a * (1 - a)),
    "relu": (lambda z: np.maximum(0, z), lambda a: (a > 0).astype(float)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
}


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        if activation not in ACTIVATIONS:
            raise ValueError(f"unknown activation {activation}")
        self.f, self.df = ACTIVATIONS[activation]
        rng = np.random.default_rng(seed)
        sizes = [n_inputs] + [width] * (n_layers - 1) + [n_classes]
        self.W, self.b = [], []
        for i in range(n_layers):
            fan_in, fan_out = sizes[i], sizes[i + 1]
            std = np.sqrt(2 / fan_in) if activation == "relu" else np.sqrt(2 / (fan_in + fan_out))
            self.W.append(rng.normal(0, std, (fan_out, fan_in)))
            self.b.append(np.zeros(fan_out))
        self.grad_norms = None

    def forward(self, X):
        a = X
        for W, b in zip(self.W[:-1], self.b[:-1]):
            a = self.f(a @ W.T + b)
        return a @ self.W[-1].T + self.b[-1]

    def parameters(self):
        return [(W.copy(), b.copy()) for W, b in zip(self.W, self.b)]

    def train_step(self, X, y, learning_rate):
        a = [X]
        for W, b in zip(self.W[:-1], self.b[:-1]):
            a.append(self.f(a[-1] @ W.T + b))
        logits = a[-1] @ self.W[-1].T + self.b[-1]
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        n = len(X)
        loss = -np.log(p[np.arange(n), y]).mean()
        dz = p.copy()
        dz[np.arange(n), y] -= 1
        dz /= n
        dW, db = [None] * len(self.W), [None] * len(self.W)
        for k in range(len(self.W) - 1, -1, -1):
            dW[k] = dz.T @ a[k]
            db[k] = dz.sum(axis=0)
            if k > 0:
                dz = (dz @ self.W[k]) * self.df(a[k])
        self.grad_norms = [np.linalg.norm(g) for g in dW]
        for k in range(len(self.W)):
            self.W[k] -= learning_rate * dW[k]
            self.b[k] -= learning_rate * db[k]
        return loss

    def track_gradients(self):
        if self.grad_norms is None:
            raise RuntimeError("call train_step first")
        return self.grad_norms


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    net = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed)
    rng = np.random.default_rng(seed)
    rows = []
    for step in range(n_steps):
        idx = rng.permutation(len(X))[:batch_size]
        loss = net.train_step(X[idx], y[idx], learning_rate)
        for layer, norm in enumerate(net.track_gradients()):
            rows.append({"step": step, "layer": layer + 1, "gradient_norm": norm, "loss": loss})
    return pd.DataFrame(rows)


def plot_gradients(sigmoid, relu, path):
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for ax, df, title in ((left, sigmoid, "sigmoid"), (right, relu, "ReLU")):
        for layer, group in df.groupby("layer"):
            ax.plot(group["step"], group["gradient_norm"], label=f"layer {layer}")
        ax.set_yscale("log")
        ax.set_title(title)
        ax.set_xlabel("step")
        ax.set_ylabel("gradient norm")
    right.legend(fontsize=6)
    fig.savefig(path)
    plt.close(fig)


def fixed_network(X, y, seed):
    net = DeepNetwork(15, "relu", width=64, seed=seed)
    rng = np.random.default_rng(seed + 1)
    for step in range(1200):
        idx = rng.integers(0, len(X), 64)
        net.train_step(X[idx], y[idx], 0.1 if step < 800 else 0.02)
    return net
