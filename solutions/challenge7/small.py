"""Challenge 7: make a trained network small, and find out what that costs."""

import os
import sys
from collections.abc import Callable

import digit_network  # supplied
import numpy as np
from digit_network import Network, forward, fresh_network, gradients
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BATCH = 50
EPOCHS = 20
LEARNING_RATE = 0.1
TEMPERATURE = 4.0


def quantize(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a (n, k) as int8, and the scale of each row."""
    largest = abs(a).max(axis=1)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.round(a / scale[:, None]).astype(np.int8), scale


def dequantize(q: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return the floats that q (n, k) represents."""
    return q * scale[:, None]


def integer_product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return x wᵀ in int32, for int8 arrays x (n, k) and w (m, k)."""
    return x.astype(np.int32) @ w.astype(np.int32).T


def integer_layer(x: np.ndarray, q: np.ndarray, scale: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the affine layer of x (n, k), with the weights q (m, k) in int8 and their scales (m,)."""
    x_q, x_scale = quantize(x)
    return integer_product(x_q, q) * x_scale[:, None] * scale + b


def quantize_network(network: Network) -> Network:
    """Return W1 and W2 in int8, scale1, scale2, b1 and b2 in float32."""
    small = {}
    for layer in ("1", "2"):
        small["W" + layer], small["scale" + layer] = quantize(network["W" + layer])
        small["b" + layer] = network["b" + layer].astype(np.float32)
    return small


def integer_forward(network: Network, images: np.ndarray) -> np.ndarray:
    """Return the logits of a quantised network."""
    h = np.maximum(integer_layer(images, network["W1"], network["scale1"], network["b1"]), 0)
    return integer_layer(h, network["W2"], network["scale2"], network["b2"])


def stored_bytes(network: Network) -> int:
    """Return the bytes of all arrays, each stored in full or as a bit mask and its non-zero elements."""
    return sum(min(a.nbytes, (a.size + 7) // 8 + np.count_nonzero(a) * a.itemsize) for a in network.values())


def prune(network: Network, share: float) -> Network:
    """Return the network with a share of the weights of each matrix at 0, those that are closest to 0."""
    pruned = dict(network)
    for name in ("W1", "W2"):
        order = np.argsort(abs(network[name]), axis=None)
        pruned[name] = network[name].copy()
        pruned[name].flat[order[: round(share * order.size)]] = 0
    return pruned


def fine_tune(network: Network, images: np.ndarray, labels: np.ndarray, seed: int) -> Network:
    """Return the network after more training on images (n, 784), in which weights of 0 stay 0."""

    def slope(logits: np.ndarray, rows: np.ndarray) -> np.ndarray:
        p = np.exp(_log_softmax(logits))
        p[np.arange(len(rows)), labels[rows]] -= 1
        return p / len(rows)

    return _trained(network, images, slope, np.random.default_rng(seed))


def distillation_loss(student: np.ndarray, teacher: np.ndarray, temperature: float) -> tuple[float, np.ndarray]:
    """Return the loss of the student's logits (n, classes), and its gradient with respect to them."""
    log_q, log_p = _log_softmax(student / temperature), _log_softmax(teacher / temperature)
    q, p = np.exp(log_q), np.exp(log_p)
    loss = temperature**2 * np.mean(np.sum(p * (log_p - log_q), axis=1))
    return float(loss), temperature * (q - p) / len(p)


def distill(teacher: Network, images: np.ndarray, hidden: int, seed: int) -> Network:
    """Return a smaller network that has learned the teacher's answers to images (n, 784)."""
    rng = np.random.default_rng(seed)
    answers = forward(teacher, images)

    def slope(logits: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return distillation_loss(logits, answers[rows], TEMPERATURE)[1]

    return _trained(fresh_network(hidden, rng), images, slope, rng)


def pareto_front(points: list[tuple[str, int, float]]) -> list[tuple[str, int, float]]:
    """Return the points that no other point dominates, the smallest first."""

    def dominated(point: tuple[str, int, float]) -> bool:
        _, size, right = point
        return any(s <= size and r >= right and (s < size or r > right) for _, s, r in points)

    return sorted((point for point in points if not dominated(point)), key=lambda point: point[1])


def plot_front(points: list[tuple[str, int, float]], path: str | os.PathLike[str]) -> None:
    """Draw every point, and a line through the front, into a PNG file."""
    figure = Figure()
    draw_front(figure.subplots(), points)
    figure.savefig(path)


def draw_front(axes: Axes, points: list[tuple[str, int, float]]) -> None:
    """Draw the points, and their front on top, joined by a line."""
    for chosen, style in ((points, "o"), (pareto_front(points), "o-")):
        axes.semilogx([size for _, size, _ in chosen], [100 * right for *_, right in chosen], style)
    axes.set(xlabel="bytes", ylabel="right answers in %")


def _trained(
    network: Network,
    images: np.ndarray,
    slope: Callable[[np.ndarray, np.ndarray], np.ndarray],
    rng: np.random.Generator,
) -> Network:
    """Return the network after stochastic gradient descent. `slope` gives the gradient of the logits of some rows."""
    network = {name: array.copy() for name, array in network.items()}
    kept = {name: network[name] != 0 for name in ("W1", "W2")}
    for _ in range(EPOCHS):
        order = rng.permutation(len(images))
        for start in range(0, len(images), BATCH):
            rows = order[start : start + BATCH]
            found = gradients(network, images[rows], slope(forward(network, images[rows]), rows))
            for name, array in network.items():
                array -= LEARNING_RATE * found[name]
            for name, mask in kept.items():
                network[name] *= mask
    return network


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


if __name__ == "__main__":
    digit_network.main(sys.modules[__name__], *sys.argv[1:])
