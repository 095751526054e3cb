# PyTorch tensors inside: autograd and Adam for both trainings, kl_div for the loss
import os
import sys

import digit_network
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F


def quantize(a):
    rows = torch.tensor(a)
    scale = rows.abs().amax(dim=1) / 127
    scale[scale == 0] = 1.0
    return torch.round(rows / scale[:, None]).to(torch.int8).numpy(), scale.numpy()


def dequantize(q, scale):
    return q.astype(np.float32) * scale.reshape(-1, 1)


def integer_product(x, w):
    return torch.matmul(torch.tensor(x).int(), torch.tensor(w).int().T).numpy()


def integer_layer(x, q, scale, b):
    xq, xs = quantize(x)
    return integer_product(xq, q) * np.outer(xs, scale) + b


def quantize_network(network):
    W1, scale1 = quantize(network["W1"])
    W2, scale2 = quantize(network["W2"])
    small = {"scale1": scale1, "b1": network["b1"], "scale2": scale2, "b2": network["b2"]}
    return {"W1": W1, "W2": W2} | {name: array.astype("float32") for name, array in small.items()}


def integer_forward(network, images):
    z = integer_layer(images, network["W1"], network["scale1"], network["b1"])
    return integer_layer(z * (z > 0), network["W2"], network["scale2"], network["b2"])


def stored_bytes(network):
    total = 0
    for array in network.values():
        size = array.dtype.itemsize
        total += min(size * array.size, -(-array.size // 8) + size * int((array != 0).sum()))
    return total


def prune(network, share):
    result = {name: array.copy() for name, array in network.items()}
    for name in ["W1", "W2"]:
        flat = torch.tensor(network[name]).abs().flatten()
        gone = torch.topk(flat, int(round(share * len(flat))), largest=False).indices.numpy()
        result[name].reshape(-1)[gone] = 0
    return result


def tensors(network):
    return {name: torch.tensor(array, dtype=torch.float32, requires_grad=True) for name, array in network.items()}


def logits_of(net, x):
    return F.linear(F.relu(F.linear(x, net["W1"], net["b1"])), net["W2"], net["b2"])


def fine_tune(network, images, labels, seed):
    generator = torch.Generator().manual_seed(seed)
    net, x, y = tensors(network), torch.tensor(images, dtype=torch.float32), torch.tensor(labels)
    masks = {name: (net[name] != 0).float() for name in ["W1", "W2"]}
    optimizer = torch.optim.Adam(net.values(), lr=0.003)
    for _ in range(8):
        for rows in torch.randperm(len(x), generator=generator).split(50):
            optimizer.zero_grad()
            F.cross_entropy(logits_of(net, x[rows]), y[rows]).backward()
            optimizer.step()
            with torch.no_grad():
                for name, mask in masks.items():
                    net[name].mul_(mask)
    return {name: value.detach().numpy() for name, value in net.items()}


def distillation_loss(student, teacher, temperature):
    z = torch.tensor(student, requires_grad=True)
    p = F.softmax(torch.tensor(teacher) / temperature, dim=1)
    loss = F.kl_div(F.log_softmax(z / temperature, dim=1), p, reduction="batchmean") * temperature**2
    (gradient,) = torch.autograd.grad(loss, z)
    return loss.item(), gradient.numpy()


def distill(teacher, images, hidden, seed):
    generator = torch.Generator().manual_seed(seed)
    net = tensors(digit_network.fresh_network(hidden, np.random.default_rng(seed)))
    x = torch.tensor(images, dtype=torch.float32)
    T = 3.0
    with torch.no_grad():
        targets = F.softmax(logits_of(tensors(teacher), x) / T, dim=1)
    optimizer = torch.optim.Adam(net.values(), lr=0.005)
    for _ in range(15):
        for rows in torch.randperm(len(x), generator=generator).split(50):
            optimizer.zero_grad()
            log_q = F.log_softmax(logits_of(net, x[rows]) / T, dim=1)
            (T * T * F.kl_div(log_q, targets[rows], reduction="batchmean")).backward()
            optimizer.step()
    return {name: value.detach().numpy() for name, value in net.items()}


def pareto_front(points):
    front = []
    for name, size, right in points:
        if all(size <= s or right > r or (size < s and right == r) for _, s, r in points if (s, r) != (size, right)):
            if not any(s == size and r > right for _, s, r in points):
                front.append((name, size, right))
    front.sort(key=lambda point: point[1])
    return front


def plot_front(points, path):
    fig, ax = plt.subplots()
    ax.scatter([p[1] / 1024 for p in points], [p[2] * 100 for p in points])
    front = pareto_front(points)
    ax.plot([p[1] / 1024 for p in front], [p[2] * 100 for p in front], "r--o")
    ax.set_xlabel("size [KiB]")
    ax.set_ylabel("accuracy [%]")
    fig.savefig(os.fspath(path), dpi=150)
    plt.close(fig)


if __name__ == "__main__":
    digit_network.main(sys.modules[__name__], *sys.argv[1:])
