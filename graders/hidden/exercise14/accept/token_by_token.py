# A causal query sees a slice of the keys, one token after the other, as when a text is written; the rest stays 0.
# core only
import numpy as np


def split_heads(x, n_heads):
    return np.rollaxis(x.reshape(*x.shape[:-1], n_heads, -1), x.ndim - 1, x.ndim - 2)


def merge_heads(x):
    y = np.swapaxes(x, -2, -3)
    return y.reshape(*y.shape[:-2], -1)


def seen(i, n, causal):
    return slice(0, i + 1 if causal else n)


def attention(q, k, v, causal=True):
    n = k.shape[-2]
    weights = np.zeros(q.shape[:-1] + (n,))
    for i in range(q.shape[-2]):
        part = seen(i, n, causal)
        s = (k[..., part, :] @ q[..., i, :, None])[..., 0] / np.sqrt(q.shape[-1])
        e = np.exp(s - s.max(-1, keepdims=True))
        weights[..., i, part] = e / e.sum(-1, keepdims=True)
    return weights @ v, weights


def attention_gradient(dy, q, k, v, weights, causal=True):
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for i in range(q.shape[-2]):
        part = seen(i, k.shape[-2], causal)
        p, g = weights[..., i, part], dy[..., i, None, :]
        dp = (v[..., part, :] * g).sum(-1)
        ds = p * (dp - (p * dp).sum(-1, keepdims=True)) / np.sqrt(q.shape[-1])
        dq[..., i, :] = (ds[..., None] * k[..., part, :]).sum(-2)
        dk[..., part, :] += ds[..., None] * q[..., i, None, :]
        dv[..., part, :] += p[..., None] * g
    return dq, dk, dv
