# NumPy throughout: np.outer of the scales, masked gradients, momentum and a temperature of 2
# independent
"""Challenge 7: make a trained network small, and find out what that costs."""

import os
import sys

import digit_network
import matplotlib.pyplot as plt
import numpy as np
from digit_network import forward, fresh_network, gradients

Network = dict[str, np.ndarray]
Point = tuple[str, int, float]


# --- quantisation -----------------------------------------------------------


def quantize(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    largest = np.abs(a).max(axis=1)
    scale = np.where(largest > 0, largest / 127, 1)
    q = np.rint(a / scale[:, None]).astype(np.int8)
    return q, scale


def dequantize(q: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return q * scale[:, None]


def integer_product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return x.astype(np.int32) @ w.astype(np.int32).T


def integer_layer(x: np.ndarray, q: np.ndarray, scale: np.ndarray, b: np.ndarray) -> np.ndarray:
    x_q, x_scale = quantize(x)
    return integer_product(x_q, q) * np.outer(x_scale, scale) + b


def quantize_network(network: Network) -> Network:
    small = {}
    for layer in "12":
        q, scale = quantize(network["W" + layer])
        small["W" + layer] = q
        small["scale" + layer] = scale.astype(np.float32)
        small["b" + layer] = network["b" + layer].astype(np.float32)
    return small


def integer_forward(network: Network, images: np.ndarray) -> np.ndarray:
    hidden = integer_layer(images, network["W1"], network["scale1"], network["b1"])
    hidden = np.maximum(hidden, 0)
    return integer_layer(hidden, network["W2"], network["scale2"], network["b2"])


def stored_bytes(network: Network) -> int:
    total = 0
    for array in network.values():
        full = array.size * array.itemsize
        sparse = (array.size + 7) // 8 + np.count_nonzero(array) * array.itemsize
        total += min(full, sparse)
    return int(total)


# --- pruning ----------------------------------------------------------------


def prune(network: Network, share: float) -> Network:
    pruned = {name: array.copy() for name, array in network.items()}
    for name in ("W1", "W2"):
        W = pruned[name]
        smallest_first = np.argsort(np.abs(W), axis=None)
        W.flat[smallest_first[: round(share * W.size)]] = 0
    return pruned


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def fine_tune(network: Network, images: np.ndarray, labels: np.ndarray, seed: int) -> Network:
    rng = np.random.default_rng(seed)
    network = {name: array.copy() for name, array in network.items()}
    masks = {name: network[name] != 0 for name in ("W1", "W2")}
    one_hot = np.eye(10)[labels]
    for _ in range(12):
        order = rng.permutation(len(images))
        for start in range(0, len(images), 50):
            batch = order[start : start + 50]
            dlogits = (softmax(forward(network, images[batch])) - one_hot[batch]) / len(batch)
            for name, gradient in gradients(network, images[batch], dlogits).items():
                network[name] -= 0.1 * gradient * masks.get(name, 1)
    return network


# --- distillation -----------------------------------------------------------


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def distillation_loss(student: np.ndarray, teacher: np.ndarray, temperature: float) -> tuple[float, np.ndarray]:
    log_p = log_softmax(teacher / temperature)
    log_q = log_softmax(student / temperature)
    p, q = np.exp(log_p), np.exp(log_q)
    n = len(student)
    loss = temperature**2 * np.sum(p * (log_p - log_q)) / n
    return float(loss), temperature / n * (q - p)


def distill(teacher: Network, images: np.ndarray, hidden: int, seed: int) -> Network:
    rng = np.random.default_rng(seed)
    student = fresh_network(hidden, rng)
    answers = forward(teacher, images)
    rate, momentum = 0.05, 0.9
    velocity = {name: np.zeros_like(array) for name, array in student.items()}
    for _ in range(20):
        order = rng.permutation(len(images))
        for start in range(0, len(images), 50):
            batch = order[start : start + 50]
            _, dlogits = distillation_loss(forward(student, images[batch]), answers[batch], temperature=2)
            for name, gradient in gradients(student, images[batch], dlogits).items():
                velocity[name] = momentum * velocity[name] - rate * gradient
                student[name] += velocity[name]
    return student


# --- the front --------------------------------------------------------------


def pareto_front(points: list[Point]) -> list[Point]:
    def dominates(a: Point, b: Point) -> bool:
        return a[1] <= b[1] and a[2] >= b[2] and (a[1] < b[1] or a[2] > b[2])

    front = [p for p in points if not any(dominates(other, p) for other in points)]
    return sorted(front, key=lambda p: p[1])


def plot_front(points: list[Point], path: str | os.PathLike[str]) -> None:
    front = pareto_front(points)
    figure, axes = plt.subplots()
    axes.scatter([p[1] / 1000 for p in points], [100 * p[2] for p in points], color="gray", label="all networks")
    axes.plot([p[1] / 1000 for p in front], [100 * p[2] for p in front], "o-", color="crimson", label="the front")
    axes.set_xscale("log")
    axes.set_xlabel("size in kB")
    axes.set_ylabel("unseen digits read correctly in %")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path)
    plt.close(figure)


if __name__ == "__main__":
    digit_network.main(sys.modules[__name__], *sys.argv[1:])
