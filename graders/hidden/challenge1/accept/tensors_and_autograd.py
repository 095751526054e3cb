# torch tensors, autograd and updates under no_grad; a bar chart of the first step
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        if activation == "sigmoid":
            self.act = torch.sigmoid
        elif activation == "relu":
            self.act = torch.relu
        else:
            raise ValueError(activation)
        g = torch.Generator().manual_seed(seed)
        dims = [n_inputs] + [width] * (n_layers - 1) + [n_classes]
        self.layers = []
        for i, o in zip(dims[:-1], dims[1:]):
            std = (2 / i) ** 0.5 if activation == "relu" else (1 / i) ** 0.5
            W = (torch.randn(o, i, generator=g) * std).requires_grad_()
            b = torch.zeros(o, requires_grad=True)
            self.layers.append((W, b))
        self.norms = []

    def _logits(self, X):
        h = torch.as_tensor(X, dtype=torch.float32)
        for i, (W, b) in enumerate(self.layers):
            h = h @ W.T + b
            if i < len(self.layers) - 1:
                h = self.act(h)
        return h

    def forward(self, X):
        return self._logits(X).detach().numpy()

    def parameters(self):
        return [(W.detach().numpy(), b.detach().numpy()) for W, b in self.layers]

    def train_step(self, X, y, learning_rate):
        loss = F.cross_entropy(self._logits(X), torch.as_tensor(y))
        flat = [t for pair in self.layers for t in pair]
        grads = torch.autograd.grad(loss, flat)
        self.norms = [float(g.norm()) for g in grads[::2]]
        with torch.no_grad():
            for t, g in zip(flat, grads):
                t -= learning_rate * g
        return loss.item()

    def track_gradients(self):
        if not self.norms:
            raise RuntimeError("no step has been taken")
        return self.norms


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    torch_rng = np.random.default_rng(seed)
    net = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed)
    table = {"step": [], "layer": [], "gradient_norm": [], "loss": []}
    for step in range(n_steps):
        batch = torch_rng.choice(len(X), size=batch_size, replace=False)
        loss = net.train_step(X[batch], y[batch], learning_rate)
        for layer, norm in enumerate(net.track_gradients(), 1):
            table["step"].append(step)
            table["layer"].append(layer)
            table["gradient_norm"].append(norm)
            table["loss"].append(loss)
    return pd.DataFrame(table)


def plot_gradients(sigmoid, relu, path):
    plt.figure()
    for name, frame in [("sigmoid", sigmoid), ("ReLU", relu)]:
        mean = frame.groupby("layer")["gradient_norm"].mean()
        plt.semilogy(mean.index, mean.values, "o-", label=name)
    plt.xlabel("layer")
    plt.ylabel("mean gradient norm")
    plt.legend()
    plt.savefig(path)
    plt.close()


def fixed_network(X, y, seed):
    net = DeepNetwork(15, "relu", n_inputs=X.shape[1], width=64, seed=seed)
    rng = np.random.default_rng(seed)
    for _ in range(1400):
        batch = rng.choice(len(X), 100, replace=False)
        net.train_step(X[batch], y[batch], 0.05)
    return net
