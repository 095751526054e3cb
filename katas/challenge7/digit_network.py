"""Supplied: the digits, the trained network that you make small, and what its training needs."""

import os
from pathlib import Path
from types import ModuleType

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported: threads only slow down such small matrices

import numpy as np

Network = dict[str, np.ndarray]  # "W1" (hidden, 784), "b1" (hidden,), "W2" (10, hidden), "b2" (10,), in float32

HERE = Path(__file__).resolve().parent
TRAINED_ON = 3000  # the program trains on this many digits, and measures accuracies on the other 1000


def load_digits(name: str = "mnist") -> tuple[np.ndarray, np.ndarray]:
    """Return the images (4000, 784), one in each row, float32 from 0 (paper) to 1 (ink), and their int64 classes.

    "mnist-full" has all 60 000 training images, after `katas data fetch mnist-full`. The grader uses "mnist".
    """
    # A grader's worker finds the folder in the environment.
    folder = Path(os.environ.get(f"KATAS_DATA_{name.upper().replace('-', '_')}") or _made_folder(name))
    images = np.load(folder / "images.npy").reshape(-1, 28 * 28)
    return images.astype(np.float32) / 255, np.load(folder / "labels.npy")


def _made_folder(name: str) -> Path:
    """Return the data set's folder on this computer, which is created on first use."""
    from graders import datasets

    return datasets.folder(name)


def load_network(path: str | os.PathLike[str] = HERE / "network.npz") -> Network:
    """Return a trained network in float32; by default, the one that comes with this challenge (64 hidden units)."""
    with np.load(path) as file:
        return {name: file[name].astype(np.float32) for name in ("W1", "b1", "W2", "b2")}


def fresh_network(hidden: int, rng: np.random.Generator, inputs: int = 784, classes: int = 10) -> Network:
    """Return an untrained network in float32: He's weights, and biases of 0."""
    W1 = rng.normal(0, np.sqrt(2 / inputs), (hidden, inputs))
    W2 = rng.normal(0, np.sqrt(2 / hidden), (classes, hidden))
    network = {"W1": W1, "b1": np.zeros(hidden), "W2": W2, "b2": np.zeros(classes)}
    return {name: array.astype(np.float32) for name, array in network.items()}


def forward(network: Network, images: np.ndarray) -> np.ndarray:
    """Return the logits (n, 10) of images (n, 784)."""
    h = np.maximum(images @ network["W1"].T + network["b1"], 0)
    return h @ network["W2"].T + network["b2"]


def gradients(network: Network, images: np.ndarray, dlogits: np.ndarray) -> Network:
    """Return the gradients of a loss with respect to W1, b1, W2 and b2.

    `dlogits` (n, 10) is the gradient of that loss with respect to forward(network, images).
    """
    h = np.maximum(images @ network["W1"].T + network["b1"], 0)
    dz = (dlogits @ network["W2"]) * (h > 0)
    return {"W1": dz.T @ images, "b1": dz.sum(axis=0), "W2": dlogits.T @ h, "b2": dlogits.sum(axis=0)}


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of rows in which the label has the largest logit."""
    return float(np.mean(logits.argmax(axis=1) == labels))


def main(small: ModuleType, path: str | None = None) -> None:
    """Make a network small in several ways, print sizes and accuracies, and draw them: front.png.

    `path` is a network in a file. By default, it's your own from milestone 1 if there is one, or else the shipped one.
    """
    own = HERE.parent / "milestone1" / "network.npz"
    path = path or (own if own.exists() else HERE / "network.npz")
    network, (images, labels) = load_network(path), load_digits()
    seen, unseen = slice(TRAINED_ON), slice(TRAINED_ON, None)
    points = []

    def measure(name: str, parameters: Network, logits: np.ndarray) -> None:
        points.append((name, small.stored_bytes(parameters), accuracy(logits, labels[unseen])))
        print(f"{name:24}{points[-1][1]:9,} bytes   {points[-1][2]:.1%} right", flush=True)

    def both(name: str, parameters: Network) -> None:
        measure(name, parameters, forward(parameters, images[unseen]))
        quantized = small.quantize_network(parameters)
        measure(f"{name}, int8", quantized, small.integer_forward(quantized, images[unseen]))

    print(f"the network in {path}:")
    both("trained", network)
    for share in (0.8, 0.9, 0.95, 0.98):
        pruned = small.prune(network, share)
        measure(f"{share:.0%} pruned", pruned, forward(pruned, images[unseen]))
        both(f"{share:.0%} pruned and tuned", small.fine_tune(pruned, images[seen], labels[seen], seed=0))
    for hidden in (16, 8, 4):
        both(f"student of {hidden}", small.distill(network, images[seen], hidden=hidden, seed=0))
    print("on the front:", "; ".join(name for name, *_ in small.pareto_front(points)))
    picture = Path("front.png").resolve()
    small.plot_front(points, picture)
    print(f"{picture} shows them all")
