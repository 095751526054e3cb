# No matrix products: all pairs of queries and keys by broadcasting and sums, with log-sum-exp for the softmax.
import numpy as np


def split_heads(x, n_heads):
    size = x.shape[-1] // n_heads
    columns = np.arange(n_heads)[:, None, None] * size + np.arange(size)
    return x[..., np.arange(x.shape[-2])[:, None], columns]


def merge_heads(x):
    out = np.empty(x.shape[:-3] + (x.shape[-2], x.shape[-3] * x.shape[-1]), x.dtype)
    for h in range(x.shape[-3]):
        out[..., h * x.shape[-1] : (h + 1) * x.shape[-1]] = x[..., h, :, :]
    return out


def attention(q, k, v, causal=True):
    scores = (q[..., :, None, :] * k[..., None, :, :]).sum(-1) / q.shape[-1] ** 0.5
    if causal:
        place = np.arange(q.shape[-2])
        scores = scores + np.where(place[None, :] > place[:, None], -np.inf, 0).astype(scores.dtype)
    log_sum = np.logaddexp.reduce(scores, axis=-1, keepdims=True)
    weights = np.exp(scores - log_sum)
    return (weights[..., None] * v[..., None, :, :]).sum(-2), weights


def attention_gradient(dy, q, k, v, weights, causal=True):
    dw = (dy[..., :, None, :] * v[..., None, :, :]).sum(-1)
    y = (weights[..., None] * v[..., None, :, :]).sum(-2)
    ds = weights * (dw - (dy * y).sum(-1)[..., None]) * q.shape[-1] ** -0.5
    dq = (ds[..., None] * k[..., None, :, :]).sum(-2)
    dk = (ds[..., None] * q[..., :, None, :]).sum(-3)
    dv = (weights[..., None] * dy[..., :, None, :]).sum(-3)
    return dq, dk, dv
