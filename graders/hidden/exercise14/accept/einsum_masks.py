# Every product and every sum is an einsum, and the mask is multiplied with the exponentials.
# independent
import numpy as np

es = np.einsum


def split_heads(x, n_heads):
    *lead, t, f = x.shape
    return es("...thd->...htd", x.reshape(*lead, t, n_heads, f // n_heads))


def merge_heads(x):
    *lead, h, t, d = x.shape
    return es("...htd->...thd", x).reshape(*lead, t, h * d)


def attention(q, k, v, causal=True):
    e = np.exp(es("...id,...jd->...ij", q, k) / np.sqrt(q.shape[-1]))
    if causal:
        i, j = np.indices(e.shape[-2:])
        e = es("...ij,ij->...ij", e, (j <= i).astype(float))
    w = e / es("...ij->...i", e)[..., None]
    return es("...ij,...jd->...id", w, v), w


def attention_gradient(dy, q, k, v, weights, causal=True):
    r = 1 / np.sqrt(q.shape[-1])
    dw = es("...id,...jd->...ij", dy, v)
    ds = weights * dw - weights * es("...ij,...ij->...i", weights, dw)[..., None]
    return (
        r * es("...ij,...jd->...id", ds, k),
        r * es("...ij,...id->...jd", ds, q),
        es("...ij,...id->...jd", weights, dy),
    )
