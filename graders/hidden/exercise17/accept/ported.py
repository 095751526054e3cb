# Ported from PyTorch's arrangement
# independent
"""Basic BPE tokenizer, in the style of the small tokenizers one finds in LLM tutorials."""


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


class BasicTokenizer:
    def __init__(self, merges=()):
        self.ranks = {}
        self.vocab = {idx: bytes([idx]) for idx in range(256)}
        for idx, (p0, p1) in enumerate(merges, start=256):
            self.add((p0, p1), idx)

    def add(self, pair, idx):
        self.ranks[pair] = idx
        self.vocab[idx] = self.vocab[pair[0]] + self.vocab[pair[1]]

    def train(self, text, num_merges):
        ids = list(text.encode("utf-8"))
        for i in range(num_merges):
            stats = get_stats(ids)
            if not stats:
                break
            pair = sorted(stats.items(), key=lambda item: (-item[1], item[0]))[0][0]
            if stats[pair] == 1:
                break
            ids = merge(ids, pair, 256 + i)
            self.add(pair, 256 + i)

    def encode(self, text):
        ids = list(text.encode("utf-8"))
        while len(ids) >= 2:
            # the pair that was learned first
            pair = min(get_stats(ids), key=lambda p: self.ranks.get(p, float("inf")))
            if pair not in self.ranks:
                break
            ids = merge(ids, pair, self.ranks[pair])
        return ids

    def decode(self, ids):
        return b"".join(self.vocab[idx] for idx in ids).decode("utf-8", errors="replace")


def train(text, n_merges):
    tokenizer = BasicTokenizer()
    tokenizer.train(text, n_merges)
    return list(tokenizer.ranks)


def encode(text, merges):
    return BasicTokenizer(merges).encode(text)


def decode(ids, merges):
    return BasicTokenizer(merges).decode(ids)
