# lists of lists inside, and math.prod of roots
# independent
import math
import numpy as np


def embed(table, ids):
    rows = table.tolist()

    def look_up(tree):
        return [look_up(branch) for branch in tree] if isinstance(tree, list) else rows[tree]

    return np.array(look_up(ids.tolist()))


def embed_gradient(dy, ids, n_words):
    rows = [[0.0] * dy.shape[-1] for _ in range(n_words)]

    def visit(tree, gradients):
        if isinstance(tree, list):
            for branch, gradient in zip(tree, gradients):
                visit(branch, gradient)
        else:
            rows[tree] = [a + b for a, b in zip(rows[tree], gradients)]

    visit(ids.tolist(), dy.tolist())
    return np.array(rows)


def sentences(ids):
    text = ids.tolist()
    return text if text and isinstance(text[0], list) else [text]


def bigram_counts(ids, n_words):
    counts = [[0] * n_words for _ in range(n_words)]
    for sentence in sentences(ids):
        for before, after in zip(sentence, sentence[1:]):
            counts[before][after] += 1
    return np.array(counts)


def bigram_probabilities(counts, smoothing=1.0):
    result = []
    for row in counts.tolist():
        total = sum(row) + smoothing * len(row)
        result.append([(count + smoothing) / total for count in row])
    return np.array(result)


def perplexity(probabilities, ids):
    p = probabilities.tolist()
    logs = [math.log(p[a][b]) for sentence in sentences(ids) for a, b in zip(sentence, sentence[1:])]
    return math.prod([math.e ** (-log / len(logs)) for log in logs])
