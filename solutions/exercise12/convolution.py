"""Exercise 12: convolution and max pooling."""

import numpy as np


def conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, stride: int = 1, padding: int = 0
) -> np.ndarray:
    """Return y (n, channels_out, rows, columns): for each place, the kernel times what it covers, summed.

    Each of the kernel's kh · kw cells sees its own shifted copy of the picture, and mixes its channels.
    """
    x = pad(x, padding)
    y = 0.0 if bias is None else bias[:, None, None]
    for a, b in np.ndindex(weight.shape[2:]):
        y = y + np.einsum("ncij,oc->noij", seen(x, a, b, weight.shape[2:], stride), weight[:, :, a, b])
    return y


def conv2d_gradient(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: int = 1, padding: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dx, dweight and dbias. For each cell of the kernel, they are the gradients of an affine layer."""
    x = pad(x, padding)
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for a, b in np.ndindex(weight.shape[2:]):
        dweight[:, :, a, b] = np.einsum("noij,ncij->oc", dy, seen(x, a, b, weight.shape[2:], stride))
        share = seen(dx, a, b, weight.shape[2:], stride)
        share += np.einsum("noij,oc->ncij", dy, weight[:, :, a, b])  # a view, so this adds to dx itself
    height, width = x.shape[2:]
    return dx[:, :, padding : height - padding, padding : width - padding], dweight, dy.sum(axis=(0, 2, 3))


def max_pool2d(x: np.ndarray, size: int, stride: int | None = None) -> np.ndarray:
    """Return the largest number of each window (n, channels, rows, columns)."""
    return cells(x, size, stride).max(axis=0)


def max_pool2d_gradient(dy: np.ndarray, x: np.ndarray, size: int, stride: int | None = None) -> np.ndarray:
    """Return dx: each number of dy goes to the cell where its window had the maximum, the first one in a tie."""
    winner = cells(x, size, stride).argmax(axis=0)
    dx = np.zeros_like(x)
    for number, (a, b) in enumerate(np.ndindex(size, size)):
        share = seen(dx, a, b, (size, size), stride or size)
        share += np.where(winner == number, dy, 0)
    return dx


def cells(x: np.ndarray, size: int, stride: int | None) -> np.ndarray:
    """Return what each cell of the window sees, (size · size, n, channels, rows, columns)."""
    return np.stack([seen(x, a, b, (size, size), stride or size) for a, b in np.ndindex(size, size)])


def seen(x: np.ndarray, a: int, b: int, window: tuple[int, int], stride: int) -> np.ndarray:
    """Return a view of x: the number that cell (a, b) of the window covers at each of its places."""
    height, width = x.shape[2] - window[0] + 1, x.shape[3] - window[1] + 1
    return x[:, :, a : a + height : stride, b : b + width : stride]


def pad(x: np.ndarray, padding: int) -> np.ndarray:
    """Return a copy of x with zeros on all four sides of every picture."""
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
