# torch.nn modules, DataLoaders, a pruner of torch.nn.utils and Adam with a cosine schedule
# independent
"""Challenge 7: make a trained network small, and find out what that costs.

katas run challenge7
"""

import math
import sys

import digit_network
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.prune import L1Unstructured
from torch.utils.data import DataLoader, TensorDataset

PARAMETERS = ("W1", "b1", "W2", "b2")


class Net(nn.Module):
    """The network of milestone 1 as a torch module."""

    def __init__(self, inputs, hidden, classes):
        super().__init__()
        self.fc1 = nn.Linear(inputs, hidden)
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))

    @classmethod
    def from_numpy(cls, network):
        hidden, inputs = network["W1"].shape
        net = cls(inputs, hidden, network["W2"].shape[0])
        with torch.no_grad():
            for parameter, name in zip(net.parameters(), PARAMETERS):
                parameter.copy_(torch.as_tensor(network[name]))
        return net

    def to_numpy(self):
        return {name: parameter.detach().numpy().copy() for parameter, name in zip(self.parameters(), PARAMETERS)}


# ---------------------------------------------------------------- quantisation


def quantize(a):
    a = torch.as_tensor(a)
    scale = a.abs().amax(dim=1) / 127
    scale[scale == 0] = 1.0
    q = torch.round(a / scale[:, None]).clamp(-127, 127).to(torch.int8)
    return q.numpy(), scale.numpy()


def dequantize(q, scale):
    return (torch.as_tensor(q) * torch.as_tensor(scale)[:, None]).numpy()


def integer_product(x, w):
    x = torch.as_tensor(x).to(torch.int32)
    w = torch.as_tensor(w).to(torch.int32)
    return (x @ w.T).numpy()


def integer_layer(x, q, scale, b):
    x_q, x_scale = quantize(x)
    total = torch.as_tensor(integer_product(x_q, q))
    x_scale, scale, b = torch.as_tensor(x_scale), torch.as_tensor(scale), torch.as_tensor(b)
    return (total * x_scale[:, None] * scale + b).numpy()


def quantize_network(network):
    quantized = {}
    for i in (1, 2):
        q, scale = quantize(network[f"W{i}"])
        quantized[f"W{i}"] = q
        quantized[f"scale{i}"] = scale.astype(np.float32)
        quantized[f"b{i}"] = network[f"b{i}"].astype(np.float32)
    return quantized


def integer_forward(network, images):
    h = integer_layer(images, network["W1"], network["scale1"], network["b1"])
    h = np.maximum(h, 0)
    return integer_layer(h, network["W2"], network["scale2"], network["b2"])


# --------------------------------------------------------------------- pruning


def stored_bytes(network):
    total = 0
    for array in network.values():
        sparse = math.ceil(array.size / 8) + int(np.count_nonzero(array)) * array.itemsize
        total += min(array.nbytes, sparse)
    return total


def prune(network, share):
    smallest = L1Unstructured(amount=float(share))
    pruned = {name: array.copy() for name, array in network.items()}
    for name in ("W1", "W2"):
        pruned[name] = smallest.prune(torch.as_tensor(pruned[name])).numpy()
    return pruned


def fine_tune(network, images, labels, seed):
    torch.manual_seed(seed)
    net = Net.from_numpy(network)
    masks = [(weight, weight.detach() != 0) for weight in (net.fc1.weight, net.fc2.weight)]
    loader = DataLoader(
        TensorDataset(torch.as_tensor(images, dtype=torch.float32), torch.as_tensor(labels, dtype=torch.long)),
        batch_size=64,
        shuffle=True,
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(15):
        for x, y in loader:
            loss = F.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for weight, mask in masks:
                    weight.mul_(mask)
    return net.to_numpy()


# ---------------------------------------------------------------- distillation


def kl(student, teacher, temperature):
    p = F.softmax(teacher / temperature, dim=1)
    log_q = F.log_softmax(student / temperature, dim=1)
    return temperature**2 * F.kl_div(log_q, p, reduction="batchmean")


def distillation_loss(student, teacher, temperature):
    student = torch.tensor(student, requires_grad=True)
    loss = kl(student, torch.as_tensor(teacher), temperature)
    loss.backward()
    return loss.item(), student.grad.numpy()


def distill(teacher, images, hidden, seed):
    torch.manual_seed(seed)
    images = torch.as_tensor(images, dtype=torch.float32)
    large = Net.from_numpy(teacher)
    with torch.no_grad():
        targets = large(images)
    net = Net(images.shape[1], hidden, targets.shape[1])
    loader = DataLoader(TensorDataset(images, targets), batch_size=64, shuffle=True)
    epochs = 30
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    for _ in range(epochs):
        for x, target in loader:
            loss = kl(net(x), target, temperature=3.0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return net.to_numpy()


# ------------------------------------------------------------------- the front


def pareto_front(points):
    front = []
    for point in sorted(points, key=lambda p: (p[1], -p[2])):
        if not front or point[2] > front[-1][2] or point[1:] == front[-1][1:]:
            front.append(point)
    return front


def plot_front(points, path):
    front = pareto_front(points)
    fig, ax = plt.subplots(figsize=(8, 5))
    ax.scatter([p[1] / 1000 for p in points], [100 * p[2] for p in points], color="tab:gray", label="all networks")
    ax.plot([p[1] / 1000 for p in front], [100 * p[2] for p in front], color="tab:red", marker="o", label="front")
    for name, size, acc in front:
        ax.annotate(name, (size / 1000, 100 * acc), xytext=(4, -10), textcoords="offset points", fontsize=7)
    ax.set_xscale("log")
    ax.set_xlabel("size in kB")
    ax.set_ylabel("accuracy in %")
    ax.grid(alpha=0.3)
    ax.legend()
    fig.savefig(path, dpi=120)
    plt.close(fig)


if __name__ == "__main__":
    digit_network.main(sys.modules[__name__], *sys.argv[1:])
