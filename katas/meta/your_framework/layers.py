"""The layers of torch.nn. Tasks layers and convolution.

U(low, high) is the uniform distribution. If a gradient isn't written out, it follows from the operations that you have;
write it by hand if that's faster or numerically more stable.
"""

from .module import Module


class Linear(Module):
    """y = x Wᵀ + b: x (…, in_features) to y (…, out_features).

    Parameters: weight (out_features, in_features), bias (out_features,) or None; both initially U(-1/√in, 1/√in).
    RuntimeError with both shapes if x has a different number of features.
    """

    def __init__(self, in_features, out_features, bias=True):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class Conv2d(Module):
    """Cross-correlation of images (n, in_channels, h, w) with kernels: (n, out_channels, h', w').

        y[n, o, i, j] = b[o] + Σ over c, p, q of W[o, c, p, q] · x[n, c', i·stride + p·dilation, j·stride + q·dilation]

    x is padded with zeros; h' = ⌊(h + 2·padding - dilation·(kernel - 1) - 1) / stride⌋ + 1. With groups, the channels
    are divided into that many parts, and each part of the outputs uses its own part of the inputs. kernel_size, stride,
    padding and dilation: an int, or a pair for height and width.

    Parameters: weight (out_channels, in_channels / groups, kernel height, kernel width), bias (out_channels,) or None;
    both initially U(-1/√f, 1/√f), f = in_channels / groups · kernel height · kernel width. Derive ∂x, ∂W, ∂b.
    RuntimeError if the images have a different number of channels or are smaller than the kernel; ValueError if groups
    doesn't divide both numbers of channels.
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


Conv2D = Conv2d


class MaxPool2d(Module):
    """The largest element of every window: (n, c, h, w) to (n, c, h', w'), h' as in Conv2d.

    ∂x is g at the largest element (extra `corners`: the first, if several are equal). The default stride is the kernel
    size. The padding, at most half of the kernel size, is never the largest element.
    """

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class AvgPool2d(Module):
    """The mean of every window, with padding counted as zeros: (n, c, h, w) to (n, c, h', w')."""

    def __init__(self, kernel_size, stride=None, padding=0):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class Flatten(Module):
    """x.flatten(start_dim, end_dim): (n, c, h, w) to (n, c·h·w)."""

    def __init__(self, start_dim=1, end_dim=-1):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, x):
        raise NotImplementedError


class LeakyReLU(Module):
    """x if it is positive, else negative_slope · x."""

    def __init__(self, negative_slope=0.01):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class ELU(Module):
    """x if it is positive, else alpha · (eˣ - 1)."""

    def __init__(self, alpha=1.0):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class GELU(Module):
    """x · Φ(x), Φ(x) = (1 + erf(x/√2)) / 2; with approximate="tanh" x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).

    NumPy has no erf; math.erf takes one number at a time. The result must be exact to 1e-14 in float64.
    """

    def __init__(self, approximate="none"):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class Sigmoid(Module):
    """1 / (1 + e⁻ˣ)."""

    def forward(self, x):
        raise NotImplementedError


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, x):
        raise NotImplementedError


class Softmax(Module):
    """x.softmax(dim)."""

    def __init__(self, dim=None):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class Dropout(Module):
    """In training, each element becomes 0 with probability p, else x / (1 - p); every call draws anew.

    ∂x is 0 or g / (1 - p) at the same places. In evaluation, the output is x itself. ValueError for p outside 0 to 1.
    """

    def __init__(self, p=0.5):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class LayerNorm(Module):
    """(x - mean) / √(variance + eps) · weight + bias over the last axes, of shape normalized_shape (an int or a tuple).

    The variance is divided by n. Parameters: weight (ones) and bias (zeros) of shape normalized_shape, or both None.
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class BatchNorm1d(Module):
    """LayerNorm's formula, but over all axes except the channels: x (n, num_features) or (n, num_features, l).

    Training uses the mean and variance (divided by n) of the batch. It also moves the buffers running_mean and
    running_var towards the batch's mean and variance (divided by n - 1) by the fraction `momentum`, and adds 1 to the
    buffer num_batches_tracked. Evaluation uses the running mean and variance. Parameters: weight (ones) and bias
    (zeros), both (num_features,), or both None. The buffers start at 0, 1 and 0 (int64), in this order.
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class BatchNorm2d(Module):
    """BatchNorm1d for images (n, num_features, h, w)."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class Embedding(Module):
    """Rows of a table: indices (…) to (…, embedding_dim). IndexError for an index that doesn't exist.

    Parameter: weight (num_embeddings, embedding_dim), initially standard normal. ∂weight: add the gradient g
    of every index to its row.
    """

    def __init__(self, num_embeddings, embedding_dim):
        raise NotImplementedError

    def forward(self, indices):
        raise NotImplementedError
