# Ranks and einsum: sums of all larger probabilities, and keys and values stacked in one array.
# independent
import numpy as np


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    n = len(logits)
    if temperature == 0:
        p = np.eye(n)[logits.argmax()]
    else:
        p = np.exp((logits - logits.max()) / temperature)
        p = p / p.sum()
    rank = np.empty(n, dtype=int)
    rank[np.argsort(-p)] = np.arange(n)
    if top_k is not None:
        p = np.einsum("i,i->i", p, rank < top_k)
        p = p / p.sum()
    if top_p is not None:
        before = np.einsum("j,ij->i", p, rank[None, :] < rank[:, None])
        p = np.einsum("i,i->i", p, before < top_p)
        p = p / p.sum()
    return p


def sample(probabilities, rng):
    return rng.choice(len(probabilities), p=probabilities)


def attend_with_cache(q, k, v, cache=None):
    kv = np.stack([k, v])
    if cache is not None:
        kv = np.concatenate([cache, kv], axis=-2)
    k, v = kv
    new, total = q.shape[1], k.shape[1]
    s = np.einsum("hid,hjd->hij", q, k) / np.sqrt(q.shape[-1])
    i, j = np.ogrid[total - new : total, :total]
    w = np.exp(s) * (j <= i)
    return np.einsum("hij,hjd,hi->hid", w, v, 1 / np.einsum("hij->hi", w)), kv


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    text = list(ids)
    logits, cache = step(text, None)
    for n in range(n_new):
        p = next_probabilities(logits[-1], temperature=temperature, top_k=top_k, top_p=top_p)
        text = text + [sample(p, rng)]
        logits, cache = step(text[-1:], cache)
    return text
