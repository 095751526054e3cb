"""Exercise 15: a transformer block, forwards and backwards."""

from typing import Any

import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads  # yours, from exercise 14


def layer_norm_gradient(
    dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of a loss L with respect to x, gamma and beta of layer normalisation, given dy = dL/dy.

    The layer is the one from exercise 9: y = gamma (x - mean) / sqrt(variance + eps) + beta, for every row of x.

    Arguments:
        dy: the gradient of the loss with respect to y, the shape of x.
        x: the layer's input, shape (features,), (tokens, features) or (n, tokens, features).
        gamma: the scales, shape (features,).
        eps: added to the variance, inside the root.

    Returns:
        (dx, dgamma, dbeta), in this order:
        dx has the shape of x.
        dgamma and dbeta have the shape (features,). They are sums over all rows.

    For extra points: float32 gives float32; a call changes none of its arguments.

    These are the gradients that PyTorch's autograd computes for torch.nn.functional.layer_norm.
    Source of the layer: Ba, Kiros and Hinton, Layer Normalization, 2016, https://arxiv.org/abs/1607.06450
    """
    raise NotImplementedError


def gelu(x: np.ndarray) -> np.ndarray:
    """Return x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), element by element.

    Arguments:
        x: an array of any shape.

    Returns:
        An array of the same shape.

    torch.nn.functional.gelu(x, approximate="tanh") computes the same array.
    Source: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016, https://arxiv.org/abs/1606.08415, section 2
    """
    raise NotImplementedError


def gelu_gradient(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the gradient of a loss L with respect to x, given dy = dL/dy for y = gelu(x).

    Arguments:
        dy: the gradient of the loss with respect to y, the shape of x.
        x: gelu's input, an array of any shape.

    Returns:
        An array of the same shape.
    """
    raise NotImplementedError


def block(x: np.ndarray, params: dict[str, np.ndarray], n_heads: int) -> tuple[np.ndarray, Any]:
    """Run one transformer block: x + causal attention of its layer norm, then + an MLP of the sum's layer norm.

    Arguments:
        x: one sequence, (tokens, features), or several, (n, tokens, features).
        params: arrays by name. Weights have the shape (out, in), as in torch.nn.Linear.
            ln1_gamma, ln1_beta (features,): the layer norm before the attention
            qkv_weight (3 · features, features), qkv_bias (3 · features,): queries, keys and values, in this order
            proj_weight (features, features), proj_bias (features,): applied to the merged heads
            ln2_gamma, ln2_beta (features,): the layer norm before the MLP
            mlp_in_weight (hidden, features), mlp_in_bias (hidden,): the first layer of the MLP; gelu follows
            mlp_out_weight (features, hidden), mlp_out_bias (features,): the second layer of the MLP
        n_heads: the number of heads, which divides the number of features.

    Returns:
        (y, cache), in this order:
        y has the shape of x.
        cache is whatever your block_gradient needs. The caller passes it on once or never. Every call returns a cache
        of its own, because the caller may run several blocks before it goes back through them.

    Both layer norms use eps = 1e-5. For extra points: float32 gives float32; a call changes none of its arguments.

    torch.nn.TransformerEncoderLayer with norm_first=True, a causal mask and this gelu computes the same y.
    Source: Radford and others, Language Models are Unsupervised Multitask Learners, 2019 (GPT-2)
    """
    raise NotImplementedError


def block_gradient(
    dy: np.ndarray, cache: Any, params: dict[str, np.ndarray], n_heads: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the gradients of a loss L with respect to block's x and all its parameters, given dy = dL/dy.

    Arguments:
        dy: the gradient of the loss with respect to y, the shape of x.
        cache: what block returned.
        params, n_heads: the arguments of that call of block.

    Returns:
        (dx, gradients), in this order:
        dx has the shape of x.
        gradients is a dict with the names of params. Each gradient has the shape of its parameter, and is a sum over
        all tokens of all sequences.

    For extra points: float32 gives float32; a call changes none of its arguments.

    These are the gradients that PyTorch's autograd computes for the same block.
    """
    raise NotImplementedError
