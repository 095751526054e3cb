# Every product is an einsum with named axes, and the scale is in the queries.
import numpy as np


def split_heads(x, n_heads):
    parts = x.reshape(x.shape[:-1] + (n_heads, -1))
    return np.einsum("...thf->...htf", parts)


def merge_heads(x):
    return np.einsum("...htf->...thf", x).reshape(x.shape[:-3] + (x.shape[-2], -1))


def attention(q, k, v, causal=True):
    scores = np.einsum("...if,...jf->...ij", q * q.shape[-1] ** -0.5, k)
    if causal:
        i, j = np.indices(scores.shape[-2:])
        scores[..., j > i] = -np.inf
    scores -= scores.max(-1, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(-1, keepdims=True)
    return np.einsum("...ij,...jf->...if", weights, v), weights


def attention_gradient(dy, q, k, v, weights, causal=True):
    scale = q.shape[-1] ** -0.5
    g = np.einsum("...if,...jf->...ij", dy, v)
    g = weights * g - weights * np.einsum("...ij,...ij->...i", weights, g)[..., None]
    dq = scale * np.einsum("...ij,...jf->...if", g, k)
    dk = scale * np.einsum("...ij,...if->...jf", g, q)
    return dq, dk, np.einsum("...ij,...if->...jf", weights, dy)
