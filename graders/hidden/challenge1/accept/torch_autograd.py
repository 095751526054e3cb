# torch tensors and autograd, float64 weights, norms as a tuple of NumPy floats
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        if activation == "sigmoid":
            self.activation, gain = torch.sigmoid, 1.0
        elif activation == "relu":
            self.activation, gain = torch.relu, math.sqrt(2)
        else:
            raise ValueError(f"unknown activation {activation}")
        g = torch.Generator()
        g.manual_seed(seed)
        self.Ws, self.bs, self.grads = [], [], None
        fan_in = n_inputs
        for i in range(n_layers):
            fan_out = n_classes if i == n_layers - 1 else width
            W = torch.randn(fan_out, fan_in, generator=g, dtype=torch.float64) * (gain / math.sqrt(fan_in))
            self.Ws.append(W.requires_grad_(True))
            self.bs.append(torch.zeros(fan_out, dtype=torch.float64, requires_grad=True))
            fan_in = fan_out

    def _forward(self, X):
        h = torch.as_tensor(np.ascontiguousarray(X), dtype=torch.float64)
        for i, (W, b) in enumerate(zip(self.Ws, self.bs)):
            h = F.linear(h, W, b)
            if i < len(self.Ws) - 1:
                h = self.activation(h)
        return h

    def forward(self, X):
        with torch.no_grad():
            return self._forward(X).numpy()

    def parameters(self):
        return [(W.detach().numpy(), b.detach().numpy()) for W, b in zip(self.Ws, self.bs)]

    def train_step(self, X, y, learning_rate):
        loss = F.cross_entropy(self._forward(X), torch.as_tensor(np.ascontiguousarray(y)))
        everything = self.Ws + self.bs
        grads = torch.autograd.grad(loss, everything)
        self.grads = grads[: len(self.Ws)]
        with torch.no_grad():
            for p, g in zip(everything, grads):
                p.sub_(learning_rate * g)
        return loss.item()

    def track_gradients(self):
        if self.grads is None:
            raise RuntimeError("train first")
        return tuple(np.float64(torch.linalg.vector_norm(g)) for g in self.grads)


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    net = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed)
    g = torch.Generator().manual_seed(seed)
    out = {"step": [], "layer": [], "gradient_norm": [], "loss": []}
    queue = []
    for step in range(n_steps):
        if not queue:
            epoch = torch.randperm(len(X), generator=g).split(batch_size)
            queue = [part.numpy() for part in epoch if len(part) == batch_size]  # no smaller one at the end
        index = queue.pop()
        loss = net.train_step(X[index], y[index], learning_rate)
        for layer, norm in enumerate(net.track_gradients()):
            out["step"].append(step)
            out["layer"].append(layer + 1)
            out["gradient_norm"].append(norm)
            out["loss"].append(loss)
    return pd.DataFrame(out)


def plot_gradients(sigmoid, relu, path):
    fig, ax = plt.subplots(figsize=(9, 5))
    for frame, name, cmap in ((sigmoid, "sigmoid", "Reds"), (relu, "relu", "Blues")):
        for layer in range(1, 16):
            rows = frame[frame["layer"] == layer]
            ax.plot(
                rows["step"], rows["gradient_norm"], color=plt.get_cmap(cmap)(0.2 + layer / 20), label=f"{name} {layer}"
            )
    ax.set_yscale("log")
    ax.set_xlabel("step")
    ax.set_ylabel("gradient norm")
    ax.legend(ncol=3, fontsize=6)
    fig.savefig(path)
    plt.close(fig)


def fixed_network(X, y, seed):
    g = torch.Generator().manual_seed(seed)
    net = DeepNetwork(15, "relu", width=32, seed=seed)
    for i in range(1200):
        index = torch.randint(len(X), (128,), generator=g).numpy()
        net.train_step(X[index], y[index], 0.05)
    return net
