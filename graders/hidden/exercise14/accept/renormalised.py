# The plain softmax of all scores first; later tokens are then set to 0, and each row is divided by its new sum.
# core only
import numpy as np


def split_heads(x, n_heads):
    return (
        np.swapaxes(np.array(np.split(x, n_heads, axis=-1)), 0, 0)
        if x.ndim == 2
        else np.stack(np.split(x, n_heads, axis=-1), axis=x.ndim - 2)
    )


def merge_heads(x):
    return np.concatenate(list(np.moveaxis(x, -3, 0)), axis=-1)


def attention(q, k, v, causal=True):
    weights = np.exp(q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]))
    weights = weights / weights.sum(-1, keepdims=True)
    if causal:
        weights = np.tril(weights)
        weights = weights / weights.sum(-1, keepdims=True)
    return [weights @ v, weights]


def attention_gradient(dy, q, k, v, weights, causal=True):
    y, weights = attention(q, k, v, causal)
    g = weights * (dy @ np.swapaxes(v, -1, -2) - (dy * y).sum(-1, keepdims=True))
    dq = g @ k / np.sqrt(q.shape[-1])
    dk = np.swapaxes(g, -1, -2) @ q / np.sqrt(q.shape[-1])
    return [dq, dk, np.swapaxes(weights, -1, -2) @ dy]
