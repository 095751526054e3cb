# a torch.nn.Module inside, with kaiming_normal_, backward and an optimizer; parameters() returns live arrays
import numpy as np
import pandas as pd
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import nn


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        try:
            kind = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}[activation]
        except KeyError:
            raise ValueError(activation) from None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            sizes = [n_inputs] + [width] * (n_layers - 1) + [n_classes]
            self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
            for linear in self.linears:
                if activation == "relu":
                    nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
                else:
                    nn.init.xavier_uniform_(linear.weight)
        parts = []
        for linear in self.linears:
            parts += [linear, kind()]
        self.model = nn.Sequential(*parts[:-1])
        self.norms = []

    def forward(self, X):
        with torch.no_grad():
            return self.model(torch.tensor(X, dtype=torch.float32)).numpy()

    def parameters(self):
        return [(linear.weight.detach().numpy(), linear.bias.detach().numpy()) for linear in self.linears]

    def train_step(self, X, y, learning_rate):
        optimizer = torch.optim.SGD(self.model.parameters(), lr=learning_rate)
        loss = nn.CrossEntropyLoss()(self.model(torch.tensor(X, dtype=torch.float32)), torch.tensor(y))
        optimizer.zero_grad()
        loss.backward()
        self.norms = [linear.weight.grad.norm().item() for linear in self.linears]
        optimizer.step()
        return loss.item()

    def track_gradients(self):
        if not self.norms:
            raise RuntimeError("there was no step yet")
        return np.array(self.norms, dtype=np.float32)


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    network = DeepNetwork(activation=activation, n_inputs=X.shape[1], seed=seed)
    order = np.random.RandomState(seed % 2**32)
    rows = []
    for step in range(n_steps):
        batch = order.permutation(len(X))[:batch_size]
        loss = network.train_step(X[batch], y[batch], learning_rate)
        rows.append(
            pd.DataFrame(
                {
                    "step": step,
                    "layer": range(1, 16),
                    "gradient_norm": network.track_gradients().astype(float),
                    "loss": loss,
                }
            )
        )
    return pd.concat(rows)


def plot_gradients(sigmoid, relu, path):
    figure = Figure(figsize=(8, 6))
    canvas = FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, sharex=True)
    for axes, frame, name in ((upper, sigmoid, "SIGMOID"), (lower, relu, "RELU")):
        for layer, rows in frame.groupby("layer"):
            axes.loglog(rows["step"] + 1, rows["gradient_norm"])
        axes.set_ylabel(f"{name}: gradient norm")
    lower.set_xlabel("step + 1")
    canvas.print_png(path)


def fixed_network(X, y, seed):
    torch_rng = torch.Generator().manual_seed(seed)
    network = DeepNetwork(15, "relu", n_inputs=X.shape[1], width=100, seed=seed)
    step = 0
    while step < 1500:
        for batch in torch.randperm(len(X), generator=torch_rng).split(50):
            network.train_step(X[batch], y[batch], 0.05 if step < 1000 else 0.01)
            step += 1
            if step == 1500:
                break
    return network
