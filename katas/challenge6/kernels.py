"""Challenge 6: write GPU kernels in Triton, and run them without a GPU."""

import meter  # it runs kernels on the CPU
import torch
import triton
import triton.language as tl


def add(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return x + y for two contiguous vectors of the same length.

    Arguments:
        x, y: shape (n,), float32, contiguous.

    Returns:
        A new tensor (n,). Each element of x and y is loaded once, and each element of the result is stored once.
    """
    raise NotImplementedError


def softmax(x: torch.Tensor) -> torch.Tensor:
    """Return the softmax of each row, as torch.softmax(x, dim=1) does.

    Arguments:
        x: shape (m, n), float32, n at most 1024. Rows may be further apart than n: use x.stride(0). x.stride(1) is 1.

    Returns:
        A new tensor (m, n). Each element of x is loaded once, and each element of the result is stored once.
        Elements may be ±1000.
    """
    raise NotImplementedError


def matmul(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the matrix product of a and b, computed tile by tile.

    Arguments:
        a: shape (m, k); b: shape (k, n); float32. Both may have any strides; a transposed matrix, for instance.

    Returns:
        A new tensor (m, n). Each element of a is loaded at most n/8 times, each element of b at most m/8 times. For
        sizes that aren't multiples of 16, README has the exact limits.
    """
    raise NotImplementedError


def layer_norm(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normalise each row, as torch.nn.functional.layer_norm does.

    Arguments:
        x: shape (m, n), float32, n at most 1024. Rows may be further apart than n: use x.stride(0). x.stride(1) is 1.
        weight, bias: shape (n,), contiguous.
        eps: is added to the variance, which is the mean of the squared deviations.

    Returns:
        y (m, n), and for the backward pass the mean and rstd = 1 / √(variance + eps) of each row, both (m,).
        Each element of x is loaded once.
    """
    raise NotImplementedError


def layer_norm_backward(
    dy: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, mean: torch.Tensor, rstd: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the gradients of layer_norm with respect to x, weight and bias, given dy, the gradient of y.

    Arguments:
        dy, x: shape (m, n), n at most 1024. Rows may be further apart than n, and not equally far in both.
        weight: shape (n,); mean, rstd: shape (m,), as layer_norm returned them.

    Returns:
        dx (m, n), dweight (n,), dbias (n,). Each element of dy and x is loaded at most twice. Programs that add to the
        same gradient need tl.atomic_add, or rows of their own for partial sums.
    """
    raise NotImplementedError


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, is_causal: bool = False) -> torch.Tensor:
    """Return softmax(q kᵀ / √d) v for every head, as torch.nn.functional.scaled_dot_product_attention does.

    Arguments:
        q: shape (batch, heads, n, d); k, v: shape (batch, heads, m, d); float32. d is 16, 32 or 64. The first three
            strides may be anything; the last one is 1.
        is_causal: a query sees only the keys at its own and earlier positions; then m = n. (An extra.)

    Returns:
        A new tensor (batch, heads, n, d). Each element of q is loaded once, each element of k and v at most n/8 times
        (see README). No tensor holds the scores: apart from the result, at most 4·n numbers per head are stored.
        Scores may be ±1000.
    """
    raise NotImplementedError


if __name__ == "__main__":
    meter.show(
        {
            "add": add,
            "softmax": softmax,
            "matmul": matmul,
            "layer_norm": layer_norm,
            "layer_norm_backward": layer_norm_backward,
            "attention": attention,
        }
    )
