import itertools

import matplotlib.pyplot as plt
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class DeepNetwork(nn.Module):
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        act = {"sigmoid": nn.Sigmoid(), "relu": nn.ReLU()}[activation]
        layers = []
        for k in range(n_layers):
            lin = nn.Linear(n_inputs if k == 0 else width, n_classes if k == n_layers - 1 else width)
            if activation == "relu":
                nn.init.kaiming_uniform_(lin.weight, nonlinearity="relu")
            else:
                nn.init.xavier_uniform_(lin.weight)
            layers += [lin, act]
        self.net = nn.Sequential(*layers[:-1])
        self.criterion = nn.CrossEntropyLoss()
        self.grads = []

    def linears(self):
        return [m for m in self.net if isinstance(m, nn.Linear)]

    def forward(self, X):
        return self.net(torch.as_tensor(X, dtype=torch.float32)).detach().numpy()

    def parameters(self):
        return [(m.weight.detach().clone().numpy(), m.bias.detach().clone().numpy()) for m in self.linears()]

    def train_step(self, X, y, learning_rate):
        optimizer = torch.optim.SGD(self.net.parameters(), lr=learning_rate)
        optimizer.zero_grad()
        loss = self.criterion(self.net(torch.as_tensor(X, dtype=torch.float32)), torch.as_tensor(y))
        loss.backward()
        self.grads = [m.weight.grad.norm().item() for m in self.linears()]
        optimizer.step()
        return loss.item()

    def track_gradients(self):
        return self.grads


def endless(X, y, batch_size):
    loader = DataLoader(TensorDataset(torch.tensor(X), torch.tensor(y)), batch_size, shuffle=True, drop_last=True)
    while True:
        yield from loader


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    model = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed)
    history = []
    for step, (xb, yb) in enumerate(itertools.islice(endless(X, y, batch_size), n_steps)):
        loss = model.train_step(xb, yb, learning_rate)
        for layer, norm in enumerate(model.track_gradients()):
            history.append({"step": step, "layer": layer + 1, "gradient_norm": norm, "loss": loss})
    return pd.DataFrame(history)


def plot_gradients(sigmoid, relu, path):
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for ax, df, name in [(left, sigmoid, "sigmoid"), (right, relu, "ReLU")]:
        groups = [g.gradient_norm.to_numpy() for _, g in df.groupby("layer")]
        ax.boxplot(groups)
        ax.set_yscale("log")
        ax.set_title(name)
        ax.set_xlabel("layer")
        ax.set_ylabel("gradient norm")
    plt.savefig(path)
    plt.close()


def fixed_network(X, y, seed):
    model = DeepNetwork(15, "relu", n_inputs=X.shape[1], width=64, seed=seed)
    lr = 0.1
    for step, (xb, yb) in enumerate(itertools.islice(endless(X, y, 64), 1200)):
        if step == 900:
            lr = 0.01
        model.train_step(xb, yb, lr)
    return model


def main():
    from digits import load_digits

    X, y = load_digits()
    fs = [experiment(X, y, a, n_steps=200, learning_rate=0.05, batch_size=64, seed=0) for a in ("sigmoid", "relu")]
    for f in fs:
        print(f[f.step == 0].gradient_norm.values[[0, -1]], f.loss.values[[0, -1]])
    plot_gradients(*fs, "gradients.png")
    print((fixed_network(X, y, 0).forward(X).argmax(1) == y).mean())


if __name__ == "__main__":
    main()
