# A layer and a model as classes, as in PyTorch.
# core only
import numpy as np


class Embedding:
    def __init__(self, weight):
        self.weight = weight

    def forward(self, ids):
        self.ids = ids
        return self.weight[ids]

    def backward(self, dy):
        grad = np.zeros(self.weight.shape)
        for i in range(len(grad)):
            grad[i] = dy[self.ids == i].sum(axis=0)
        return grad


class Bigrams:
    def __init__(self, n_words):
        self.counts = np.zeros((n_words, n_words), dtype=np.int64)

    def read(self, sentence):
        for first, second in zip(sentence[:-1], sentence[1:]):
            self.counts[first][second] += 1
        return self

    def probabilities(self, smoothing):
        table = self.counts + np.full(self.counts.shape, float(smoothing))
        table /= np.sum(table, axis=1).reshape(-1, 1)
        return table


def embed(table, ids):
    return Embedding(table).forward(ids)


def embed_gradient(dy, ids, n_words):
    layer = Embedding(np.zeros((n_words, dy.shape[-1])))
    layer.forward(ids)
    return layer.backward(dy)


def bigram_counts(ids, n_words):
    model = Bigrams(n_words)
    for sentence in np.atleast_2d(ids):
        model.read(sentence)
    return model.counts


def bigram_probabilities(counts, smoothing=1.0):
    model = Bigrams(len(counts))
    model.counts = counts
    return model.probabilities(smoothing)


def perplexity(probabilities, ids):
    ids = np.atleast_2d(ids)
    losses = [-np.log(probabilities[row[:-1], row[1:]]) for row in ids]
    return np.exp(np.concatenate(losses).mean())
