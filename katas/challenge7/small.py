"""Challenge 7: make a trained network small, and find out what that costs.

    katas run challenge7

quantises, prunes and distils a network that reads digits, prints sizes and accuracies, and draws them: front.png.
"""

import os
import sys

import digit_network  # supplied: load_digits, load_network, fresh_network, forward, gradients, accuracy
import numpy as np

Network = dict[str, np.ndarray]  # "W1" (hidden, 784), "b1" (hidden,), "W2" (10, hidden), "b2" (10,), in float32
Point = tuple[str, int, float]  # a name, the bytes, and the accuracy from 0 to 1


def quantize(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return q and scale, so that q[i] · scale[i] is as close to row i of `a` as int8 allows.

    Arguments:
        a: float32 or float64, shape (n, k) with at least one row and one column. Rows of zeros may occur.

    Returns:
        q: int8, shape (n, k), from -127 to 127: a / scale, rounded to the nearest integer. Either neighbour of a half
            is right.
        scale: float32 or float64, shape (n,): the largest absolute value of each row, divided by 127. For a row of
            zeros, any positive number.
    """
    raise NotImplementedError


def dequantize(q: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return the floats (n, k) that q (n, k), int8, represents with one scale for each row (n,)."""
    raise NotImplementedError


def integer_product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return x wᵀ, int32, shape (n, m), for x (n, k) and w (m, k), both int8. Every element is exact.

    You may compute it in another dtype that is exact, such as float64, and convert it.
    """
    raise NotImplementedError


def integer_layer(x: np.ndarray, q: np.ndarray, scale: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the affine layer x Wᵀ + b as floats (n, m). The product is one of integers.

    Arguments:
        x: floats, shape (n, k). Its rows are quantised as in `quantize`, each with its own scale.
        q, scale: the weights W as `quantize` returns them, shapes (m, k) and (m,).
        b: floats, shape (m,).
    """
    raise NotImplementedError


def quantize_network(network: Network) -> Network:
    """Return a dict with "W1" and "W2" in int8, and "scale1", "b1", "scale2" and "b2" in float32.

    The network may be in float32 or float64. Each row of W1 and W2 gets its own scale.
    """
    raise NotImplementedError


def integer_forward(network: Network, images: np.ndarray) -> np.ndarray:
    """Return the logits (n, 10) of a quantised network: an integer layer, a ReLU, and another integer layer."""
    raise NotImplementedError


def stored_bytes(network: Network) -> int:
    """Return the number of bytes that all arrays of a dict take together.

    An array of n elements of s bytes each takes n · s bytes in full. Without its zeros it takes n / 8 bytes, rounded
    up, for a mask with one bit for each element, and s bytes for each element that isn't 0. The smaller number counts,
    for each array on its own.
    """
    raise NotImplementedError


def prune(network: Network, share: float) -> Network:
    """Return the network with this share (between 0 and 1) of W1 and this share of W2 set to 0.

    These are the weights with the smallest absolute values; of equal ones, any. Their number is share · size, rounded
    up or down. Weights that were already 0 count. Other weights and the biases stay as they are.
    """
    raise NotImplementedError


def fine_tune(network: Network, images: np.ndarray, labels: np.ndarray, seed: int) -> Network:
    """Return the network after more training on images (n, 784) with labels (n,). Zeros in W1 and W2 stay 0.

    It's in float32, or in float64, which takes twice the bytes. A bias that is 0 may learn. You choose the method, the
    learning rate and the number of epochs. All randomness comes from the seed.
    """
    raise NotImplementedError


def distillation_loss(student: np.ndarray, teacher: np.ndarray, temperature: float) -> tuple[float, np.ndarray]:
    """Return how far the student's answers are from the teacher's, and the gradient with respect to the student's.

    The loss is T² · mean over the rows of Σ p · log(p / q), with p = softmax(teacher / T), q = softmax(student / T) and
    T the temperature.

    Arguments:
        student, teacher: logits, float64, shape (n, classes).

    Returns:
        The loss as a float, and its gradient (n, classes) with respect to `student`.
    """
    raise NotImplementedError


def distill(teacher: Network, images: np.ndarray, hidden: int, seed: int) -> Network:
    """Return a network with this many hidden units that has learned from the teacher's logits for images (n, 784).

    It's a dict as `fresh_network` returns it, in float32. There are no labels. You choose the method, the temperature,
    the learning rate and the number of epochs. All randomness comes from the seed.
    """
    raise NotImplementedError


def pareto_front(points: list[Point]) -> list[Point]:
    """Return the points that no other point dominates, from the smallest to the largest number of bytes.

    A point dominates another if it is at least as small and at least as accurate, and better in one of the two. So
    equal points don't dominate each other: both are on the front or neither is.
    """
    raise NotImplementedError


def plot_front(points: list[Point], path: str | os.PathLike[str]) -> None:
    """Save a PNG file: every point with its size to the right and its accuracy upwards, and a line through the front.

    Both axes have a label. You choose the units (bytes, kB, %, …), the scales and everything else.
    """
    raise NotImplementedError


if __name__ == "__main__":
    digit_network.main(sys.modules[__name__], *sys.argv[1:])
