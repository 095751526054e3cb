# nn.Linear in a ModuleList, SGD as the optimizer, epochs of shuffled digits
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from torch import nn


class DeepNetwork(nn.Module):
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        super().__init__()
        functions = {"sigmoid": torch.sigmoid, "relu": torch.relu}
        if activation not in functions:
            raise ValueError("activation must be sigmoid or relu")
        self.activation = functions[activation]
        sizes = [n_inputs, *([width] * (n_layers - 1)), n_classes]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.linears = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
            for linear in self.linears:
                if activation == "relu":
                    nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
                else:
                    nn.init.xavier_uniform_(linear.weight)
                nn.init.zeros_(linear.bias)
        self.gradients = None

    def logits(self, X):
        x = torch.tensor(X, dtype=torch.float32)
        for linear in self.linears[:-1]:
            x = self.activation(linear(x))
        return self.linears[-1](x)

    @torch.no_grad()
    def forward(self, X):
        return self.logits(X).numpy()

    def parameters(self):
        return [(m.weight.detach().numpy().copy(), m.bias.detach().numpy().copy()) for m in self.linears]

    def train_step(self, X, y, learning_rate):
        loss = nn.functional.cross_entropy(self.logits(X), torch.tensor(y))
        self.zero_grad_all()
        loss.backward()
        self.gradients = [m.weight.grad.norm().item() for m in self.linears]
        with torch.no_grad():
            for m in self.linears:
                m.weight -= learning_rate * m.weight.grad
                m.bias -= learning_rate * m.bias.grad
        return loss.item()

    def zero_grad_all(self):
        for m in self.linears:
            m.weight.grad = m.bias.grad = None

    def track_gradients(self):
        if self.gradients is None:
            raise RuntimeError("train first")
        return list(self.gradients)


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    network = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed)
    rng = np.random.RandomState(seed % 2**32)
    records = []
    for step in range(n_steps):
        rows = rng.choice(len(X), batch_size, replace=False)
        loss = network.train_step(X[rows], y[rows], learning_rate)
        records.extend([step, i + 1, g, loss] for i, g in enumerate(network.track_gradients()))
    return pd.DataFrame(records, columns=["step", "layer", "gradient_norm", "loss"])


def plot_gradients(sigmoid, relu, path):
    fig, ax = plt.subplots()
    for frame, name, style in [(sigmoid, "sigmoid", "-"), (relu, "ReLU", "--")]:
        for layer in (1, 8, 15):
            part = frame[frame.layer == layer]
            ax.plot(part.step, part.gradient_norm, style, label=f"{name} layer {layer}")
    ax.set(xlabel="training step", ylabel="gradient norm", yscale="log")
    ax.legend()
    fig.savefig(path, dpi=120)
    plt.close(fig)


def fixed_network(X, y, seed):
    network = DeepNetwork(15, "relu", n_inputs=X.shape[1], width=64, seed=seed)
    rng = np.random.RandomState(seed % 2**32)
    steps = 0
    while steps < 1000:
        order = rng.permutation(len(X))
        for start in range(0, len(X) - 63, 64):
            rows = order[start : start + 64]
            network.train_step(X[rows], y[rows], 0.1 * (1 - steps / 1000))
            steps += 1
            if steps == 1000:
                break
    return network
