import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {sorted(ACTIVATIONS)}")
        gen = torch.Generator().manual_seed(seed)
        modules = []
        self.linears = []
        dim = n_inputs
        for i in range(n_layers):
            out = n_classes if i == n_layers - 1 else width
            lin = nn.Linear(dim, out)
            if activation == "relu":
                nn.init.kaiming_normal_(lin.weight, nonlinearity="relu", generator=gen)
            else:
                nn.init.xavier_normal_(lin.weight, generator=gen)
            nn.init.zeros_(lin.bias)
            self.linears.append(lin)
            modules.append(lin)
            if i < n_layers - 1:
                modules.append(ACTIVATIONS[activation]())
            dim = out
        self.net = nn.Sequential(*modules)
        self._norms = None

    def _tensor(self, X):
        return torch.as_tensor(X, dtype=torch.float32)

    @torch.no_grad()
    def forward(self, X):
        return self.net(self._tensor(X)).numpy()

    def parameters(self):
        return [(l.weight.detach().numpy().copy(), l.bias.detach().numpy().copy()) for l in self.linears]

    def train_step(self, X, y, learning_rate):
        opt = torch.optim.SGD(self.net.parameters(), lr=learning_rate)
        opt.zero_grad()
        loss = F.cross_entropy(self.net(self._tensor(X)), torch.as_tensor(y, dtype=torch.long))
        loss.backward()
        self._norms = [l.weight.grad.norm().item() for l in self.linears]
        opt.step()
        return loss.item()

    def track_gradients(self):
        if self._norms is None:
            raise RuntimeError("no train_step yet")
        return list(self._norms)


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    net = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed)
    gen = torch.Generator().manual_seed(seed)
    records = []
    for step in range(n_steps):
        idx = torch.randperm(len(X), generator=gen)[:batch_size].numpy()
        loss = net.train_step(X[idx], y[idx], learning_rate)
        records += [
            {"step": step, "layer": k + 1, "gradient_norm": g, "loss": loss}
            for k, g in enumerate(net.track_gradients())
        ]
    return pd.DataFrame(records)


def plot_gradients(sigmoid, relu, path):
    fig, ax = plt.subplots(figsize=(8, 5))
    for frame, name, color in ((sigmoid, "sigmoid", "tab:red"), (relu, "ReLU", "tab:blue")):
        mean = frame.groupby("layer")["gradient_norm"].mean()
        ax.semilogy(mean.index, mean.values, "o-", color=color, label=name)
    ax.set(xlabel="layer", ylabel="mean ||dL/dW||", title="Gradient norm by layer")
    ax.grid(alpha=0.3)
    ax.legend()
    fig.savefig(path, dpi=120)
    plt.close(fig)


def fixed_network(X, y, seed):
    net = DeepNetwork(15, "relu", n_inputs=X.shape[1], width=64, seed=seed)
    gen = torch.Generator().manual_seed(seed)
    total = 1500
    for step in range(total):
        lr = 0.1 * 0.5 * (1 + np.cos(np.pi * step / total))
        idx = torch.randint(len(X), (128,), generator=gen).numpy()
        net.train_step(X[idx], y[idx], lr)
    return net


def main():
    from digits import load_digits

    X, y = load_digits()
    frames = {}
    for act in ("sigmoid", "relu"):
        f = frames[act] = experiment(X, y, act, n_steps=200, learning_rate=0.05, batch_size=64, seed=0)
        g = f[f.step == 0].set_index("layer").gradient_norm
        print(act, f"first {g[1]:.2e} last {g[15]:.2e} ratio {g[1] / g[15]:.1e}",
              f"loss {f.loss.iloc[0]:.3f} -> {f[f.step >= 190].loss.mean():.3f}")
    plot_gradients(frames["sigmoid"], frames["relu"], "gradients.png")
    acc = (fixed_network(X, y, 0).forward(X).argmax(1) == y).mean()
    print(f"fixed, training digits: {acc:.3f}")


if __name__ == "__main__":
    main()
