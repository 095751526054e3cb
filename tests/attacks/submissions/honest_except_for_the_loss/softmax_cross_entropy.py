"""No attack: raise an exception in cross_entropy, to find out which tests call it."""

from parts.loss import softmax


def cross_entropy(logits, target):
    raise ValueError("no loss here")
