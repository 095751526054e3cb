"""Exercise 14: attention with several heads."""

import numpy as np


def split_heads(x: np.ndarray, n_heads: int) -> np.ndarray:
    """Cut the features of every token into n_heads equal parts, one for each head.

    Arguments:
        x: shape (…, tokens, features). The dots stand for any number of leading axes, or none.
        n_heads: the number of heads, which divides the number of features.

    Returns:
        An array of shape (…, heads, tokens, features / heads). Head 0 has the first features / heads features of every
        token, head 1 has the next ones, and so on.

    torch.nn.MultiheadAttention splits its queries, keys and values in the same way.
    """
    raise NotImplementedError


def merge_heads(x: np.ndarray) -> np.ndarray:
    """Put the heads' features side by side again: merge_heads(split_heads(x, n_heads)) equals x.

    Arguments:
        x: shape (…, heads, tokens, head_features).

    Returns:
        An array of shape (…, tokens, heads · head_features).
    """
    raise NotImplementedError


def attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return weighted means of the rows of v, with the weights softmax(q kᵀ / √head_features).

    Arguments:
        q: queries, shape (…, queries, head_features). The dots stand for any number of leading axes, or none.
        k: keys, shape (…, keys, head_features), with the leading axes of q.
        v: values, with the shape of k.
        causal: if True, a query only looks at its own token and at earlier ones; there are as many queries as keys. If
            False, every query looks at every key, and the numbers of queries and keys may differ.

    Returns:
        (y, weights), in this order:
        y has the shape of q. Row i of it is the mean of the rows of v with row i of the weights.
        weights, shape (…, queries, keys): all are 0 or more, and every row sums to 1. With causal, weights[…, i, j] is
        0 wherever j > i.

    For extra points: scores up to ±10 000 work; float32 gives float32, and int64 gives float64; arrays with any memory
    layout work; a call changes neither its arguments nor an earlier result.

    torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal) computes the same y.
    Source: Vaswani and others, Attention Is All You Need, 2017, https://arxiv.org/abs/1706.03762, section 3.2.1
    """
    raise NotImplementedError


def attention_gradient(
    dy: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray, weights: np.ndarray, causal: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of a loss L with respect to q, k and v, given dy = dL/dy.

    Arguments:
        dy: the gradient of the loss with respect to y, the shape of q.
        q, k, v, causal: the arguments of attention.
        weights: the weights that attention returned for these arguments, shape (…, queries, keys).

    Returns:
        (dq, dk, dv), in this order, with the shapes of q, k and v.

    For extra points: float32 gives float32, and int64 gives float64; arrays with any memory layout work; a call changes
    neither its arguments nor an earlier result.

    These are the gradients that PyTorch's autograd computes for scaled_dot_product_attention.
    """
    raise NotImplementedError
