# Recursive functions that return tuples, and lists as pairs.
# core only
def merge(ids, pair, new):
    if len(ids) < 2:
        return ids
    if ids[:2] == pair:
        return (new,) + merge(ids[2:], pair, new)
    return ids[:1] + merge(ids[1:], pair, new)


def learn(ids, new, n):
    pairs = list(zip(ids, ids[1:]))
    if n == 0 or len(set(pairs)) == len(pairs):
        return []
    best = max(sorted(set(pairs)), key=pairs.count)
    return [list(best)] + learn(merge(ids, best, new), new + 1, n - 1)


def train(text, n_merges):
    return learn(tuple(text.encode()), 256, n_merges)


def encode(text, merges, new=256):
    ids = tuple(text.encode())
    for pair in merges:
        ids = merge(ids, tuple(pair), new)
        new += 1
    return ids


def decode(ids, merges):
    def expand(i):
        return bytes((i,)) if i < 256 else b"".join(map(expand, merges[i - 256]))

    return str(b"".join(map(expand, ids)), "utf-8", "replace")
