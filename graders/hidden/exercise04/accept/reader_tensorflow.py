# One-hot labels from a comparison, multiplied by the shifted logits.
# independent
import numpy as np


def softmax(logits):
    logits = logits * 1.0
    exp = np.exp(logits - logits.max(-1, keepdims=True))
    return exp / exp.sum(-1, keepdims=True)


def cross_entropy(logits, target):
    logits = logits * 1.0
    num_classes = logits.shape[-1]
    labels = np.arange(num_classes) == np.expand_dims(target, -1)
    shifted = logits - logits.max(-1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(-1))
    loss = log_sum - (labels * shifted).sum(-1)
    return loss.mean()
