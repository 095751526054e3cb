import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd


class DeepNetwork:
    def __init__(self, n_layers=15, activation="sigmoid", *, n_inputs=784, width=32, n_classes=10, seed=0):
        np.random.seed(seed)
        self.n_layers = n_layers
        self.activation = activation
        self.weights = []
        self.biases = []
        for i in range(n_layers):
            if i == 0:
                fan_in = n_inputs
            else:
                fan_in = width
            if i == n_layers - 1:
                fan_out = n_classes
            else:
                fan_out = width
            if activation == "sigmoid":
                W = np.random.randn(fan_out, fan_in) * np.sqrt(2 / (fan_in + fan_out))
            else:
                W = np.random.randn(fan_out, fan_in) * np.sqrt(2 / fan_in)
            b = np.zeros(fan_out)
            self.weights.append(W)
            self.biases.append(b)
        self.gradient_norms = []

    def activate(self, z):
        if self.activation == "sigmoid":
            return 1 / (1 + np.exp(-z))
        else:
            return np.where(z > 0, z, 0)

    def slope(self, z):
        if self.activation == "sigmoid":
            a = 1 / (1 + np.exp(-z))
            return a * (1 - a)
        else:
            return np.where(z > 0, 1, 0)

    def forward(self, X):
        # remember everything, the backward pass needs it
        self.inputs = []
        self.zs = []
        a = X
        for i in range(self.n_layers):
            self.inputs.append(a)
            z = np.dot(a, self.weights[i].T) + self.biases[i]
            self.zs.append(z)
            if i < self.n_layers - 1:
                a = self.activate(z)
            else:
                a = z
        return a

    def parameters(self):
        result = []
        for i in range(self.n_layers):
            result.append((self.weights[i], self.biases[i]))
        return result

    def train_step(self, X, y, learning_rate):
        n = X.shape[0]
        logits = self.forward(X)

        exps = np.exp(logits - np.max(logits, axis=1).reshape(n, 1))
        probs = exps / np.sum(exps, axis=1).reshape(n, 1)
        loss = 0
        for i in range(n):
            loss = loss - np.log(probs[i, y[i]])
        loss = loss / n

        one_hot = np.zeros(probs.shape)
        for i in range(n):
            one_hot[i, y[i]] = 1
        delta = (probs - one_hot) / n

        dW = {}
        db = {}
        for i in range(self.n_layers - 1, -1, -1):
            dW[i] = np.dot(delta.T, self.inputs[i])
            db[i] = np.sum(delta, axis=0)
            if i > 0:
                delta = np.dot(delta, self.weights[i]) * self.slope(self.zs[i - 1])

        self.gradient_norms = []
        for i in range(self.n_layers):
            self.gradient_norms.append(np.sqrt(np.sum(dW[i] ** 2)))
            self.weights[i] = self.weights[i] - learning_rate * dW[i]
            self.biases[i] = self.biases[i] - learning_rate * db[i]
        return loss

    def track_gradients(self):
        return self.gradient_norms


def experiment(X, y, activation, *, n_steps, learning_rate, batch_size, seed):
    network = DeepNetwork(15, activation, n_inputs=X.shape[1], seed=seed)
    steps = []
    layers = []
    norms = []
    losses = []
    for step in range(n_steps):
        rows = np.random.randint(0, len(X), batch_size)
        loss = network.train_step(X[rows], y[rows], learning_rate)
        gradients = network.track_gradients()
        for i in range(15):
            steps.append(step)
            layers.append(i + 1)
            norms.append(gradients[i])
            losses.append(loss)
    return pd.DataFrame({"step": steps, "layer": layers, "gradient_norm": norms, "loss": losses})


def plot_gradients(sigmoid, relu, path):
    plt.figure(figsize=(10, 6))
    for layer in [1, 5, 10, 15]:
        part = sigmoid[sigmoid["layer"] == layer]
        plt.plot(part["step"], part["gradient_norm"], label="sigmoid, layer " + str(layer))
    for layer in [1, 5, 10, 15]:
        part = relu[relu["layer"] == layer]
        plt.plot(part["step"], part["gradient_norm"], "--", label="ReLU, layer " + str(layer))
    plt.yscale("log")
    plt.xlabel("step")
    plt.ylabel("gradient norm")
    plt.legend()
    plt.savefig(path)
    plt.close()


def fixed_network(X, y, seed):
    network = DeepNetwork(15, "relu", n_inputs=X.shape[1], width=64, seed=seed)
    for step in range(1500):
        rows = np.random.randint(0, len(X), 64)
        if step < 1000:
            network.train_step(X[rows], y[rows], 0.05)
        else:
            network.train_step(X[rows], y[rows], 0.01)
    return network


def main():
    from digits import load_digits

    X, y = load_digits()
    frames = {}
    for activation in ("sigmoid", "relu"):
        frames[activation] = experiment(X, y, activation, n_steps=200, learning_rate=0.05, batch_size=64, seed=0)
        fresh = frames[activation].query("step == 0").set_index("layer")["gradient_norm"]
        print(f"{activation}: first layer / last layer = {fresh[1] / fresh[15]:.1e}")
        print(frames[activation]["loss"].iloc[0], frames[activation]["loss"].iloc[-1])
    plot_gradients(frames["sigmoid"], frames["relu"], "gradients.png")
    print(f"saved the picture as {os.path.abspath('gradients.png')}")
    right = fixed_network(X, y, seed=0).forward(X).argmax(axis=1) == y
    print(f"the fixed network gets {right.mean():.1%} of its own training digits right")


if __name__ == "__main__":
    main()
