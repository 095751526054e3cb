"""Every layer is one matrix: the bias is its last column, and what goes in has a column of ones.

All in float32, that is plenty. Tables with pandas.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd


def with_ones(A):
    return np.hstack([A, np.ones((len(A), 1), dtype=np.float32)]).astype(np.float32)


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        if activation not in ["sigmoid", "relu"]:
            raise ValueError("activation: sigmoid or relu")
        self.activation = activation
        rng = np.random.RandomState(seed)
        dims = [n_inputs] + (n_layers - 1) * [width] + [n_classes]
        self.layers = []
        for fan_in, fan_out in zip(dims, dims[1:]):
            # uniform on [-limit, limit] has the variance limit^2 / 3
            limit = np.sqrt(6 / fan_in) if activation == "relu" else np.sqrt(6 / (fan_in + fan_out))
            M = rng.uniform(-limit, limit, (fan_out, fan_in + 1))
            M[:, -1] = 0
            self.layers.append(M.astype("float32"))

    def forward(self, X):
        self.tape = []
        A = X
        for M in self.layers:
            A1 = with_ones(A)
            Z = A1 @ M.T
            self.tape.append((A1, Z))
            A = np.clip(Z, 0, None) if self.activation == "relu" else 1 / (1 + np.exp(-Z))
        return Z

    def parameters(self):
        return [(M[:, :-1], M[:, -1]) for M in self.layers]

    def train_step(self, X, y, learning_rate):
        Z = self.forward(X)
        n = len(y)
        Z = Z - Z.max(1, keepdims=True)
        logp = Z - np.log(np.exp(Z).sum(1, keepdims=True))
        loss = -logp[range(n), y].mean()
        D = np.exp(logp)
        D[range(n), y] -= 1
        D /= n
        gradients = []
        for k in range(len(self.layers) - 1, -1, -1):
            A1, _ = self.tape[k]
            gradients.insert(0, D.T @ A1)
            if k:
                A = A1[:, :-1]
                phi_ = (A > 0) if self.activation == "relu" else A * (1 - A)
                D = D @ self.layers[k][:, :-1] * phi_
        self.norms = pd.Series([np.sqrt((G[:, :-1] ** 2).sum()) for G in gradients], index=range(1, len(gradients) + 1))
        for M, G in zip(self.layers, gradients):
            M -= np.float32(learning_rate) * G
        return float(loss)

    def track_gradients(self):
        if not hasattr(self, "norms"):
            raise RuntimeError("train first")
        return self.norms.tolist()


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    data = pd.DataFrame(X)
    labels = pd.Series(y)
    net = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed)
    frames = []
    for step in range(n_steps):
        batch = data.sample(batch_size, random_state=seed + step)
        loss = net.train_step(batch.to_numpy(), labels[batch.index].to_numpy(), learning_rate)
        frames.append(
            pd.DataFrame({"step": step, "layer": range(1, 16), "gradient_norm": net.track_gradients(), "loss": loss})
        )
    return pd.concat(frames, ignore_index=True)


def plot_gradients(sigmoid, relu, path):
    both = pd.concat({"sigmoid": sigmoid, "ReLU": relu}, names=["network"]).reset_index("network")
    means = both.groupby(["layer", "network"]).gradient_norm.mean().unstack()
    ax = means.plot.bar(logy=True, figsize=(9, 5))
    ax.set_xlabel("layer")
    ax.set_ylabel("gradient norm, mean over steps")
    ax.figure.savefig(path)
    plt.close(ax.figure)


def fixed_network(X, y, seed):
    net = DeepNetwork(15, "relu", n_inputs=X.shape[1], width=64, seed=seed)
    rng = np.random.RandomState(seed)
    step = 0
    for epoch in range(15):
        order = rng.permutation(len(X))
        for start in range(0, len(X), 64):
            rows = order[start : start + 64]
            net.train_step(X[rows], y[rows], 0.1 if epoch < 8 else 0.03)
            step += 1
    return net


def main():
    from digits import load_digits

    X, y = load_digits()
    sigmoid = experiment(X, y, "sigmoid", n_steps=200, learning_rate=0.05, batch_size=64, seed=0)
    relu = experiment(X, y, "relu", n_steps=200, learning_rate=0.05, batch_size=64, seed=0)
    for frame in (sigmoid, relu):
        norms = frame[frame.step == 0].set_index("layer").gradient_norm
        print(norms.loc[[1, 5, 10, 15]].to_dict(), frame.loss.iloc[0], frame.loss.tail(150).mean())
    plot_gradients(sigmoid, relu, "gradients.png")
    print((fixed_network(X, y, 0).forward(X).argmax(axis=1) == y).mean())


if __name__ == "__main__":
    main()
