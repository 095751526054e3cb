# As the text says, sentence by sentence: plain exponentials, and a list of keys and values that grows in place.
# independent
import numpy as np


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    z, T = logits, temperature
    if T == 0:
        p = np.array([1.0 if i == np.argmax(z) else 0.0 for i in range(len(z))])
    else:
        p = np.exp(z / T) / np.sum(np.exp(z / T))
    if top_k is not None:
        order = np.argsort(-logits)
        p[order[top_k:]] = 0
        p = p / p.sum()
    if top_p is not None:
        order = np.argsort(-p)
        sums = np.cumsum(p[order])
        count = (sums < top_p).sum() + 1
        p[order[count:]] = 0
        p = p / p.sum()
    return p


def sample(probabilities, rng):
    return int(rng.choice(len(probabilities), p=probabilities))


def attend_with_cache(q, k, v, cache=None):
    if cache is None:
        cache = []
    heads, new, d = q.shape
    y = np.zeros((heads, new, d))
    for i in range(new):
        cache.append((np.array(k[:, i]), np.array(v[:, i])))
        t = len(cache) - 1
        for h in range(heads):
            s_t = [q[h, i] @ cache[j][0][h] / np.sqrt(d) for j in range(t + 1)]
            w_t = [np.exp(s_tj) / sum(np.exp(s_tl) for s_tl in s_t) for s_tj in s_t]
            y[h, i] = sum(w_t[j] * cache[j][1][h] for j in range(t + 1))
    return y, cache


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    text = list(ids)
    new = list(ids)
    cache = None
    for _ in range(n_new):
        logits, cache = step(new, cache)
        probabilities = next_probabilities(logits[-1], temperature, top_k, top_p)
        new = [sample(probabilities, rng)]
        text += new
    return text
