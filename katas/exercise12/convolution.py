"""Exercise 12: convolution and max pooling."""

import numpy as np


def conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, stride: int = 1, padding: int = 0
) -> np.ndarray:
    """Slide every kernel over every picture, and return the weighted sums of what it covers.

    Arguments:
        x: a batch of pictures, shape (n, channels_in, height, width).
        weight: one kernel for each output channel, shape (channels_out, channels_in, kh, kw).
        bias: one constant for each output channel, shape (channels_out,). None means all 0.
        stride: how far the kernel moves from one place to the next, down and to the right; 1 or more.
        padding: how many rows or columns of zeros are added on each of the four sides; 0 or more.

    Returns:
        y, shape (n, channels_out, rows, columns), with rows = (height + 2 padding - kh) // stride + 1, and the same for
        columns. The kernel is not flipped, and it is never larger than the padded picture.

    For extra points: float32 gives float32; transposed and sliced arrays work; a call changes neither its arguments nor
    an earlier result; no Python loop over the samples (the task `speed`).

    torch.nn.functional.conv2d(x, weight, bias, stride, padding) computes the same array.
    Source: LeCun et al., Gradient-based learning applied to document recognition, 1998
    """
    raise NotImplementedError


def conv2d_gradient(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: int = 1, padding: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of a loss L with respect to x, weight and bias of y = conv2d(x, weight, bias, …).

    Arguments:
        dy: dL/dy, the gradient of the loss with respect to the result, with the shape of the result,
            (n, channels_out, rows, columns).
        x, weight, stride, padding: as they were passed to conv2d.

    Returns:
        (dx, dweight, dbias), in this order:
        dx has the shape of x, without the padding. It is 0 where no kernel has been.
        dweight has the shape of weight. It is a sum over the samples and over all places.
        dbias has shape (channels_out,). It is a sum over the samples and over all places, with or without a bias.

    For extra points: as for conv2d, except that loops are fine.

    These are the gradients that PyTorch's autograd computes for torch.nn.functional.conv2d.
    """
    raise NotImplementedError


def max_pool2d(x: np.ndarray, size: int, stride: int | None = None) -> np.ndarray:
    """Return the largest number in each window of size by size numbers, for each channel on its own.

    Arguments:
        x: a batch of pictures, shape (n, channels, height, width).
        size: the height and the width of a window; not larger than the picture.
        stride: how far the window moves from one place to the next. None means size: the windows don't overlap.

    Returns:
        y, shape (n, channels, rows, columns), with rows = (height - size) // stride + 1, and the same for columns. A
        window that would run over the edge is left out.

    For extra points: as for conv2d, except that loops are fine.

    torch.nn.functional.max_pool2d(x, size, stride) computes the same array.
    """
    raise NotImplementedError


def max_pool2d_gradient(dy: np.ndarray, x: np.ndarray, size: int, stride: int | None = None) -> np.ndarray:
    """Return dx, the gradient of a loss L with respect to x of y = max_pool2d(x, size, stride).

    Arguments:
        dy: dL/dy, the gradient of the loss with respect to the result, shape (n, channels, rows, columns).
        x, size, stride: as they were passed to max_pool2d.

    Returns:
        dx, with the shape of x. If a window has several equal maxima, you may choose which of them gets the gradient,
        or share it among them.

    For extra points: as for conv2d, except that loops are fine.

    This is the gradient that PyTorch's autograd computes for torch.nn.functional.max_pool2d.
    """
    raise NotImplementedError
