import numpy as np, pandas as pd, torch
import matplotlib.pyplot as plt
from torch.nn.functional import cross_entropy


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        torch.manual_seed(seed)
        self.f = getattr(torch, activation)
        s = [n_inputs] + [width] * (n_layers - 1) + [n_classes]
        self.p = []
        for i, o in zip(s, s[1:]):
            v = 2 / i if activation == "relu" else 2 / (i + o)
            self.p += [((torch.randn(o, i) * v**0.5).requires_grad_(), torch.zeros(o, requires_grad=True))]

    def _f(self, X):
        a = torch.tensor(X).float()
        for W, b in self.p[:-1]:
            a = self.f(a @ W.T + b)
        W, b = self.p[-1]
        return a @ W.T + b

    def forward(self, X):
        return self._f(X).detach().numpy()

    def parameters(self):
        return [(W.detach().numpy(), b.detach().numpy()) for W, b in self.p]

    def train_step(self, X, y, learning_rate):
        flat = [t for pair in self.p for t in pair]
        loss = cross_entropy(self._f(X), torch.tensor(y))
        g = torch.autograd.grad(loss, flat)
        self.g = [float(d.norm()) for d in g[::2]]
        with torch.no_grad():
            for t, d in zip(flat, g):
                t -= learning_rate * d
        return float(loss)

    def track_gradients(self):
        return self.g


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    net, out = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed), []
    for s in range(n_steps):
        i = torch.randperm(len(X))[:batch_size]
        loss = net.train_step(X[i], y[i], learning_rate)
        out += [(s, k, g, loss) for k, g in enumerate(net.track_gradients(), 1)]
    return pd.DataFrame(out, columns=["step", "layer", "gradient_norm", "loss"])


def plot_gradients(sigmoid, relu, path):
    for f, n in (sigmoid, "sigmoid"), (relu, "ReLU"):
        for k in 1, 15:
            plt.semilogy(f[f.layer == k].gradient_norm.values, label=f"{n} {k}")
    plt.legend(), plt.xlabel("step"), plt.ylabel("‖dL/dW‖")
    plt.savefig(path), plt.close()


def fixed_network(X, y, seed):
    net = DeepNetwork(15, "relu", width=64, seed=seed)
    for s in range(800):
        i = torch.randperm(len(X))[:64]
        net.train_step(X[i], y[i], 0.05 if s < 600 else 0.01)
    return net


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
