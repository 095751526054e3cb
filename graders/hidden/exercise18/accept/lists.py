# Sorted pairs and nested lists, and Python's own generator with a seed from rng.
# independent
import math
import random

import numpy as np


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    z = [float(x) for x in logits]
    n = len(z)
    order = sorted(range(n), key=lambda i: z[i], reverse=True)
    if temperature == 0:
        pairs = [[order[0], 1.0]]
    else:
        pairs = [[i, math.exp((z[i] - z[order[0]]) / temperature)] for i in order]
    total = sum(e for _, e in pairs)
    pairs = [[i, e / total] for i, e in pairs]
    if top_k is not None:
        pairs = pairs[:top_k]
        total = sum(p for _, p in pairs)
        pairs = [[i, p / total] for i, p in pairs]
    if top_p is not None:
        for count in range(1, len(pairs) + 1):
            if sum(p for _, p in pairs[:count]) >= top_p:
                break
        pairs = pairs[:count]
    total = sum(p for _, p in pairs)
    result = [0.0] * n
    for i, p in pairs:
        result[i] = p / total
    return np.array(result)


def sample(probabilities, rng):
    own = random.Random(int(rng.integers(2**63)))
    return own.choices(range(len(probabilities)), weights=list(probabilities))[0]


def attend_with_cache(q, k, v, cache=None):
    q, k, v = q.tolist(), k.tolist(), v.tolist()
    old_keys, old_values = cache if cache is not None else [[[] for _ in k], [[] for _ in v]]
    keys = [old + new for old, new in zip(old_keys, k)]
    values = [old + new for old, new in zip(old_values, v)]
    y = []
    for head_q, head_k, head_v in zip(q, keys, values):
        past = len(head_k) - len(head_q)
        rows = []
        for i, row in enumerate(head_q):
            seen = past + i + 1
            scores = [sum(a * b for a, b in zip(row, key)) / math.sqrt(len(row)) for key in head_k[:seen]]
            e = [math.exp(s - max(scores)) for s in scores]
            rows.append([sum(w * x for w, x in zip(e, column)) / sum(e) for column in zip(*head_v[:seen])])
        y.append(rows)
    return np.array(y), [keys, values]


def write(step, ids, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    text = [int(i) for i in ids]
    cache = None
    for i in text[:-1]:
        _, cache = step([i], cache)
    for _ in range(n_new):
        logits, cache = step([text[-1]], cache)
        text.append(sample(next_probabilities(logits[-1], temperature, top_k, top_p), rng))
    return text
