# NumPy: pairs as single numbers, counted by np.unique; the places of a run are picked one by one.
import numpy as np


def replaced(ids, left, right, new):
    places = np.flatnonzero((ids[:-1] == left) & (ids[1:] == right))
    kept, last = [], -2
    for place in places:
        if place > last + 1:
            kept.append(place)
            last = place
    ids = ids.copy()
    ids[kept] = new
    return np.delete(ids, np.array(kept, dtype=int) + 1)


def start(text):
    return np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int64)


def train(text, n_merges):
    ids, merges = start(text), []
    while len(merges) < n_merges and len(ids) > 2:
        pairs, counts = np.unique(ids[:-1] * 100_000 + ids[1:], return_counts=True)
        if counts.max() == 1:
            break
        left, right = divmod(pairs[counts.argmax()], 100_000)  # sorted, so the first maximum is the smallest pair
        ids = replaced(ids, left, right, 256 + len(merges))
        merges.append((left, right))
    return merges


def encode(text, merges):
    ids = start(text)
    for new, (left, right) in enumerate(merges, 256):
        ids = replaced(ids, left, right, new)
    return ids


def decode(ids, merges):
    ids = np.asarray(ids, dtype=int)
    if np.any(ids < 0) or np.any(ids >= 256 + len(merges)):
        raise ValueError("no such id")
    parts = [b""] * (256 + len(merges))
    for i in range(len(parts)):
        parts[i] = bytes([i]) if i < 256 else parts[merges[i - 256][0]] + parts[merges[i - 256][1]]
    return b"".join([parts[i] for i in ids]).decode("utf-8", "replace")
