"""Exercise 14: attention with several heads."""

import math

import numpy as np


def split_heads(x: np.ndarray, n_heads: int) -> np.ndarray:
    """Cut the features of x (…, tokens, features) into n_heads equal parts: (…, heads, tokens, features / heads)."""
    *leading, tokens, features = x.shape
    return x.reshape(*leading, tokens, n_heads, features // n_heads).swapaxes(-3, -2)


def merge_heads(x: np.ndarray) -> np.ndarray:
    """Undo split_heads: (…, heads, tokens, head_features) becomes (…, tokens, heads · head_features)."""
    *leading, heads, tokens, head_features = x.shape
    return x.swapaxes(-3, -2).reshape(*leading, tokens, heads * head_features)


def attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return y = weights v and the weights, softmax(q kᵀ / √head_features), for q, k and v (…, tokens, features).

    With causal, the scores of later tokens are minus infinity, so their weights are 0.
    """
    scores = q @ k.swapaxes(-2, -1) / math.sqrt(q.shape[-1])  # NumPy's root of an int would turn float32 into float64
    if causal:
        later = np.triu(np.ones(scores.shape[-2:], dtype=bool), 1)
        scores = np.where(later, -np.inf, scores)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = e / e.sum(axis=-1, keepdims=True)
    return weights @ v, weights


def attention_gradient(
    dy: np.ndarray,
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    weights: np.ndarray,
    causal: bool = True,  # noqa: ARG001 (the weights show it)
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dq, dk and dv. The mask needs no line of its own: where a weight is 0, so is the gradient of its score."""
    dweights = dy @ v.swapaxes(-2, -1)
    dscores = weights * (dweights - (weights * dweights).sum(axis=-1, keepdims=True))
    dscores = dscores / math.sqrt(q.shape[-1])
    return dscores @ k, dscores.swapaxes(-2, -1) @ q, weights.swapaxes(-2, -1) @ dy
