# The pair with the lowest rank is merged until none is left, as in GPT-2's encoder.
# core only
def get_stats(ids):
    counts = {}
    for pair in zip(ids, ids[1:]):
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def merge(ids, pair, idx):
    newids = []
    i = 0
    while i < len(ids):
        if i < len(ids) - 1 and ids[i] == pair[0] and ids[i + 1] == pair[1]:
            newids.append(idx)
            i += 2
        else:
            newids.append(ids[i])
            i += 1
    return newids


def train(text, n_merges):
    ids = list(text.encode("utf-8"))
    merges = {}
    for i in range(n_merges):
        stats = get_stats(ids)
        if not stats:
            break
        pair = sorted(stats, key=lambda p: (-stats[p], p[0], p[1]))[0]
        if stats[pair] < 2:
            break
        ids = merge(ids, pair, 256 + i)
        merges[pair] = 256 + i
    return list(merges)


def encode(text, merges):
    ranks = {pair: i for i, pair in enumerate(merges)}
    ids = list(text.encode("utf-8"))
    while len(ids) >= 2:
        stats = get_stats(ids)
        pair = min(stats, key=lambda p: ranks.get(p, float("inf")))
        if pair not in ranks:
            break
        ids = merge(ids, pair, 256 + ranks[pair])
    return ids


def decode(ids, merges):
    vocab = {i: bytes([i]) for i in range(256)}
    for i, (p0, p1) in enumerate(merges):
        vocab[256 + i] = vocab[p0] + vocab[p1]
    return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
