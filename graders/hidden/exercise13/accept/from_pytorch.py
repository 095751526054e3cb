# ported from PyTorch: sorted segments and log_softmax, a 0-d array as the result
# independent
import numpy as np


def embed(table, ids):
    return table.take(ids.reshape(-1), axis=0).reshape(*ids.shape, table.shape[1])


def embed_gradient(dy, ids, n_words):
    indices = ids.reshape(-1)
    grad = dy.reshape(-1, dy.shape[-1])
    grad_weight = np.zeros((n_words, grad.shape[1]), dtype=grad.dtype)
    if indices.size == 0:
        return grad_weight
    order = np.argsort(indices, kind="stable")
    segments, starts = np.unique(indices[order], return_index=True)
    grad_weight[segments] = np.add.reduceat(grad[order], starts, axis=0)
    return grad_weight


def bigram_counts(ids, n_words):
    counts = np.zeros((n_words, n_words))
    before, after = ids[..., :-1].reshape(-1), ids[..., 1:].reshape(-1)
    np.add.at(counts, (before, after), 1.0)
    return counts


def _log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def bigram_probabilities(counts, smoothing=1.0):
    with np.errstate(divide="ignore"):
        logits = np.log(counts + smoothing)
    return np.exp(_log_softmax(logits))


def perplexity(probabilities, ids):
    inputs, targets = ids[..., :-1].reshape(-1), ids[..., 1:].reshape(-1)
    log_probs = np.log(
        probabilities[inputs] + 0.0,
        where=probabilities[inputs] > 0,
        out=np.full((inputs.size, len(probabilities)), -np.inf),
    )
    nll = -np.take_along_axis(log_probs, targets[:, None], axis=1)[:, 0]
    return np.asarray(np.exp(nll.mean()))
