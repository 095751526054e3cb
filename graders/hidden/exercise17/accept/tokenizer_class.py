# A class that knows its merges and its vocabulary; the pair is found by scanning for the lowest rank.
# core only
class Tokenizer:
    def __init__(self, merges=()):
        self.vocab = [bytes([i]) for i in range(256)]
        self.ranks = {}
        for pair in merges:
            self.add(pair)

    def add(self, pair):
        self.ranks[tuple(pair)] = len(self.vocab)
        self.vocab.append(self.vocab[pair[0]] + self.vocab[pair[1]])

    def encode(self, text):
        ids = [i for i in text.encode("utf-8")]
        while True:
            candidates = [
                (self.ranks[ids[i], ids[i + 1]], i) for i in range(len(ids) - 1) if (ids[i], ids[i + 1]) in self.ranks
            ]
            if not candidates:
                return ids
            new, i = min(candidates)  # one place at a time: the leftmost of the lowest rank
            ids = ids[:i] + [new] + ids[i + 2 :]

    def decode(self, ids):
        return b"".join([self.vocab[i] for i in ids]).decode("utf-8", errors="replace")

    def train(self, text, n):
        while len(self.ranks) < n:
            ids = self.encode(text)
            places = {}
            for i, pair in enumerate(zip(ids, ids[1:])):
                places.setdefault(pair, []).append(i)
            often = [(-len(at), pair) for pair, at in places.items() if len(at) > 1]
            if not often:
                break
            self.add(min(often)[1])
        return list(self.ranks)


def train(text, n_merges):
    return Tokenizer().train(text, n_merges)


def encode(text, merges):
    return Tokenizer(merges).encode(text)


def decode(ids, merges):
    return Tokenizer(merges).decode(ids)
