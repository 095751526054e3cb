# Everything in einsum
# independent
"""Byte-pair encoding with NumPy arrays of ids."""

import numpy as np


def _ids(text):
    return np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int64)


def _replace(ids, pair, new):
    if len(ids) < 2:
        return ids
    places = np.flatnonzero((ids[:-1] == pair[0]) & (ids[1:] == pair[1]))
    if pair[0] == pair[1]:  # in a run of neighbouring places, take every second one, from the left
        taken, last = [], -2
        for place in places:
            if place - last >= 2:
                taken.append(place)
                last = place
        places = np.array(taken, dtype=np.int64)
    ids = ids.copy()
    ids[places] = new
    return np.delete(ids, places + 1)


def train(text, n_merges):
    ids, merges = _ids(text), []
    while len(merges) < n_merges and len(ids) > 1:
        # unique sorts the rows, and argmax returns the first of several equal ones: the smallest pair
        pairs, counts = np.unique(np.stack([ids[:-1], ids[1:]], axis=1), axis=0, return_counts=True)
        best = counts.argmax()
        if counts[best] < 2:
            break
        ids = _replace(ids, pairs[best], 256 + len(merges))
        merges.append(tuple(pairs[best]))
    return merges


def encode(text, merges):
    ids = _ids(text)
    for i, pair in enumerate(merges):
        ids = _replace(ids, pair, 256 + i)
    return list(ids)


def decode(ids, merges):
    table = [np.array([byte], dtype=np.uint8) for byte in range(256)]
    for left, right in merges:
        table.append(np.concatenate([table[left], table[right]]))
    return np.concatenate([np.zeros(0, np.uint8), *(table[i] for i in ids)]).tobytes().decode(errors="replace")
